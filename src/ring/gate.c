/* SPDX-License-Identifier: MIT */
/* gate.c - the write limit, and the scan of the groups: PROTOCOL A1 to A7.
 *
 * Once a quantum, capacity/32 bytes: the checkpoint is pushed to the index (E8), the limit W is
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
  producer->indexed = producer->position;
  const struct rilli_place place = {producer->position, producer->sequence, now};
  rilli_index_push(ring, &place);
}

/* The fence of each push orders it behind the commits of the batch. PROTOCOL P11 */
void rilli_index_batch(struct rill_producer *producer, struct rilli_place *places, size_t n) {
  const int64_t now = rilli_now();
  for (size_t i = 0; i < n; i++) {
    places[i].time = now;
    rilli_index_push(&producer->ring, &places[i]);
    producer->indexed = places[i].position;
  }
}

/* The limit is never lowered, not even by a successor. PROTOCOL A3 */
static uint64_t raise_limit(struct rill_producer *producer, uint64_t need) {
  const struct rilli_ring *ring = &producer->ring;
  uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_relaxed);
  if (rilli_before(limit, need)) {
    push_index(producer);
    limit = (need + ring->quantum - 1) & ~(ring->quantum - 1);
    /* E4, release: pairs with rilli_is_whole() in copy.h, believable() in walk.c,
     * frame_or_nothing() in examine.c. Earlier commits come before W. */
    atomic_store_explicit(&ring->page->limit, limit, memory_order_release);
  } else if (producer->position - producer->indexed >= ring->quantum)
    push_index(producer); /* W was raised for more than was then committed */
  /* Ahead of need, and for an entry a quantum. In an overwrite queue for the entry only, if W was
   * not raised in time: its readers keep as much as possible. */
  const uint64_t due = producer->indexed + ring->quantum, ahead = limit - ring->quantum / 2;
  if (ring->overwrite)
    producer->raise_at = due + ring->quantum / 2;
  else
    producer->raise_at = rilli_before(due, ahead) ? due : ahead;
  return limit;
}

/* Is an active group's cursor valid: aligned, in the ring, never going back? */
static int is_valid(const struct rill_producer *producer, const struct rilli_view *seen,
                    uint64_t state, uint64_t cursor) {
  if (cursor % RILLI_FRAME_ALIGN != 0 || producer->position - cursor > producer->ring.capacity)
    return 0;
  const uint64_t last = atomic_load_explicit(&seen->gate, memory_order_relaxed);
  return last % RILLI_FRAME_ALIGN != 0 || /* there was no cursor, or it was refused */
         atomic_load_explicit(&seen->gate_state, memory_order_relaxed) != state ||
         !rilli_before(cursor, last);
}

