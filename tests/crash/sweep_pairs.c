/* SPDX-License-Identifier: MIT */
/* sweep_pairs.c - a process that died, and one that dies while it recovers from that: pairs of
 * crashes, each visible point of the first with each visible point of the second. A third process
 * repairs everything. */
#include <errno.h>

#include "victims.h"
#include "sweep.h"

static void sweep_two(void (*before)(void), void (*one)(void *arg), void (*other)(void *arg),
                      void (*after)(void)) {
  const struct sweep first = {.before = before, .run = one, .after = after};
  const struct sweep second = {.run = other, .after = after};
  sweep_pairs(&first, &second);
}

/* --- a dead member ------------------------------------------------------------------------- */

static void dead_member_and_reclaimer(void) {
  sweep_two(producer_and_consumer, join_alone, collect, nothing_is_left_of_it);
  sweep_two(producer_and_consumer, leave_alone, collect, nothing_is_left_of_it);
}

static void dead_member_of_a_kept_group_and_reclaimer(void) {
  released = KEPT_FROM;
  sweep_two(backlog_of_a_kept_group, join_kept, collect, kept_group_goes_on);
  released = KEPT_FROM + 3;
  sweep_two(backlog_of_a_kept_group, leave_kept, collect, kept_group_goes_on);
}

static void dead_member_and_the_next(void) {
  sweep_two(backlog, join_kept, join_kept, kept_group_goes_on_or_begins);
  released = KEPT_FROM;
  sweep_two(backlog_of_a_kept_group, join_kept, join_kept, kept_group_goes_on);
}

/* Two dead processes: a member of the kept group, and one of a group of its own. */
static void two_dead_members(void) {
  backlog_of_a_kept_group();
  struct process *one = spawn_traced("member", join_kept, NULL);
  run_to_mark(one);
  struct process *other = spawn_traced("lone member", join_alone, NULL);
  run_to_mark(other);
  kill_traced(one);
  kill_traced(other);
}

static void dead_reclaimer_and_the_next(void) {
  released = KEPT_FROM;
  sweep_two(two_dead_members, collect, collect, kept_group_goes_on);
}

/* --- a dead producer ------------------------------------------------------------------------- */

static void publish_one(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&others.attr);
  mark();
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  CHECK_EQ(publish_number(mine, stat_of(here).sequence, RILL_NOW), 0);
  mark_end();
}

static uint64_t known; /* messages from before                                                  */

static void third_goes_on(void) {
  examine();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  drain();
  CHECK(others.due >= known && others.due <= known + 2);
  nothing_is_left_of_it();
}

static void dead_producer_and_successor(void) {
  known = 0;
  sweep_two(consumer_waits, publish_one, publish_one, third_goes_on);
}

/* Up to a place, laps later, at which the next small message reaches the middle of a quantum, where
 * the write limit is raised ahead. */
static void laps_later(void) {
  const uint64_t quantum = others.attr.capacity / 32;
  uint64_t from, to;
  consumer_waits();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  do {
    publish_next(others.due);
    drain();
    from = stat_of(others.queue).position;
    to = from + frame_of(others.due);
  } while (from < 2 * others.attr.capacity || to - from > 192 || from % quantum >= quantum / 2 ||
           to % quantum < quantum / 2);
  rill_producer_close(others.producer);
  others.producer = NULL;
  known = others.due;
}

static void dead_producer_and_successor_laps_later(void) {
  sweep_two(laps_later, publish_one, publish_one, third_goes_on);
}

/* It becomes the producer and checks for dead members. */
static void dead_member_and_producer(void) {
  known = 0;
  sweep_two(consumer_waits, join_alone, publish_one, third_goes_on);
}

/* --- a queue that is not finished, or not wholly removed ------------------------------------- */

static void dead_creator_and_the_next(void) {
  sweep_two(NULL, create, create, name_is_usable);
}
static void dead_creator_and_collector(void) {
  sweep_two(NULL, create, collect, one_gc_leaves_nothing);
}
static void dead_remover_and_the_next(void) {
  sweep_two(producer_and_consumer, unlink_by_name, unlink_by_name, bystanders_know);
}
static void dead_remover_and_creator(void) {
  sweep_two(producer_and_consumer, unlink_by_name, create, bystanders_know);
}
static void dead_collector_and_the_next(void) {
  sweep_two(idle_queue, collect, collect, one_gc_leaves_nothing);
}
static void dead_collector_and_creator(void) {
  sweep_two(idle_queue, collect, create, name_is_usable);
}

static const struct test tests[] = {
    NAMED(dead_member_and_reclaimer),   NAMED(dead_member_of_a_kept_group_and_reclaimer),
    NAMED(dead_member_and_the_next),    NAMED(dead_reclaimer_and_the_next),
    NAMED(dead_producer_and_successor), NAMED(dead_producer_and_successor_laps_later),
    NAMED(dead_member_and_producer),    NAMED(dead_creator_and_the_next),
    NAMED(dead_creator_and_collector),  NAMED(dead_remover_and_the_next),
    NAMED(dead_remover_and_creator),    NAMED(dead_collector_and_the_next),
    NAMED(dead_collector_and_creator),
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
