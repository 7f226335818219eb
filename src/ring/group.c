/* SPDX-License-Identifier: MIT */
/* group.c - joining a queue late, and leaving it: PROTOCOL A8 to A15.
 *
 * A joiner stores its row, fences, and loads the write limit (E3): either it sees that
 * the producer may already be overwriting its place, and moves up, or the producer's scan
 * sees the row. Frames from there on stay whole. The caller holds the row's lease and its
 * reclaim byte, so no other process changes the row's state meanwhile. Models:
 * tests/model/join.pml, lease.pml. */
#include "group.h"

#include <errno.h>

#include "evict.h"
#include "walk.h"

#define TRIES 1000
#define NOTHING_UNRELEASED RILLI_SPINS /* no position, and not NONE */

/* PROTOCOL A11 */
static int protected(const struct rilli_ring *ring, uint64_t position) {
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_acquire);
  return limit - position <= ring->capacity;
}

/* Chooses where to begin, before the row protects anything. PROTOCOL A9 */
static int choose(const struct rilli_ring *ring, const struct rilli_start *start,
                  struct rilli_place *ret) {
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_acquire);
  const uint64_t floor = limit - ring->capacity;
  if (start->start == RILL_LATEST)
    return rilli_index_newest(ring, ret);
  if (start->start == RILL_SEQUENCE && rilli_index_sequence(ring, floor, start->sequence, ret) == 0)
    return 0;
  return rilli_index_oldest(ring, floor, ret);
}

static void store_unreleased(struct rilli_group *group, uint64_t position, uint64_t sequence) {
  atomic_store_explicit(&group->unreleased.sequence, sequence, memory_order_relaxed);
  atomic_store_explicit(&group->unreleased.position, position, memory_order_relaxed);
}

/* PROTOCOL A9 to A11. A kept group learns later what it lost: unreleased is the first message that
 * it has not released, or NULL. */
static int take_row(struct rill_consumer *consumer, const struct rilli_start *start,
                    const uint64_t *unreleased, struct rilli_place *place) {
  const struct rilli_ring *ring = &consumer->ring;
  struct rilli_group *group = consumer->group;
  for (int tries = 0; tries < TRIES; tries++) {
    if (choose(ring, start, place))
      continue; /* the index changed during the search */
    if (unreleased)
      store_unreleased(group, place->position, *unreleased);
    atomic_store_explicit(&group->cursor, place->position, memory_order_release);
    /* E3, full fence: pairs with open_gate() in gate.c. The row comes before W. */
    atomic_thread_fence(memory_order_seq_cst);
    if (protected(ring, place->position))
      return 0;
  }
  return -EPROTO;
}

/* Walks forward to the wanted message, protected (in overwrite mode: not protected).
 * PROTOCOL A12 */
static int walk_to_start(struct rill_consumer *consumer, const struct rilli_start *start,
                         struct rilli_place *place, uint64_t *ret_head) {
  const struct rilli_ring *ring = &consumer->ring;
  if (start->start == RILL_OLDEST)
    return 0;
  struct rilli_until until = {.by_sequence = start->start == RILL_SEQUENCE,
                              .sequence = start->sequence};
  if (until.by_sequence && rilli_before(start->sequence, place->sequence)) {
    consumer->lost = place->sequence - start->sequence;
    return 0;
  }
  const int code = rilli_walk(ring, &until, place);
  if (code == 0 && until.by_sequence && place->sequence != start->sequence) {
    *ret_head = place->sequence;
    return -ERANGE;
  }
  return code;
}

/* Joins as a tenancy with this state word. PROTOCOL A8 */
static int join_fresh(struct rill_consumer *consumer, uint64_t joining,
                      const struct rilli_start *start, const uint64_t *unreleased,
                      struct rilli_place *place, uint64_t *ret_head) {
  struct rilli_group *group = consumer->group;
  store_unreleased(group, unreleased ? RILLI_NONE : NOTHING_UNRELEASED,
                   unreleased ? *unreleased : 0);
  atomic_store_explicit(&group->cursor, RILLI_NONE, memory_order_release);
  /* The state first: a joiner that dies before its cursor must be found by its state. */
  /* E11, release: pairs with check_row() in gate.c, holds_up() in evict.c, is_taken() in reclaim.c,
   * rilli_row_state() in row.c */
  atomic_store_explicit(&group->state, joining, memory_order_release);
  for (int tries = 0; tries < TRIES; tries++) {
    int code = take_row(consumer, start, unreleased, place);
    if (code == 0)
      code = walk_to_start(consumer, start, place, ret_head);
    if (code != -EAGAIN)
      return code;
  }
  return -EPROTO;
}

