/* SPDX-License-Identifier: MIT */
/* gate.c - the write limit, and the scan of the groups: PROTOCOL A1 to A7.
 *
 * Once in capacity/32 bytes: the checkpoint is pushed to the index (E8), the limit W is
 * raised and published, and then, behind a full fence (E3), every group row is scanned.
 * A joiner stores its row, and that there is one (E17), fences, and loads W: one of the two sees
 * the other.
 * Models: tests/model/join.pml, index.pml, overwrite.pml. */
#include "gate.h"

#include <errno.h>
#include <string.h>

#include "evict.h"
#include "pace.h"
#include "park.h"
#include "walk.h"

/* The checkpoint, before W is raised. Reads the clock for the pace, too. */
static void push_index(struct rill_producer *producer) {
  const struct rilli_ring *ring = &producer->ring;
  const int64_t now = rilli_now();
  producer->pace_fast = now - producer->pushed < (int64_t)ring->quantum; /* a byte a nanosecond */
  if (!producer->handed)
    rilli_measure_pace(producer, now);
  producer->pushed = now;
  const struct rilli_place place = {producer->position, producer->sequence, now};
  rilli_index_push(ring, &place);
}

/* The limit is never lowered, by a successor neither. PROTOCOL A3 */
static uint64_t raise_limit(struct rill_producer *producer, uint64_t need) {
  const struct rilli_ring *ring = &producer->ring;
  uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_relaxed);
  if (rilli_before(limit, need)) {
    push_index(producer);
    limit = (need + ring->quantum - 1) & ~(ring->quantum - 1);
    /* E4, release: pairs with rilli_is_whole() in copy.h, believable() in walk.c,
     * frame_or_nothing() in examine.c. Earlier commits come before W. */
    atomic_store_explicit(&ring->page->limit, limit, memory_order_release);
  }
  /* Ahead of need; but a reader of an overwrite queue keeps what it can. */
  producer->raise_at = ring->overwrite ? limit + ring->capacity : limit - ring->quantum / 2;
  return limit;
}

/* Is an active group's cursor valid: aligned, in the ring, never going back? */
static int is_valid(const struct rill_producer *producer, const struct rilli_seen *seen,
                    uint64_t state, uint64_t cursor) {
  if (cursor % RILLI_FRAME_ALIGN != 0 || producer->position - cursor > producer->ring.capacity)
    return 0;
  const uint64_t last = atomic_load_explicit(&seen->gate, memory_order_relaxed);
  return last % RILLI_FRAME_ALIGN != 0 || /* there was none, or it was refused */
         atomic_load_explicit(&seen->gate_state, memory_order_relaxed) != state ||
         !rilli_before(cursor, last);
}

void rilli_note_gate(const struct rilli_ring *ring, uint32_t index, uint64_t cursor,
                     uint64_t state) {
  struct rilli_seen *seen = &ring->seen[index];
  if (atomic_load_explicit(&seen->gate, memory_order_relaxed) != cursor)
    atomic_store_explicit(&seen->gate, cursor, memory_order_relaxed);
  if (atomic_load_explicit(&seen->gate_state, memory_order_relaxed) == state)
    return;
  for (uint32_t i = 0; i < RILLI_GROUP_NAME_SIZE / 8; i++) {
    uint64_t part;
    memcpy(&part, rilli_name_at(ring, index) + 8 * i, 8);
    atomic_store_explicit(&seen->name[i], part, memory_order_relaxed);
  }
  /* E16, release: pairs with view_seen() in stat.c, others_lag() in waiter.c */
  atomic_store_explicit(&seen->gate_state, state, memory_order_release);
}

/* A cursor that has gone on by whole frames, in the tenancy that was noted last; else the row
 * needs a closer check. The caller checks the upper end. */
static inline int gone_on(const struct rilli_ring *ring, const struct rilli_seen *seen,
                          const struct rilli_group *group, uint64_t cursor) {
  const uint64_t step = cursor - atomic_load_explicit(&seen->gate, memory_order_relaxed);
  const uint64_t frames = step >> 4 | step << 60; /* huge, if it is no multiple of 16 */
  return frames <= ring->capacity >> 4 &&
         atomic_load_explicit(&group->state, memory_order_acquire) ==
             atomic_load_explicit(&seen->gate_state, memory_order_relaxed);
}

/* A closer check of a row. Returns 1 and its cursor if it gates. What is checked is what is used:
 * the cursor is loaded once. The state around it only decides whether an invalid one is refused
 * (E14). PROTOCOL V1 */
