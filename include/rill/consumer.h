/* SPDX-License-Identifier: MIT */
/* rill/consumer.h - take messages out of a queue. */
#ifndef RILL_CONSUMER_H
#define RILL_CONSUMER_H

#include "rill/producer.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_consumer rill_consumer;

/* Where a new group starts. An existing group continues where it was. */
enum {
  RILL_OLDEST = 0,  /* at the oldest message still in the ring                 */
  RILL_LATEST = 1,  /* at the next message published after the open            */
  RILL_SEQUENCE = 2 /* at attr.sequence; if that is gone, at the oldest, and the
                       first message says how many are lost                    */
};

/* Flags of a consumer. */
enum {
  RILL_KEEP_GROUP = 1, /* the group outlives its member: a durable subscription,
                          which a reliable queue holds messages for            */
  RILL_FOLLOW = 2,     /* wait for the next producer instead of -EPIPE         */
  RILL_TAIL = 4        /* no group: only observes, blocks no producer, may lose messages
                          (the only kind on a queue opened with RILL_OBSERVE)  */
};

struct rill_consumer_attr {
  size_t size;           /* sizeof(struct rill_consumer_attr)                     */
  const char *group;     /* up to 63 bytes of [A-Za-z0-9._-]; NULL: a group
                            without a name that ends with this consumer           */
  uint32_t start;        /* RILL_OLDEST, RILL_LATEST, RILL_SEQUENCE               */
  uint32_t wait;         /* RILL_ADAPTIVE, RILL_SPIN, RILL_PARK                   */
  uint64_t sequence;     /* for RILL_SEQUENCE                                     */
  uint32_t flags;        /* RILL_KEEP_GROUP, RILL_FOLLOW, RILL_TAIL               */
  uint32_t reserved0;    /* zero                                                  */
  struct rill_type type; /* must agree with the queue's, unless one is zero    */
};
#define RILL_CONSUMER_ATTR_INIT RILL_SIZED(struct rill_consumer_attr)

/* Flags of a message. More may be added: a program ignores those that it does not know. */
enum {
  RILL_MESSAGE_COPIED = 1 /* data and key lie in a buffer of the consumer, valid until its
                             next receive (overwrite queues, RILL_TAIL). Without it they
                             lie in the ring, valid until the message is released */
};

/* Always 64 bytes. What else a message carries is returned by functions that take the consumer
 * and the message; call them while its data is valid. */
struct rill_message {
  const void *data; /* of this message; 16-byte aligned                      */
  const char *key;  /* NULL: none                                            */
  uint32_t size;    /* bytes at data                                         */
  uint16_t key_size;
  uint16_t flags;      /* RILL_MESSAGE_COPIED                                   */
  uint64_t sequence;   /* message number in the queue, from 0                   */
  uint64_t lost;       /* messages lost just before this one: the sequences
                          sequence - lost to sequence - 1                       */
  uint64_t token;      /* identifies it for rill_release                        */
  int64_t time;        /* set by the producer; 0: none                          */
  uint32_t deliveries; /* always 1 in this version, also if received again      */
  uint32_t type;       /* the producer's rill_meta.type                         */
};

/* Joins a group of the queue as its member, and makes the group if it does not exist. In this
 * version a group has one member at a time, and each group receives all messages.
 * A kept group that lost its place because it was evicted continues at the oldest message, whose
 * `lost` is the number of messages that it missed.
 * Ordering: a full barrier; from the start position on, every message stays intact
 *   until it is released (reliable queues), or until the group is evicted.
 * Progress: system calls, and a walk over at most the ring. Never waits for other processes,
 *   except for the short time in which one of them reclaims the group.
 * Contexts: any thread; then one thread at a time per handle, except
 *   rill_consumer_interrupt; not after fork.
 * Errors: -EINVAL, -E2BIG, -EBUSY (the group has a living member), -EUSERS (no group free;
 * the text names max_groups), -ERANGE (sequence not published yet), -EPERM (queue
 * opened with RILL_OBSERVE), -ENOSPC (no memory for one more group), -EPROTOTYPE,
 * -EPROTO, -ESTALE, -ENOMEM, -EMFILE, -EACCES, -ECHILD. Since 0.1. */
