/* SPDX-License-Identifier: MIT */
/* walk.h - the index of frames, and walking over committed ones. */
#ifndef RILLI_WALK_H
#define RILLI_WALK_H

#include "view.h"

int rilli_index_newest(const struct rilli_ring *ring, struct rilli_place *ret);
/* The oldest entry at or behind `floor`. -ENOENT: there is none. */
int rilli_index_oldest(const struct rilli_ring *ring, uint64_t floor, struct rilli_place *ret);
/* The newest entry at or behind floor whose sequence (position) is not greater; -ENOENT: none. */
int rilli_index_sequence(const struct rilli_ring *ring, uint64_t floor, uint64_t sequence,
                         struct rilli_place *ret);
int rilli_index_position(const struct rilli_ring *ring, uint64_t floor, uint64_t position,
                         struct rilli_place *ret);
/* Pushes a new entry, before the write limit goes beyond it. */
void rilli_index_push(const struct rilli_ring *ring, const struct rilli_place *place);

/* Steps over frames until one is not committed, or until sequence or position is reached, but
 * not much further than the ring is long (a producer may commit as fast as this walks).
 * Returns 0, -EPROTO (invalid bytes), -EAGAIN (overtaken: begin again). */
struct rilli_until {
  uint64_t sequence, position;
  uint32_t by_sequence, by_position;
};
int rilli_walk(const struct rilli_ring *ring, const struct rilli_until *until,
               struct rilli_place *place);
/* The place of the next message to come, found without the producer. */
int rilli_find_head(const struct rilli_ring *ring, struct rilli_place *ret);

#endif
