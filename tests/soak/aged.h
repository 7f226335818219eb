/* SPDX-License-Identifier: MIT */
/* aged.h - queues that seem to be old: made so that their counters are about to wrap.
 *
 * There is no public way to say where a new queue begins, and no need for one. What is made while
 * `aged` says so begins there: rilli_plan_identity goes through a wrapper (the linker's --wrap). */
#ifndef RILL_TEST_AGED_H
#define RILL_TEST_AGED_H

#include "actors.h"
#include "client.h"

struct age {
  uint64_t position, sequence; /* of the first message                                */
};
extern struct age aged;

/* The scene's queue "q", reliable or not, with groups "kept" and "other" from the start. */
rill_queue *open_aged(struct age age, uint32_t overflow);
/* Its segments, mapped for writing by the test, to set what counts in them. */
struct parts {
  struct rilli_mapping data, control;
  struct rilli_producer_page *page;
  struct rilli_index *index;
  struct rilli_hints *hints;
};
void map_parts(const rill_queue *queue, struct parts *ret);
void unmap_parts(struct parts *parts);
struct rilli_group *group_of(const rill_queue *queue, const struct parts *parts, uint32_t row);
/* Doctor finds nothing that is wrong. */
void check_sound(const char *when);

#endif