int rilli_noted_place(const struct rilli_group *group, uint64_t cursor, struct rilli_place *ret) {
  for (uint32_t turn = 0; turn < 2; turn++) {
    if (atomic_load_explicit(&group->place[turn].position, memory_order_relaxed) != cursor)
      continue;
    ret->position = cursor;
    ret->sequence = atomic_load_explicit(&group->place[turn].sequence, memory_order_relaxed);
    return 0;
  }
  return -EPROTO;
}

/* The first message that a kept group has not released: not always the one at its cursor. If there
 * is no cursor, its last member died before it stored a new one. PROTOCOL V8 */
static int find_unreleased(const struct rilli_group *group, uint64_t *ret_sequence) {
  const uint64_t cursor = atomic_load_explicit(&group->cursor, memory_order_acquire);
  const uint64_t position = atomic_load_explicit(&group->unreleased.position, memory_order_relaxed);
  struct rilli_place noted;
  if (position == cursor || (cursor == RILLI_NONE && position != NOTHING_UNRELEASED)) {
    *ret_sequence = atomic_load_explicit(&group->unreleased.sequence, memory_order_relaxed);
    return 0;
  }
  const int code = rilli_noted_place(group, cursor, &noted);
  if (code == 0)
    *ret_sequence = noted.sequence;
  return code;
}

/* Checks that a frame begins at the cursor, and finds its sequence, by walking from the index. */
static int verify(const struct rilli_ring *ring, uint64_t cursor, struct rilli_place *ret) {
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_acquire);
  if (rilli_index_position(ring, limit - ring->capacity, cursor, ret)) {
    /* Older than the oldest entry, so it was committed: the frame itself has its sequence. */
    const uint8_t *frame = rilli_frame_at(ring->base, ring->capacity - 1, cursor);
    const uint64_t word = rilli_load_word(frame);
    ret->position = cursor;
    ret->sequence = rilli_load_sequence(frame);
    if (!protected(ring, cursor))
      return -EAGAIN;
    return rilli_word_ok(word, ret->sequence, ring->capacity) ? 0 : -EPROTO;
  }
  const struct rilli_until until = {.by_position = 1, .position = cursor};
  const int code = rilli_walk(ring, &until, ret);
  return code == 0 && ret->position != cursor ? -EPROTO : code;
}

/* The slowest group of a full queue: the write limit may be beyond its cursor + capacity, since it
 * is raised before the rows are scanned. The producer does not write there, since the row gates it.
 * The last member's note and the frame itself show the place. */
static int gated(const struct rill_consumer *consumer, uint64_t cursor, struct rilli_place *ret) {
  const struct rilli_ring *ring = &consumer->ring;
  if (rilli_noted_place(consumer->group, cursor, ret))
    return -EPROTO;
  const uint8_t *frame = rilli_frame_at(ring->base, ring->capacity - 1, cursor);
  const uint64_t word = rilli_load_word(frame);
  return rilli_word_ok(word, ret->sequence, ring->capacity) &&
                 rilli_load_sequence(frame) == ret->sequence
             ? 0
             : -EPROTO;
}

static uint32_t generation_of(const struct rilli_group *group) {
  return RILLI_STATE_GENERATION(atomic_load_explicit(&group->state, memory_order_acquire));
}

/* Did the producer refuse the tenancy of this generation, in any state? */
static int was_refused(const struct rill_consumer *consumer, uint32_t generation) {
  /* E14, acquire: pairs with rilli_refuse() in evict.c */
  return rilli_is_void(&consumer->ring.seen[consumer->member.group], RILLI_STATE(generation, 0, 0));
}

/* A kept group continues where it was. It stays KEPT, so its place is held, until the
 * member is ready. PROTOCOL A14 */
static int resume(const struct rill_consumer *consumer, struct rilli_place *place) {
  const struct rilli_ring *ring = &consumer->ring;
  const uint64_t cursor = atomic_load_explicit(&consumer->group->cursor, memory_order_acquire);
  if (cursor % RILLI_FRAME_ALIGN != 0)
    return -EPROTO;
  const int code = protected(ring, cursor) ? verify(ring, cursor, place) : -EAGAIN;
  if (code != -EAGAIN)
    return code;
  return ring->overwrite
             ? rilli_noted_place(consumer->group, cursor, place) /* lapped: receive reports it */
             : gated(consumer, cursor, place);
}

/* How a member begins: as the group that was kept, or a new one. */
struct beginning {
  uint32_t flags, kept;
  const struct rilli_start *start;
  const uint64_t *unreleased;
};

/* One tenancy of the row, up to its state. Resuming a kept group keeps its generation: if that is
 * refused in one state, it is refused in all later ones. A kept group that starts a new tenancy
 * stays KEPT meanwhile, so that the next member finds it if this one dies here. Returns -ESTALE
 * when the producer refused the tenancy before it was whole. PROTOCOL A13, V7 */
