/* SPDX-License-Identifier: MIT */
/* index.c - the index: where frames begin, about once in capacity/32 bytes.
 *
 * The producer pushes entries; joiners, successors and lapped consumers search them from the
 * newest down. What they read may be overwritten meanwhile, or be invalid: an entry is
 * trusted if it is still the same one after the read (E8). Model: tests/model/index.pml. */
#include <errno.h>

#include "walk.h"

/* PROTOCOL A2 */
void rilli_index_push(const struct rilli_ring *ring, const struct rilli_place *place) {
  const uint64_t n = atomic_load_explicit(&ring->page->index_head, memory_order_relaxed);
  struct rilli_index *entry = &ring->index[n % RILLI_INDEX_COUNT];
  /* E8, release fence: pairs with read_entry() in index.c. A reader of the old entry that sees
   * these bytes also sees an index_head >= n. */
  atomic_thread_fence(memory_order_release);
  atomic_store_explicit(&entry->position, place->position, memory_order_relaxed);
  atomic_store_explicit(&entry->sequence, place->sequence, memory_order_relaxed);
  atomic_store_explicit(&entry->time, place->time, memory_order_relaxed);
  /* E8, release: pairs with search_index() in index.c. The entry is whole before it counts. */
  atomic_store_explicit(&ring->page->index_head, n + 1, memory_order_release);
}

/* Entry n, if it was not replaced meanwhile. */
static int read_entry(const struct rilli_ring *ring, uint64_t n, struct rilli_place *ret) {
  const struct rilli_index *entry = &ring->index[n % RILLI_INDEX_COUNT];
  const struct rilli_place place = {
      .position = atomic_load_explicit(&entry->position, memory_order_relaxed),
      .sequence = atomic_load_explicit(&entry->sequence, memory_order_relaxed),
      .time = atomic_load_explicit(&entry->time, memory_order_relaxed)};
  /* E8, acquire fence: pairs with rilli_index_push() in index.c. The entry comes before its check.
   */
  atomic_thread_fence(memory_order_acquire);
  const uint64_t head = atomic_load_explicit(&ring->page->index_head, memory_order_relaxed);
  if (head - n > RILLI_INDEX_COUNT - 1 || place.position % RILLI_FRAME_ALIGN != 0)
    return -EAGAIN;
  *ret = place;
  return 0;
}

/* Entries are searched from the newest down; an invalid one ends the search. */
struct search {
  uint64_t floor, sequence, position;
  uint32_t by_sequence, by_position;
};

static int low_enough(const struct search *search, const struct rilli_place *place) {
  return (search->by_sequence && !rilli_before(search->sequence, place->sequence)) ||
         (search->by_position && !rilli_before(search->position, place->position));
}

static int search_index(const struct rilli_ring *ring, const struct search *search,
                        struct rilli_place *ret) {
  /* E8, acquire: pairs with rilli_index_push() in index.c */
  const uint64_t head = atomic_load_explicit(&ring->page->index_head, memory_order_acquire);
  int found = 0;
  for (uint64_t back = 1; back < RILLI_INDEX_COUNT && back <= head; back++) {
    struct rilli_place place;
    if (read_entry(ring, head - back, &place))
      break;
    if (rilli_before(place.position, search->floor))
      break; /* and so are all older ones */
    *ret = place;
    found = 1;
    if (low_enough(search, &place))
      return 0;
  }
  return found && !search->by_sequence && !search->by_position ? 0 : -ENOENT;
}

int rilli_index_newest(const struct rilli_ring *ring, struct rilli_place *ret) {
  for (int tries = 0; tries < 64; tries++) {
    const uint64_t head = atomic_load_explicit(&ring->page->index_head, memory_order_acquire);
    if (head == 0)
      return -EPROTO;
    if (read_entry(ring, head - 1, ret) == 0)
      return 0;
  }
  return -EPROTO;
}

int rilli_index_oldest(const struct rilli_ring *ring, uint64_t floor, struct rilli_place *ret) {
  const struct search search = {.floor = floor};
  return search_index(ring, &search, ret);
}

int rilli_index_sequence(const struct rilli_ring *ring, uint64_t floor, uint64_t sequence,
                         struct rilli_place *ret) {
  const struct search search = {.floor = floor, .sequence = sequence, .by_sequence = 1};
  return search_index(ring, &search, ret);
}

int rilli_index_position(const struct rilli_ring *ring, uint64_t floor, uint64_t position,
                         struct rilli_place *ret) {
  const struct search search = {.floor = floor, .position = position, .by_position = 1};
  return search_index(ring, &search, ret);
}
