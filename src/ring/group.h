/* SPDX-License-Identifier: MIT */
/* group.h - joining and leaving; the caller holds the row's lease and reclaim bytes. */
#ifndef RILLI_GROUP_H
#define RILLI_GROUP_H

#include "consumer.h"

struct rilli_start {
  uint32_t start;
  uint64_t sequence;
};
/* Makes a row that is NONE (or KEPT) its own. flags: RILLI_GROUP_KEEP. On success the
 * consumer's place is set; *ret_head on -ERANGE: the sequence that comes next. */
int rilli_join(struct rill_consumer *consumer, uint32_t flags, const struct rilli_start *start,
               uint64_t *ret_head);
/* Gives the row up (or keeps its place); a process that finds this half done repeats it.
 * The state word may be a dead member's. named: whether a later member can find the row again. */
void rilli_leave(struct rilli_group *group, int named);
/* A group that exists from the start. */
void rilli_declare(struct rilli_group *group, const struct rilli_place *place);

/* The sequence that the group's member noted for this cursor; -EPROTO: there is none. */
int rilli_noted_place(const struct rilli_group *group, uint64_t cursor, struct rilli_place *ret);
static inline void rilli_store_place(struct rilli_group *group, uint32_t turn, uint64_t position,
                                     uint64_t sequence) {
  atomic_store_explicit(&group->place[turn].sequence, sequence, memory_order_relaxed);
  atomic_store_explicit(&group->place[turn].position, position, memory_order_relaxed);
}

#endif