RILL_API int rill_consumer_open(rill_queue *queue, const struct rill_consumer_attr *attr,
                                rill_consumer **ret_consumer);

/* Leaves the group. Messages that were received and not released stay unreleased: a kept
 * group receives them again. NULL is allowed.
 * Contexts: any thread; in a forked child it does not touch the parent's handle. Since 0.1. */
RILL_API void rill_consumer_close(rill_consumer *consumer);

/* Takes the next message. ret_message->data points into the ring (reliable queues:
 * valid until released) or into a buffer of the consumer (overwrite queues and
 * RILL_TAIL: valid until the next receive; RILL_MESSAGE_COPIED is set). On a queue with
 * evict_after, bytes in the ring may change while a reader whose group is evicted still reads
 * them: see rill_release.
 * Ordering: acquire: everything that was done before the publish is visible.
 * Progress: wait-free when there is a message; else waits until the deadline: spins, yields the
 *   core (sched_yield) or sleeps, as its wait strategy says.
 * Contexts: one thread at a time per consumer; not after fork (-ECHILD).
 * Errors: -EAGAIN (no message is there, RILL_NOW), -ETIMEDOUT, -EPIPE (everything is read, and
 * the producer has closed or died), -ESTALE (the queue was removed, or the group was refused or
 * evicted, which is noticed when no message is there: what was received and not released is
 * void; close the consumer, and open it again), -ECANCELED (rill_consumer_interrupt), -EINTR (a
 * signal handler, installed without SA_RESTART, ran while waiting), -EPROTO (invalid bytes in the
 * ring), -ECHILD. Since 0.1. */
RILL_API int rill_receive(rill_consumer *consumer, rill_time deadline,
                          struct rill_message *ret_message);

/* Takes up to n messages: waits for the first, then takes those that are there.
 * Returns how many, at least 1; always 1 from an overwrite queue or a tail, whose buffer
 * holds one.
 * Ordering: as rill_receive. Progress: as rill_receive. Contexts: as rill_receive.
 * Errors: as rill_receive; -EINVAL (n is 0). Since 0.1. */
RILL_API int rill_receive_batch(rill_consumer *consumer, size_t n, rill_time deadline,
                                struct rill_message *ret_messages);

/* Gives back all messages up to and including this one (NULL: all received): the
 * producer may reuse their space, and a successor starts after them. If a consumer closes or dies
 * before it has released a message, its kept group receives the message again. Releasing a
 * message again changes nothing.
 * On a queue with evict_after each release reports whether what was read since the last one was
 * intact: -ESTALE if the group was evicted in between, since other messages may have been written
 * there. So copy what is read in place, release, and only then act on it; or be able to undo the
 * action. After -ESTALE nothing was released, and nothing will be: close the consumer, and open
 * it again.
 * Ordering: release: reads of the messages come before. Progress: wait-free, except for
 * a wake-up of a waiting producer. The group's position in shared memory is updated immediately
 * when that gives a sleeping producer the room it needs (or a spinning one any room); else at
 * the next empty poll, every capacity/32 bytes, and at the close. Less than capacity/32 bytes may
 * thus be released but not published yet: after a kill, a successor receives them again, and
 * a producer learns of them at this consumer's next call. With evict_after the position is updated
 * at each release, which costs some nanoseconds.
 * Contexts: one thread at a time per consumer; not after fork.
 * Errors: -EINVAL (not a message that it received), -ESTALE (the group was refused or
 * evicted), -ECHILD. Since 0.1. */
RILL_API int rill_release(rill_consumer *consumer, const struct rill_message *up_to);

/* Interrupts a consumer: a waiting rill_receive, or else its next one that would
 * wait, returns -ECANCELED.
 * Contexts: any thread; signal handlers. Errors: -ECHILD. Since 0.1. */
RILL_API int rill_consumer_interrupt(rill_consumer *consumer);

#ifdef __cplusplus
}
#endif
#endif
