/* SPDX-License-Identifier: MIT */
/* waiter.c - how long a waiter spins, rests and sleeps: see waiter.h.
 *
 * The adaptive strategy spins for about as long as waking a sleeper costs, if its recent waits
 * were that short, and hardly at all if they were longer. For a producer whose ring is full nothing
 * is urgent: it rests first, so that consumers of a stream need not publish each release. */
#include "waiter.h"

#define SPIN_LEAST INT64_C(5000) /* ns: the least that adaptive waiting spins      */
#define SPIN_MOST INT64_C(50000) /* ns: about what waking a sleeper costs          */
#define TAIL_SLICE_MOST INT64_C(20000000)
#define REST INT64_C(50000)     /* ns: how long a producer rests at a full ring    */
#define ASKED INT64_C(20000)    /* ns: ... and then asks for each release          */
#define REST_LEAST INT64_C(750) /* ns: how long a consumer rests behind a stream   */
#define REST_MOST INT64_C(6000)
#define GIVEN INT64_C(10000000) /* ns: how long another process may keep the core   */
#define ROWS 64u                /* of groups that are checked for a lagging member  */

/* The time that a strategy spins, where the adaptive one spins for `adaptive`. */
static int64_t by_strategy(const struct rilli_patience *patience, int64_t adaptive) {
  return patience->wait == RILL_SPIN ? RILL_FOREVER : patience->wait == RILL_PARK ? 0 : adaptive;
}

int64_t rilli_spin_budget(const struct rilli_patience *patience) {
  int64_t budget = 4 * patience->typical;
  if (patience->typical > SPIN_MOST)
    budget = SPIN_LEAST;
  else if (budget < SPIN_LEAST * 4)
    budget = SPIN_LEAST * 4;
  else if (budget > SPIN_MOST)
    budget = SPIN_MOST;
  return by_strategy(patience, budget);
}

void rilli_learn(struct rilli_patience *patience, int64_t waited) {
  if (waited > 4 * SPIN_MOST)
    waited = 4 * SPIN_MOST; /* one long pause is not a habit */
  patience->typical += (waited - patience->typical) / 8;
}

int64_t rilli_tail_slice(int64_t waited) {
  const int64_t slice = waited / 2;
  return slice < RILLI_SLICE_BLIND ? RILLI_SLICE_BLIND
         : slice < TAIL_SLICE_MOST ? slice
                                   : TAIL_SLICE_MOST;
}

int64_t rilli_rest_span(int64_t last) {
  return last ? rilli_sooner(2 * last, REST_MOST) : REST_LEAST;
}

/* Did the producer see another group that has a member an eighth of the ring behind? A hint. */
static int others_lag(const struct rilli_ring *ring, uint64_t position, uint32_t own) {
  for (uint32_t i = 0; i < ring->max_groups && i < ROWS; i++) {
    const struct rilli_view *seen = &ring->seen[i];
    const uint64_t gate = atomic_load_explicit(&seen->gate, memory_order_relaxed);
    const uint64_t lag = position - gate;
    if (lag <= ring->capacity / 8 || lag > ring->capacity || i == own)
      continue;
    /* E16, relaxed: pairs with rilli_note_gate() in gate.c. Any value is harmless: this only
     * yields. */
    const uint64_t state = atomic_load_explicit(&seen->gate_state, memory_order_relaxed);
    if (RILLI_STATE_STATE(state) == RILLI_GROUP_ACTIVE)
      return 1;
  }
  return 0;
}

int rilli_should_yield(const struct rilli_patience *patience, const struct rilli_ring *ring,
                       uint64_t position, uint32_t own, int64_t now, int64_t deadline) {
  return patience->wait != RILL_SPIN && deadline > rilli_later(now, GIVEN) &&
         others_lag(ring, position, own);
}

struct rilli_room_plan rilli_plan_room(const struct rilli_patience *patience, int64_t start,
                                       int64_t deadline) {
  struct rilli_room_plan plan;
  const int64_t half = deadline > start ? start + (deadline - start) / 2 : start;
  const int64_t span = rilli_sooner(by_strategy(patience, REST), REST);
  plan.rest = rilli_sooner(half, rilli_later(start, span));
  plan.spin = rilli_later(plan.rest, by_strategy(patience, ASKED));
  return plan;
}

/* An eighth of the ring more than needed, so that a woken producer has something to do, but never
 * beyond what consumers can reach. From the second slice on, it is the minimum need. */
uint64_t rilli_room_target(const struct rilli_ring *ring, uint64_t position, uint64_t need,
                           int soon) {
  const uint64_t least = need - ring->capacity;
  const uint64_t eager = least + (soon ? 0 : rilli_eagerness(ring));
  return (rilli_before(position, eager) ? position : eager) & ~(uint64_t)(RILLI_FRAME_ALIGN - 1);
}
