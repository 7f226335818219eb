/* SPDX-License-Identifier: MIT */
/* walk.c - finding frames from outside: the index, and walking from one to the next.
 *
 * Used by joiners, by a producer's successor and by the inspector. Everything read here
 * may be overwritten at the same time, or be nonsense: entries are validated (E8), each
 * step is checked against the write limit, and the number of steps is bounded. */
#include "ring.h"

#include <errno.h>

/* E8: entry n, if it is still that one. */
static int read_entry(const struct rilli_ring *ring, uint64_t n, struct rilli_place *ret) {
  const struct rilli_index *entry = &ring->index[n % RILLI_INDEX_COUNT];
  const struct rilli_place place = {
      .position = atomic_load_explicit(&entry->position, memory_order_relaxed),
      .sequence = atomic_load_explicit(&entry->sequence, memory_order_relaxed),
      .time = atomic_load_explicit(&entry->time, memory_order_relaxed)};
  atomic_thread_fence(memory_order_acquire);
  const uint64_t head = atomic_load_explicit(&ring->page->index_head, memory_order_relaxed);
  if (head - n > RILLI_INDEX_COUNT - 1 || place.position % RILLI_FRAME_ALIGN != 0)
    return -EAGAIN;
  *ret = place;
  return 0;
}

/* Entries are looked at from the newest down; those that make no sense end the search. */
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

/* Is what was read at this place still what lay there? -EAGAIN: it was overtaken. -EPROTO: it
 * lies beyond the write limit, where nothing is written; to begin again would not help. */
static int believable(const struct rilli_ring *ring, uint64_t position) {
  atomic_thread_fence(memory_order_acquire); /* E4 */
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_relaxed);
  if (limit - position <= ring->capacity)
    return 0;
  return rilli_before(limit, position) ? -EPROTO : -EAGAIN;
}

int rilli_walk(const struct rilli_ring *ring, const struct rilli_until *until,
               struct rilli_place *place) {
  const uint64_t first = place->sequence;
  uint64_t walked = 0;
  while (walked <= ring->capacity) {
    if ((until->by_sequence && place->sequence == until->sequence) ||
        (until->by_position && !rilli_before(place->position, until->position)))
      return 0;
    const uint8_t *frame = rilli_frame_at(ring->base, ring->capacity - 1, place->position);
    const uint64_t word = rilli_load_word(frame); /* E1 */
    const uint64_t sequence = rilli_load_sequence(frame);
    const int code = believable(ring, place->position);
    if (code)
      return code;
    if (word == 0 || !rilli_word_ok(word, place->sequence, ring->capacity) ||
        sequence != place->sequence)
      return 0;
    const uint64_t stride = rilli_stride(rilli_word_length(word));
    place->position += stride;
    walked += stride;
    if (!(rilli_word_flags(word) & RILLI_FLAG_SKIP))
      place->sequence++;
  }
  /* A ring of nothing but skip frames; or a producer as fast as this walk: then all that was
   * published when it began lies behind. */
  return place->sequence == first ? -EPROTO : 0;
}

int rilli_find_head(const struct rilli_ring *ring, struct rilli_place *ret) {
  static const struct rilli_until end = {.by_sequence = 0};
  for (int tries = 0; tries < 1000; tries++) {
    struct rilli_place place;
    int code = rilli_index_newest(ring, &place);
    if (code == 0)
      code = rilli_walk(ring, &end, &place);
    if (code == 0)
      *ret = place;
    if (code != -EAGAIN)
      return code;
  }
  return -EPROTO;
}