static int check_row(struct rill_producer *producer, uint32_t index, uint64_t *ret_cursor) {
  const struct rilli_ring *ring = &producer->ring;
  struct rilli_group *group = rilli_group_at(ring, index);
  struct rilli_seen *seen = &ring->seen[index];
  /* E11, acquire: pairs with join_fresh(), begin() and rilli_leave() in group.c */
  const uint64_t before = atomic_load_explicit(&group->state, memory_order_acquire);
  /* E2, acquire: pairs with publish_cursor() in receive.c, begin() and rilli_leave() in group.c */
  const uint64_t cursor = atomic_load_explicit(&group->cursor, memory_order_acquire);
  if (cursor == RILLI_NONE) {
    rilli_note_gate(ring, index, RILLI_NONE, 0);
    return 0;
  }
  *ret_cursor = cursor;
  if (atomic_load_explicit(&group->state, memory_order_acquire) != before)
    return 1;
  if (rilli_is_void(seen, before))
    return 0;
  const uint32_t state = RILLI_STATE_STATE(before);
  if (state != RILLI_GROUP_ACTIVE && state != RILLI_GROUP_KEPT)
    return 1;
  if (is_valid(producer, seen, before, cursor)) {
    rilli_note_gate(ring, index, cursor, before);
    return 1;
  }
  rilli_refuse(producer, index, before, RILLI_VOID_INVALID);
  return 0;
}

/* Loaded in each scan, behind the fence of E3: a joiner stores the bit of its row before its own.
 * What the producer has seen once stays: no process
 * hides a group from it by clearing a bit. */
uint64_t rilli_known_rows(struct rill_producer *producer, uint32_t word) {
  const struct rilli_ring *ring = &producer->ring;
  return producer->rows[word] |= rilli_rows_in(ring->rows, ring->max_groups, word);
}

/* How far the slowest group is behind; more than the capacity: some cursor is invalid. */
static uint64_t furthest_behind(struct rill_producer *producer, int closely) {
  const struct rilli_ring *ring = &producer->ring;
  const uint64_t position = producer->position;
  uint64_t most = 0;
  for (uint32_t word = 0; 64 * word < ring->max_groups; word++)
    for (uint64_t left = rilli_known_rows(producer, word); left; left &= left - 1) {
      const uint32_t i = 64 * word + (uint32_t)__builtin_ctzll(left);
      const struct rilli_group *group = rilli_group_at(ring, i);
      struct rilli_seen *seen = &ring->seen[i];
      /* E2, acquire: pairs with publish_cursor() in receive.c, begin() and rilli_leave() in
       * group.c */
      uint64_t cursor = atomic_load_explicit(&group->cursor, memory_order_acquire);
      if (cursor == RILLI_NONE && atomic_load_explicit(&seen->gate, memory_order_relaxed) == cursor)
        continue;
      if (rilli_likely(!closely && gone_on(ring, seen, group, cursor)))
        atomic_store_explicit(&seen->gate, cursor, memory_order_relaxed);
      else if (!check_row(producer, i, &cursor))
        continue;
      if (most < position - cursor)
        most = position - cursor;
    }
  return most;
}

/* PROTOCOL A5 */
int rilli_scan_groups(struct rill_producer *producer, uint64_t need) {
  const struct rilli_ring *ring = &producer->ring;
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_relaxed);
  const uint64_t position = producer->position;
  uint64_t behind = furthest_behind(producer, 0);
  if (rilli_unlikely(behind > ring->capacity))
    behind = furthest_behind(producer, 1);
  const uint64_t free_space = behind < ring->capacity ? ring->capacity - behind : 0;
  const uint64_t ahead = limit - position; /* what the limit lets it write */
  /* Whole words of frames: a cursor that was not checked may be unaligned. */
  const uint64_t span =
      (ahead < free_space ? ahead : free_space) & ~(uint64_t)(RILLI_FRAME_ALIGN - 1);
  if (span > producer->room - position)
    producer->room = position + span;
  return need - position <= producer->room - position ? 0 : -EAGAIN;
}

/* PROTOCOL A4 */
static int open_gate(struct rill_producer *producer, uint64_t need) {
  const uint64_t limit = raise_limit(producer, need);
  if (producer->ring.overwrite) {
    producer->room = limit;
    /* E4, release fence: pairs with rilli_is_whole() in copy.h, believable() in walk.c,
     * frame_or_nothing() in examine.c. W comes before the bytes that it covers. */
    atomic_thread_fence(memory_order_release);
    return 0;
  }
  /* E3, full fence: pairs with take_row() in group.c. W comes before the rows. */
  atomic_thread_fence(memory_order_seq_cst);
  return rilli_scan_groups(producer, need);
}

/* PROTOCOL A1 */
int rilli_make_room(struct rill_producer *producer, uint64_t need) {
  const int removed = rilli_check_removed(&producer->ring);
  return removed ? removed : open_gate(producer, need);
}

/* PROTOCOL A7 */
void rilli_raise_ahead(struct rill_producer *producer) {
  /* That the queue was removed is an error of the publish that needs room (E13). */
  if (rilli_unlikely(atomic_load_explicit(producer->ring.tombstone, memory_order_acquire)))
    return;
  (void)open_gate(producer, producer->position + producer->ring.quantum / 2 + 1);
}
