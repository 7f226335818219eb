/* SPDX-License-Identifier: MIT */
/* plain_ring.h - the ring on plain memory, without names, files or leases.
 *
 * A memfd laid out as a data segment and one as a control segment, each mapped once in this
 * process and shared by the producer and all consumers: ThreadSanitizer tracks addresses, so
 * it sees every access. Tests may forge anything in it. */
#ifndef RILL_TESTS_PLAIN_RING_H
#define RILL_TESTS_PLAIN_RING_H

#include "check.h"
#include "ring.h"
#include "segment.h"

struct plain_options {
  uint64_t capacity;    /* 0: 64 KiB */
  uint64_t max_message; /* 0: capacity/8 */
  uint32_t max_groups;  /* 0: 4 */
  uint32_t overwrite;
  int64_t evict_after;                   /* ns; 0: never */
  uint64_t base_position, base_sequence; /* of the first message */
};

struct plain_ring {
  struct rilli_ring ring; /* as the producer sees it */
  struct rilli_mapping data, control;
  _Atomic uint32_t tombstone;
  uint64_t base_position, base_sequence;
};

void plain_open(struct plain_ring *plain, const struct plain_options *options);
void plain_close(struct plain_ring *plain);

/* A producer at the ring's head, found as a successor finds it. wait: RILL_ADAPTIVE... */
void plain_producer(struct plain_ring *plain, struct rill_producer *ret, uint32_t wait,
                    uint32_t full_fence);
/* The producer closes: what rill_producer_close stores. */
void plain_announce_close(struct plain_ring *plain);

/* Joins row `index`; returns what rilli_join returns. flags: RILLI_GROUP_KEEP. */
int plain_consumer(struct plain_ring *plain, struct rill_consumer *ret, uint32_t index,
                   uint32_t start, uint64_t sequence, uint32_t flags);
/* Publishes its cursor and leaves, as rill_consumer_close does. */
void plain_leave(struct rill_consumer *consumer);
/* A tail at the ring's oldest message. */
void plain_tail(struct plain_ring *plain, struct rill_consumer *ret);
/* The memory of a consumer that left or died. */
void plain_forget(struct rill_consumer *consumer);

/* The frame at a position, for forging. */
_Atomic uint64_t *plain_word(struct plain_ring *plain, uint64_t position);

#endif