static int begin(struct rill_consumer *consumer, const struct beginning *how, uint64_t *ret_head) {
  struct rilli_group *group = consumer->group;
  const uint64_t old = atomic_load_explicit(&group->state, memory_order_acquire);
  uint32_t generation = RILLI_STATE_GENERATION(old);
  struct rilli_place place;
  int code = -EPROTO;
  if (RILLI_STATE_STATE(old) == RILLI_GROUP_KEPT && !was_refused(consumer, generation))
    code = resume(consumer, &place);
  if (code) {
    const uint32_t state = how->kept ? RILLI_GROUP_KEPT : RILLI_GROUP_JOINING;
    code = join_fresh(consumer, RILLI_STATE(++generation, how->flags, state), how->start,
                      how->unreleased, &place, ret_head);
  }
  if (code)
    return was_refused(consumer, generation) ? -ESTALE : code;
  rilli_store_place(group, 0, place.position, place.sequence);
  rilli_store_place(group, 1, place.position, place.sequence);
  if (how->unreleased && rilli_before(*how->unreleased, place.sequence)) /* its place was lost */
    consumer->lost = place.sequence - *how->unreleased;
  atomic_store_explicit(&consumer->slot->lost, consumer->lost, memory_order_relaxed);
  /* E2, release: pairs with check_row() and furthest_of() in gate.c, holds_up() in evict.c */
  atomic_store_explicit(&group->cursor, place.position, memory_order_release);
  consumer->tenancy = RILLI_STATE(generation, how->flags, RILLI_GROUP_ACTIVE);
  /* E11, release: pairs with check_row() in gate.c, holds_up() in evict.c, is_taken() in reclaim.c,
   * rilli_row_state() in row.c */
  atomic_store_explicit(&group->state, consumer->tenancy, memory_order_release);
  consumer->position = consumer->released = consumer->published = place.position;
  consumer->sequence = place.sequence;
  return was_refused(consumer, generation) ? -ESTALE : 0;
}

int rilli_join(struct rill_consumer *consumer, uint32_t flags, const struct rilli_start *start,
               uint64_t *ret_head) {
  static const struct rilli_start oldest = {RILL_OLDEST, 0};
  struct rilli_group *group = consumer->group;
  const uint64_t word = atomic_load_explicit(&group->state, memory_order_acquire);
  uint64_t unreleased;
  struct beginning how = {.flags = flags, .start = start};
  if (RILLI_STATE_STATE(word) == RILLI_GROUP_KEPT) {
    how = (struct beginning){flags | RILLI_STATE_FLAGS(word), 1, &oldest, NULL};
    if (find_unreleased(group, &unreleased) == 0)
      how.unreleased = &unreleased;
  }
  int code = -ESTALE;
  for (int tries = 0; code == -ESTALE && tries < TRIES; tries++)
    code = begin(consumer, &how, ret_head);
  if (code) {
    const uint32_t next = generation_of(group) + 1;
    atomic_store_explicit(&group->cursor, RILLI_NONE, memory_order_release);
    atomic_store_explicit(&group->state, RILLI_STATE(next, 0, RILLI_GROUP_NONE),
                          memory_order_release);
    consumer->tenancy = 0;
  }
  return code == -ESTALE ? -EPROTO : code; /* a correct producer does not refuse that often */
}

/* PROTOCOL A15, G4 */
void rilli_leave(struct rilli_group *group, int named) {
  const uint64_t state = atomic_load_explicit(&group->state, memory_order_acquire);
  const uint32_t generation = RILLI_STATE_GENERATION(state), flags = RILLI_STATE_FLAGS(state);
  if (RILLI_STATE_STATE(state) == RILLI_GROUP_KEPT && named)
    return;
  if ((flags & RILLI_GROUP_KEEP) && RILLI_STATE_STATE(state) == RILLI_GROUP_ACTIVE) {
    atomic_store_explicit(&group->state, RILLI_STATE(generation, flags, RILLI_GROUP_KEPT),
                          memory_order_release);
    return;
  }
  /* E2, release: pairs with check_row() and furthest_of() in gate.c, holds_up() in evict.c. The
   * gate may rise. */
  atomic_store_explicit(&group->cursor, RILLI_NONE, memory_order_release);
  /* E11, release: pairs with check_row() in gate.c, holds_up() in evict.c, is_taken() in reclaim.c,
   * rilli_row_state() in row.c. The cursor comes before the state. */
  atomic_store_explicit(&group->state, RILLI_STATE(generation, 0, RILLI_GROUP_NONE),
                        memory_order_release);
}

void rilli_declare(struct rilli_group *group, const struct rilli_place *place) {
  rilli_store_place(group, 0, place->position, place->sequence);
  rilli_store_place(group, 1, place->position, place->sequence);
  store_unreleased(group, NOTHING_UNRELEASED, 0);
  atomic_store_explicit(&group->cursor, place->position, memory_order_relaxed);
  atomic_store_explicit(&group->state, RILLI_STATE(1, RILLI_GROUP_KEEP, RILLI_GROUP_KEPT),
                        memory_order_release);
}
