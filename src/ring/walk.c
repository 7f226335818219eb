/* SPDX-License-Identifier: MIT */
/* walk.c - finding frames without a cursor, by walking from one to the next.
 *
 * Used by joiners, by a producer's successor and by the inspector. Everything read here
 * may be overwritten meanwhile, or be invalid: each step is checked against the write limit,
 * and the number of steps is bounded. */
#include "walk.h"

#include <errno.h>

/* Was what was read at this place not overwritten meanwhile? -EAGAIN: it may have been. -EPROTO:
 * the place is beyond the write limit, where nothing is written; to begin again would not help. */
static int believable(const struct rilli_ring *ring, uint64_t position) {
  /* E4, acquire: pairs with raise_limit() and open_gate() in gate.c */
  atomic_thread_fence(memory_order_acquire);
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
    const uint64_t word = rilli_load_word(frame);
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
  /* A ring of nothing but skip frames; or a producer as fast as this walk: then the walk is past
   * all that was published when it began. */
  return place->sequence == first ? -EPROTO : 0;
}

/* PROTOCOL S2 */
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
