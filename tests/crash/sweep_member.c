/* SPDX-License-Identifier: MIT */
/* sweep_member.c - a member that dies behind any instruction of receive and release, and behind
 * each change of joining and leaving that others can see.
 *
 * A group that is not kept ends with it; the next member of a kept one continues at a message that
 * was not released, or whose release was not published. The other group gets everything. */
#include <errno.h>

#include "victims.h"
#include "sweep.h"

static void take_some(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = open_consumer(open_queue(&others.attr),
                                      (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  mark();
  for (int i = 0; i < 6; i++) { /* more than capacity/32: the cursor is published on the way */
    CHECK_EQ(rill_receive(mine, RILL_NOW, &message), 0);
    CHECK_EQ(rill_release(mine, &message), 0);
  }
  mark_end();
}

static void receive_and_release(void) {
  const struct sweep sweep = {
      .before = backlog_of_a_kept_group, .run = take_some, .after = kept_group_goes_on};
  released = KEPT_FROM + 6;
  sweep_instructions(&sweep);
}

/* Publishes the cursor: behind what was released, not behind what was received. */
static void take_all_and_check_again(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = open_consumer(open_queue(&others.attr),
                                      (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  for (int i = KEPT_FROM; i < BACKLOG; i++) {
    CHECK_EQ(rill_receive(mine, RILL_NOW, &message), 0);
    if (i < BACKLOG - 2)
      CHECK_EQ(rill_release(mine, &message), 0);
  }
  mark();
  CHECK_EQ(rill_receive(mine, RILL_NOW, &message), -EAGAIN);
  mark_end();
}

static void empty_poll(void) {
  const struct sweep sweep = {.before = backlog_of_a_kept_group,
                              .run = take_all_and_check_again,
                              .after = kept_group_goes_on};
  released = BACKLOG - 2;
  sweep_instructions(&sweep);
}

static void take_a_batch(void *arg) {
  (void)arg;
  struct rill_message messages[8];
  rill_consumer *mine = open_consumer(open_queue(&others.attr),
                                      (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  mark();
  CHECK_EQ(rill_receive_batch(mine, 8, RILL_NOW, messages), 8);
  CHECK_EQ(rill_release(mine, &messages[4]), 0);
  mark_end();
}

static void batch_and_release(void) {
  const struct sweep sweep = {
      .before = backlog_of_a_kept_group, .run = take_a_batch, .after = kept_group_goes_on};
  released = KEPT_FROM + 5;
  sweep_instructions(&sweep);
}

/* Copies, and checks the write limit. */
static void receive_of_an_overwritten_ring(void) {
  others.attr.overflow = RILL_OVERWRITE;
  receive_and_release();
  others.attr.overflow = RILL_RELIABLE;
}

/* --- joining and leaving --------------------------------------------------------------------- */

static void sweep_group(void (*before)(void), void (*run)(void *arg), void (*after)(void)) {
  const struct sweep sweep = {.before = before, .run = run, .after = after};
  sweep_changes(&sweep);
}

static void joining_alone(void) {
  sweep_group(producer_and_consumer, join_alone, nothing_is_left_of_it);
}
static void leaving_alone(void) {
  sweep_group(producer_and_consumer, leave_alone, nothing_is_left_of_it);
}

static void join_at(uint32_t start, uint64_t first) {
  const struct rill_consumer_attr late = {.size = sizeof late, .start = start, .sequence = first};
  rill_queue *here = open_queue(&others.attr);
  rill_consumer *mine = NULL;
  mark();
  CHECK_EQ(rill_consumer_open(here, &late, &mine), 0);
  mark_end();
}

static void join_at_latest(void *arg) {
  (void)arg;
  join_at(RILL_LATEST, 0);
}

static void join_at_a_sequence(void *arg) {
  (void)arg;
  join_at(RILL_SEQUENCE, BACKLOG / 2);
}

static void joining_late(void) {
  sweep_group(backlog, join_at_latest, nothing_is_left_of_it);
  sweep_group(backlog, join_at_a_sequence, nothing_is_left_of_it);
}

static void first_member_of_a_kept_group(void) {
  sweep_group(backlog, join_kept, kept_group_goes_on_or_begins);
}
static void next_member_of_a_kept_group(void) {
  released = KEPT_FROM;
  sweep_group(backlog_of_a_kept_group, join_kept, kept_group_goes_on);
}
static void leaving_a_kept_group(void) {
  released = KEPT_FROM + 3;
  sweep_group(backlog_of_a_kept_group, leave_kept, kept_group_goes_on);
}

/* The group has the whole ring to read, and the producer has no room. */
static void full_ring_of_a_kept_group(void) {
  backlog_of_a_kept_group();
  for (uint64_t number = BACKLOG; publish_number(others.producer, number, RILL_NOW) == 0;)
    number++;
  drain();
}

static void next_member_before_a_full_ring(void) {
  released = KEPT_FROM;
  sweep_group(full_ring_of_a_kept_group, join_kept, kept_group_goes_on);
}

static void unlink_group(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&others.attr);
  mark();
  CHECK_EQ(rill_group_unlink(here, "kept"), 0);
  mark_end();
}

/* It continues at its place, or is removed: then a new one gets what the ring has. */
static void removed_or_not(void) {
  examine();
  next_continues(0, KEPT_FROM);
}

static void removing_a_kept_group(void) {
  sweep_group(backlog_of_a_kept_group, unlink_group, removed_or_not);
}

static const struct test tests[] = {
    NAMED(receive_and_release),
    NAMED(empty_poll),
    NAMED(batch_and_release),
    NAMED(receive_of_an_overwritten_ring),
    NAMED(joining_alone),
    NAMED(leaving_alone),
    NAMED(joining_late),
    NAMED(first_member_of_a_kept_group),
    NAMED(next_member_of_a_kept_group),
    NAMED(next_member_before_a_full_ring),
    NAMED(leaving_a_kept_group),
    NAMED(removing_a_kept_group),
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
