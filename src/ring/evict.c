/* SPDX-License-Identifier: MIT */
/* evict.c - refusing a group: one whose cursor is invalid, or that holds the queue up.
 *
 * Only the producer refuses, and always a whole tenancy of a row, by its generation: it stores
 * void_state, and from then on the row does not gate (E14). What its member reads after that may be
 * overwritten, and its release reports this. The row stays the member's until its lease is free.
 * The steps: shm/PROTOCOL.md, V. Model: tests/model/void.pml. */
#include "evict.h"

#include <errno.h>

#include "error.h"
#include "gate.h"
#include "park.h"

/* PROTOCOL V3 */
void rilli_refuse(struct rill_producer *producer, uint32_t index, uint64_t state, uint64_t why) {
  struct rilli_view *seen = &producer->ring.seen[index];
  rilli_note_gate(&producer->ring, index, RILLI_REFUSED,
                  state); /* makes every scan check closely */
  atomic_store_explicit(&seen->void_why, why, memory_order_relaxed);
  atomic_store_explicit(&seen->void_state, state, memory_order_release);
  /* E14, release fence: pairs with rilli_is_refused() in evict.h, was_refused() in group.c.
   * void_state comes before what is written over its messages. */
  atomic_thread_fence(memory_order_release);
}

/* Is the row between the producer and `need`? A row that just changes is not: its member lives.
 * Every row that gates counts, whatever its state is; *ret_state is never 0. PROTOCOL V2 */
static int holds_up(const struct rill_producer *producer, uint32_t index, uint64_t need,
                    uint64_t *ret_state) {
  const struct rilli_group *group = rilli_group_at(&producer->ring, index);
  const uint64_t position = producer->position;
  /* E11, acquire: pairs with join_fresh(), begin() and rilli_leave() in group.c */
  const uint64_t before = atomic_load_explicit(&group->state, memory_order_acquire);
  /* E2, acquire: pairs with publish_cursor() in receive.c, begin() and rilli_leave() in group.c */
  const uint64_t cursor = atomic_load_explicit(&group->cursor, memory_order_acquire);
  const uint64_t after = atomic_load_explicit(&group->state, memory_order_acquire);
  *ret_state = before ? before : RILLI_STATE(0, 0, RILLI_GROUP_JOINING); /* no tenancy is the 0th */
  return cursor != RILLI_NONE && before == after &&
         position - cursor > producer->ring.capacity - (need - position) &&
         !rilli_is_void(&producer->ring.seen[index], before);
}

/* PROTOCOL V4 */
static void evict(struct rill_producer *producer, uint64_t need) {
  struct rilli_producer_page *page = producer->ring.page;
  for (uint32_t word = 0; 64 * word < producer->ring.max_groups; word++)
    for (uint64_t left = rilli_known_rows(producer, word); left; left &= left - 1) {
      const uint32_t i = 64 * word + (uint32_t)__builtin_ctzll(left);
      uint64_t state;
      if (!holds_up(producer, i, need, &state))
        continue;
      atomic_store_explicit(&page->evictions,
                            atomic_load_explicit(&page->evictions, memory_order_relaxed) + 1,
                            memory_order_relaxed);
      rilli_refuse(producer, i, state, RILLI_VOID_EVICTED);
      rilli_kick(rilli_group_at(&producer->ring, i));
    }
}

/* The time since which there is no room for this; a need for more starts again. */
static int64_t held_since(struct rill_producer *producer, uint64_t need) {
  if (producer->held_at != producer->position || rilli_before(producer->held_need, need)) {
    producer->held_at = producer->position;
    producer->held_need = need;
    producer->held_since = rilli_now();
  }
  return producer->held_since;
}

int rilli_wait_or_evict(struct rill_producer *producer, uint64_t need, rill_time deadline) {
  const int64_t span = producer->ring.evict_after;
  if (!span)
    return rilli_wait_room(producer, need, deadline);
  for (;;) {
    const int64_t since = held_since(producer, need);
    const int64_t end = span > RILL_FOREVER - since ? RILL_FOREVER : since + span;
    const int code = rilli_wait_room(producer, need, deadline < end ? deadline : end);
    const int64_t now = rilli_now();
    if ((code != -EAGAIN && code != -ETIMEDOUT) || now < end)
      return code;
    evict(producer, need);
    if (rilli_scan_groups(producer, need) == 0)
      return 0;
    producer->held_since = now; /* a row that just changed gets the full time, too */
    if (deadline <= now)
      return deadline == RILL_NOW ? -EAGAIN : -ETIMEDOUT;
  }
}

int rilli_report_refused(const struct rill_consumer *consumer) {
  const struct rilli_ring *ring = &consumer->ring;
  const struct rilli_view *seen = &ring->seen[consumer->member.group];
  if (atomic_load_explicit(&seen->void_why, memory_order_relaxed) == RILLI_VOID_EVICTED)
    return rilli_fail(ESTALE,
                      "this group held queue '%s' up for longer than its evict_after of %g s, and "
                      "was evicted: what was received and not released is void; close the "
                      "consumer, and open it again",
                      ring->name, (double)ring->evict_after / 1e9);
  return rilli_fail(
      ESTALE,
      "the producer of queue '%s' refused this group, since its cursor was "
      "invalid: what was received and not released is void; close the consumer, and open "
      "it again",
      ring->name);
}
