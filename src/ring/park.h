/* SPDX-License-Identifier: MIT */
/* park.h - waiting for a message and for room, and waking: the ring's only system calls. */
#ifndef RILLI_PARK_H
#define RILLI_PARK_H

#include "consumer.h"
#include "producer.h"

int64_t rilli_now(void); /* CLOCK_MONOTONIC in ns                                 */

int rilli_wait_room(struct rill_producer *producer, uint64_t need, rill_time deadline);
int rilli_wait_message(struct rill_consumer *consumer, rill_time deadline);
/* Does not read the next line for a while; yields the core if other groups lag. */
void rilli_rest(struct rill_consumer *consumer, int64_t deadline);

/* Returns 0, for the tail of a publish. */
int rilli_wake_sleepers(struct rill_producer *producer);
void rilli_wake_producer(struct rilli_hints *hints);
/* Wakes the members of a group. */
void rilli_kick(struct rilli_group *group);

/* 0, or -ESTALE with its text when the queue was removed (E13). */
int rilli_check_removed(const struct rilli_ring *ring);

#endif