void rilli_note_gate(const struct rilli_ring *ring, uint32_t index, uint64_t cursor,
                     uint64_t state) {
  struct rilli_view *seen = &ring->seen[index];
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

/* A closer check of a row. Returns its cursor if it gates, else NONE. The value that is checked is
 * the one that is used: the cursor is loaded once. The state around it only decides whether an
 * invalid one is refused (E14). PROTOCOL V1 */
static __attribute__((noinline)) uint64_t check_row(struct rill_producer *producer,
                                                    uint32_t index) {
  const struct rilli_ring *ring = &producer->ring;
  struct rilli_group *group = rilli_group_at(ring, index);
  struct rilli_view *seen = &ring->seen[index];
  /* E11, acquire: pairs with join_fresh(), begin() and rilli_leave() in group.c */
  const uint64_t before = atomic_load_explicit(&group->state, memory_order_acquire);
  /* E2, acquire: pairs with publish_cursor() in receive.c, begin() and rilli_leave() in group.c */
  const uint64_t cursor = atomic_load_explicit(&group->cursor, memory_order_acquire);
  if (cursor == RILLI_NONE) {
    rilli_note_gate(ring, index, RILLI_NONE, 0);
    return RILLI_NONE;
  }
  if (atomic_load_explicit(&group->state, memory_order_acquire) != before)
    return cursor;
  if (rilli_is_void(seen, before))
    return RILLI_NONE;
  const uint32_t state = RILLI_STATE_STATE(before);
  if (state != RILLI_GROUP_ACTIVE && state != RILLI_GROUP_KEPT)
    return cursor;
  if (is_valid(producer, seen, before, cursor)) {
    rilli_note_gate(ring, index, cursor, before);
    return cursor;
  }
  rilli_refuse(producer, index, before, RILLI_VOID_INVALID);
  return RILLI_NONE;
}

/* Loaded in each scan, behind the fence of E3: a joiner stores the bit of its row before its own.
 * What the producer has seen once stays: no process hides a group from it by clearing a bit. */
uint64_t rilli_known_rows(struct rill_producer *producer, uint32_t word) {
  const struct rilli_ring *ring = &producer->ring;
  return producer->rows[word] |= rilli_rows_in(ring->rows, ring->max_groups, word);
}

/* Has a cursor gone on by whole frames, in the tenancy that was noted last? Else the row needs a
 * closer check. The caller checks the upper end. */
static inline int gone_on(const struct rilli_view *seen, const struct rilli_group *group,
                          uint64_t cursor, uint64_t frames_most) {
  const uint64_t step = cursor - atomic_load_explicit(&seen->gate, memory_order_relaxed);
  const uint64_t frames = step >> 4 | step << 60; /* huge, if it is no multiple of 16 */
  return frames <= frames_most && atomic_load_explicit(&group->state, memory_order_acquire) ==
                                      atomic_load_explicit(&seen->gate_state, memory_order_relaxed);
}

/* Of `count` rows from `first` on, that all exist. */
static inline __attribute__((always_inline)) uint64_t furthest_of(struct rill_producer *producer,
                                                                  uint32_t first, uint32_t count,
                                                                  const int closely,
                                                                  uint64_t most) {
  const struct rilli_ring *ring = &producer->ring;
  const uint64_t position = producer->position, frames_most = ring->capacity >> 4;
  const uint64_t stride = ring->group_stride;
  struct rilli_view *seen = &ring->seen[first], *const end = seen + count;
  const uint8_t *row = ring->groups + first * stride;
  for (; seen != end; seen++, row += stride) {
    const struct rilli_group *group = (const void *)row;
    /* E2, acquire: pairs with publish_cursor() in receive.c, begin() and rilli_leave() in
     * group.c */
    uint64_t cursor = atomic_load_explicit(&group->cursor, memory_order_acquire);
    if (cursor == RILLI_NONE && atomic_load_explicit(&seen->gate, memory_order_relaxed) == cursor)
      continue;
    if (rilli_unlikely(closely || !gone_on(seen, group, cursor, frames_most))) {
      cursor = check_row(producer, (uint32_t)(seen - ring->seen));
      if (cursor == RILLI_NONE)
        continue;
    } else
      atomic_store_explicit(&seen->gate, cursor, memory_order_relaxed);
    if (most < position - cursor)
      most = position - cursor;
  }
  return most;
}

/* How far the slowest group is behind; more than the capacity: some cursor is invalid. */
static inline __attribute__((always_inline)) uint64_t
furthest_behind(struct rill_producer *producer, const int closely) {
  uint64_t most = 0;
  for (uint32_t word = 0; 64 * word < producer->ring.max_groups; word++)
    for (uint64_t left = rilli_known_rows(producer, word); left;) { /* one run, as a rule */
      const uint32_t first = (uint32_t)__builtin_ctzll(left);
      const uint64_t gap = ~(left >> first);
      const uint32_t count = gap ? (uint32_t)__builtin_ctzll(gap) : 64;
      most = furthest_of(producer, 64 * word + first, count, closely, most);
      left = first + count < 64 ? left >> (first + count) << (first + count) : 0;
    }
  return most;
}

/* When a cursor was invalid. */
static __attribute__((noinline)) uint64_t furthest_closely(struct rill_producer *producer) {
  return furthest_behind(producer, 1);
}

/* PROTOCOL A5 */
int rilli_scan_groups(struct rill_producer *producer, uint64_t need) {
  const struct rilli_ring *ring = &producer->ring;
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_relaxed);
  const uint64_t position = producer->position;
  uint64_t behind = furthest_behind(producer, 0);
  if (rilli_unlikely(behind > ring->capacity))
    behind = furthest_closely(producer);
  const uint64_t free_space = behind < ring->capacity ? ring->capacity - behind : 0;
  const uint64_t ahead = limit - position; /* what the limit lets it write */
  /* Rounded to whole frames: a cursor that was not checked may be unaligned. */
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
  const uint64_t ahead = producer->ring.overwrite ? 0 : producer->ring.quantum / 2 + 1;
  (void)open_gate(producer, producer->position + ahead);
}
