/* SPDX-License-Identifier: MIT */
/* rill/producer.h - put messages into a queue. A queue has one producer at a time. */
#ifndef RILL_PRODUCER_H
#define RILL_PRODUCER_H

#include "rill/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_producer rill_producer;

/* How a call waits: for a message, or for room. */
enum {
  RILL_ADAPTIVE = 0, /* spin for as long as recent waits were short (for room: 70 us),
                        then park                                              */
  RILL_SPIN = 1,     /* poll until the deadline: lowest latency, uses a whole core */
  RILL_PARK = 2      /* sleep in the kernel immediately; after a stream of messages,
                        within 6 us                                            */
};

struct rill_producer_attr {
  size_t size;          /* sizeof(struct rill_producer_attr)                   */
  uint32_t wait;        /* RILL_ADAPTIVE, RILL_SPIN, RILL_PARK                 */
  uint32_t stamp;       /* not 0: every message carries the time of its commit  */
  struct rill_type type; /* must agree with the queue's, unless one is zero    */
};
#define RILL_PRODUCER_ATTR_INIT RILL_SIZED(struct rill_producer_attr)

/* What a message may carry besides its bytes. */
struct rill_meta {
  size_t size;   /* sizeof(struct rill_meta)                                   */
  rill_time time; /* e.g. when it was due: latencies are measured from it (rill/stat.h);
                    0: the producer's `stamp` decides                          */
  uint32_t type; /* for the application's use                                  */
  uint32_t reserved0; /* zero                                                  */
};
#define RILL_META_INIT RILL_SIZED(struct rill_meta)

struct rill_item {
  const void *data;
  size_t size;
  const struct rill_meta *meta; /* NULL: none                                  */
};

/* Becomes the queue's producer. While another producer is alive, waits for its lease
 * until the deadline (failover), and then continues at the next sequence.
 * Ordering: everything the predecessor committed is visible. Progress: may sleep.
 * Contexts: any thread; then one thread at a time per handle; not after fork.
 * Errors: -EBUSY (another producer lives, RILL_NOW), -ETIMEDOUT, -EINVAL, -E2BIG,
 * -EPERM (queue opened with RILL_OBSERVE), -EPROTOTYPE, -EPROTO (invalid bytes in
 * the segment), -EBADMSG (its data segment was replaced by another one), -ESTALE (queue
 * removed), -ENOMEM, -EMFILE, -EACCES, -EINTR, -ECHILD. Since 0.1. */
RILL_API int rill_producer_open(rill_queue *queue, const struct rill_producer_attr *attr,
                                rill_time deadline, rill_producer **ret_producer);

/* Gives up the lease and wakes the processes that wait: consumers that have read everything
 * get -EPIPE, and a waiting producer takes over. An open reservation is aborted.
 * NULL is allowed.
 * Contexts: any thread; in a forked child it does not touch the parent's handle. Since 0.1. */
RILL_API void rill_producer_close(rill_producer *producer);

/* Publishes one message: copies size bytes into the ring and makes them visible.
 * Ordering: release: a consumer that receives it sees everything that was done before.
 * Progress: wait-free while there is room, except for one scan of the groups every
 *   capacity/32 bytes; if a reliable queue is full, waits until the deadline. If the queue has an
 *   evict_after, a call that has waited this long evicts the groups that hold it up, and
 *   continues. With an earlier deadline, or RILL_NOW, this is done by a call that tries again this
 *   long after the first try that found no room.
 * Contexts: one thread at a time per producer; not in signal handlers; not after
 *   fork (-ECHILD).
 * Errors: -EAGAIN (full, RILL_NOW), -ETIMEDOUT, -EMSGSIZE (over max_message),
 * -EBUSY (a reservation is open), -ESTALE (queue removed), -EINTR (a signal
 * handler ran while waiting), -ECHILD. After an error nothing was published. Since 0.1. */
RILL_API int rill_publish(rill_producer *producer, const void *data, size_t size,
                          rill_time deadline);

/* Publishes n messages. Messages that together fit into half the ring appear together, or,
 * if the process dies, not at all; a larger batch appears in several such parts.
 * Returns how many were published: n, or fewer if the deadline passed in between.
 * Ordering: as rill_publish. Progress: as rill_publish. Contexts: as rill_publish.
 * Errors: as rill_publish; -EINVAL or -E2BIG (a meta). Since 0.1. */
RILL_API int rill_publish_batch(rill_producer *producer, const struct rill_item *items,
                                size_t n, rill_time deadline);

/* Reserves room for up to size bytes in the ring itself, 16-byte aligned: zero copy. Fill
 * it, then commit or abort; until then the producer accepts no other message. Never let the
 * kernel or a device write into it (io_uring, O_DIRECT): such a write could arrive after the
 * process died.
 * meta: may be NULL.
 * Progress: as rill_publish. Contexts: one thread at a time per producer.
 * Errors: as rill_publish; -EINVAL or -E2BIG (meta). Since 0.1. */
RILL_API int rill_reserve(rill_producer *producer, const struct rill_meta *meta,
                          size_t size, rill_time deadline, void **ret_data);

/* Publishes the first `used` bytes of the reservation.
 * Ordering: release, as rill_publish. Progress: wait-free.
 * Contexts: one thread at a time per producer.
 * Errors: -EINVAL (no reservation, or used is larger than it), -ECHILD. Since 0.1. */
RILL_API int rill_commit(rill_producer *producer, size_t used);

/* Gives up the reservation; no consumer ever sees it.
 * Progress: wait-free. Contexts: one thread at a time per producer. Since 0.1. */
RILL_API void rill_abort(rill_producer *producer);

#ifdef __cplusplus
}
#endif
#endif
