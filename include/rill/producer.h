/* SPDX-License-Identifier: MIT */
/* rill/producer.h - put messages into a queue. One producer a queue at a time. */
#ifndef RILL_PRODUCER_H
#define RILL_PRODUCER_H

#include "rill/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_producer rill_producer;

/* How a call waits: for a message, or for room. */
enum {
  RILL_ADAPTIVE = 0, /* spin as long as recent waits were short (for room: 70 us),
                        then park                                              */
  RILL_SPIN = 1,     /* poll until the deadline: lowest latency, a whole core   */
  RILL_PARK = 2      /* sleep in the kernel at once; behind a stream, within 6 us */
};

struct rill_producer_attr {
  size_t size;          /* sizeof(struct rill_producer_attr)                   */
  uint32_t wait;        /* RILL_ADAPTIVE, RILL_SPIN, RILL_PARK                 */
  uint32_t stamp;       /* not 0: every message carries the time of its commit  */
  struct rill_type type; /* must agree with the queue's, unless one is zero    */
};
#define RILL_PRODUCER_ATTR_INIT RILL_SIZED(struct rill_producer_attr)

/* What a message may carry beside its bytes. */
struct rill_meta {
  size_t size;   /* sizeof(struct rill_meta)                                   */
  rill_time time; /* e.g. when it was due: latencies count from it (rill/stat.h);
                    0: the producer's `stamp` decides                          */
  uint32_t type; /* the application's                                          */
  uint32_t reserved0; /* zero                                                  */
};
#define RILL_META_INIT RILL_SIZED(struct rill_meta)

struct rill_item {
  const void *data;
  size_t size;
  const struct rill_meta *meta; /* NULL: none                                  */
};

/* Becomes the queue's producer. While another is alive, waits for its lease
 * until the deadline (failover): it then goes on at the next sequence.
 * Ordering: everything the predecessor committed is visible. Progress: may sleep.
 * Contexts: any thread; then one thread at a time per handle; not after fork.
 * Errors: -EBUSY (another producer lives, RILL_NOW), -ETIMEDOUT, -EINVAL, -E2BIG,
 * -EPERM (queue opened with RILL_OBSERVE), -EPROTOTYPE, -EPROTO (bad bytes in the
 * segment), -EBADMSG (its data segment was exchanged), -ESTALE (queue
 * removed), -ENOMEM, -EMFILE, -EACCES, -EINTR, -ECHILD. Since 0.1. */
RILL_API int rill_producer_open(rill_queue *queue, const struct rill_producer_attr *attr,
                                rill_time deadline, rill_producer **ret_producer);

/* Gives the lease up and wakes whoever waits: consumers that have read everything
 * get -EPIPE, a waiting producer goes on. An open reservation is aborted.
 * NULL is allowed.
 * Contexts: any thread; in a forked child it leaves the parent's alone. Since 0.1. */
RILL_API void rill_producer_close(rill_producer *producer);

/* Publishes one message: copies size bytes into the ring and makes them visible.
 * Ordering: release: who receives it sees all that was done before.
 * Progress: wait-free while there is room, but for one scan of the groups every
 *   capacity/32 bytes; a full reliable queue waits until the deadline. Where the queue has an
 *   evict_after, a call that has waited so long evicts the groups that hold it up, and goes
 *   on; with a nearer deadline, or RILL_NOW, one that tries again that long after the first try
 *   which found no room.
 * Contexts: one thread at a time per producer; not in signal handlers; not after
 *   fork (-ECHILD).
 * Errors: -EAGAIN (full, RILL_NOW), -ETIMEDOUT, -EMSGSIZE (over max_message),
 * -EBUSY (a reservation is open), -ESTALE (queue removed), -EINTR (a signal
 * handler ran while waiting), -ECHILD. Nothing was published then. Since 0.1. */
RILL_API int rill_publish(rill_producer *producer, const void *data, size_t size,
                          rill_time deadline);

/* Publishes n messages; each group of them that fits half the ring appears all at
 * once, or, when the process dies, not at all.
 * Returns how many were published: n, or fewer when the deadline came in between.
 * Ordering: as rill_publish. Progress: as rill_publish. Contexts: as rill_publish.
 * Errors: as rill_publish; -EINVAL or -E2BIG (a meta). Since 0.1. */
RILL_API int rill_publish_batch(rill_producer *producer, const struct rill_item *items,
                                size_t n, rill_time deadline);

/* Gives room for up to size bytes in the ring itself, 16-byte aligned: zero copy. Fill
 * it, then commit or abort; until then the handle takes no other message. Never let the
 * kernel or a device write into it (io_uring, O_DIRECT): it could land after the
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

/* Gives the reservation up; nobody ever sees it.
 * Progress: wait-free. Contexts: one thread at a time per producer. Since 0.1. */
RILL_API void rill_abort(rill_producer *producer);

#ifdef __cplusplus
}
#endif
#endif
