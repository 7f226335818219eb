/* SPDX-License-Identifier: MIT */
/* evict.h - refusing groups, and how a member learns that it was refused. */
#ifndef RILLI_EVICT_H
#define RILLI_EVICT_H

#include "consumer.h"
#include "producer.h"

/* Was the tenancy that this state word belongs to refused? */
static inline int rilli_is_void(const struct rilli_view *seen, uint64_t state) {
  const uint64_t refused = atomic_load_explicit(&seen->void_state, memory_order_acquire);
  return refused != 0 && RILLI_STATE_GENERATION(refused) == RILLI_STATE_GENERATION(state);
}

/* Refuses the tenancy of a row. why: RILLI_VOID_*. */
void rilli_refuse(struct rill_producer *producer, uint32_t index, uint64_t state, uint64_t why);
/* As rilli_wait_room, but evicts the groups that hold the producer up for longer than
 * evict_after. */
int rilli_wait_or_evict(struct rill_producer *producer, uint64_t need, rill_time deadline);

/* Was the member refused? To be checked after it has read. */
static inline int rilli_is_refused(const struct rill_consumer *member) {
  /* E14, acquire fence: pairs with rilli_refuse() in evict.c. What was read comes before
   * void_state. */
  atomic_thread_fence(memory_order_acquire);
  return rilli_is_void(&member->ring.seen[member->member.group], member->tenancy);
}
/* -ESTALE, with its text. */
int rilli_report_refused(const struct rill_consumer *member);
static inline int rilli_check_refused(const struct rill_consumer *member) {
  return rilli_unlikely(rilli_is_refused(member)) ? rilli_report_refused(member) : 0;
}

#endif
