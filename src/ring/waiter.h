/* SPDX-License-Identifier: MIT */
/* waiter.h - how long a waiting producer or consumer spins, rests and sleeps.
 *
 * Decisions, as functions of numbers and of the view: no clock, no system call, so that a test
 * can check each of them. park.h carries them out. */
#ifndef RILLI_WAITER_H
#define RILLI_WAITER_H

#include <stdint.h>

#include "rill/consumer.h"
#include "view.h"

#define RILLI_SLICE INT64_C(100000000)     /* ns: the longest sleep in one piece */
#define RILLI_SLICE_BLIND INT64_C(1000000) /* ns: ... where membarrier fails      */

/* The strategy of a waiter, and how long its recent waits took. */
struct rilli_patience {
  uint32_t wait;             /* RILL_ADAPTIVE, ...                            */
  int64_t typical;           /* ns: smoothed length of the last waits         */
  int64_t next_housekeeping; /* when it is due                                */
  uint32_t polls;            /* non-waiting calls since the clock was read    */
};

/* What the layer above does for a waiter, once a slice. */
struct rilli_host {
  /* Producer: reclaims dead groups. Consumer: checks whether the producer lives; returns
   * 1 if it is gone (dead or closed), else 0. Both: -ESTALE if the queue is removed. */
  int (*housekeeping)(void *self);
  void *self;
};

static inline int64_t rilli_later(int64_t start, int64_t span) {
  return span > RILL_FOREVER - start ? RILL_FOREVER : start + span;
}

static inline int64_t rilli_sooner(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* --- a consumer ------------------------------------------------------------------- */

/* ns to spin for a message before sleeping. */
int64_t rilli_spin_budget(const struct rilli_patience *patience);
/* A wait took this long. */
void rilli_learn(struct rilli_patience *patience, int64_t waited);
/* ns: the longest sleep of a tail that has waited for this long. */
int64_t rilli_tail_slice(int64_t waited);
/* Did a consumer that finds nothing catch up with a stream, rather than with single messages?
 * messages, bytes: what it received since it found nothing last. */
static inline int rilli_is_stream(uint64_t messages, uint64_t bytes) {
  return messages >= 16 || (messages >= 4 && bytes >= 4096);
}
/* ns to rest behind a stream, after a rest of `last`; 0: there was none. */
int64_t rilli_rest_span(int64_t last);
/* Should a consumer that rests now yield its core, since another group's member lags far
 * behind? own: its group's row, or max_groups. */
int rilli_should_yield(const struct rilli_patience *patience, const struct rilli_ring *ring,
                       uint64_t position, uint32_t own, int64_t now, int64_t deadline);

/* --- a producer ------------------------------------------------------------------- */

/* How a producer waits for room, before it sleeps. */
struct rilli_room_plan {
  int64_t rest; /* until then it asks for nothing                                  */
  int64_t spin; /* until then it asks the consumers for each release               */
};
struct rilli_room_plan rilli_plan_room(const struct rilli_patience *patience, int64_t start,
                                       int64_t deadline);
/* The room, beyond its need, that a producer waits for at first. */
static inline uint64_t rilli_eagerness(const struct rilli_ring *ring) {
  return ring->capacity / 8;
}
/* The cursor at which a producer at `position` wants to be woken. soon: in the second slice, or
 * if there is only one. */
uint64_t rilli_room_target(const struct rilli_ring *ring, uint64_t position, uint64_t need,
                           int soon);

#endif
