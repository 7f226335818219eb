/* SPDX-License-Identifier: MIT */
/* killed_at_calls.c - killed before and behind each system call of what changes a queue:
 * making, opening, removing and collecting it, and coming and going of its processes.
 *
 * Each time, others go on at once, and after one reclaim nothing is left of the dead. */
#include <errno.h>

#include "tracer.h"

static const struct rill_queue_attr two_groups = {
    .size = sizeof two_groups, .capacity = 65536, .max_groups = 4};

/* Kills `play` at each stop in turn; `before` and `after` surround each try. */
struct sweep {
  void (*play)(void *arg);
  void (*before)(void);
  void (*after)(void);
};

static void sweep(const struct sweep *sweep) {
  unsigned stops = 0;
  for (long call = 0; call >= 0; stops++) {
    if (sweep->before)
      sweep->before();
    struct actor *victim = spawn_traced("victim", sweep->play, NULL);
    call = run_to_stop(victim, stops + 1);
    at("%s died at stop %u, call %ld", victim->name, stops + 1, call);
    if (call >= 0)
      kill_traced(victim);
    sweep->after();
  }
  (void)printf("  %u stops\n", stops - 1);
  CHECK(stops > 4);
}

static void check_round_trip(rill_queue *queue) {
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  rill_consumer *consumer =
      open_consumer(queue, (struct joining){.wait = RILL_PARK, .start = RILL_LATEST});
  uint64_t number = stat_of(queue).sequence;
  for (unsigned i = 0; i < 300; i++, number++) { /* more than the ring holds */
    CHECK_CODE(publish_number(producer, number, RILL_FOREVER), 0);
    receive_number(consumer, number);
  }
  rill_consumer_close(consumer);
  rill_producer_close(producer);
}

/* --- making --------------------------------------------------------------------------- */

static void create(void *arg) {
  (void)arg;
  (void)context_here();
  curtain();
  (void)open_queue(&two_groups);
}

static void can_be_made_and_collected(void) {
  rill_queue *queue = open_queue(&two_groups);
  check_round_trip(queue);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void collects_at_once(void) {
  gc_leaves_nothing();
}

static void removes_by_name(void) {
  const int code = rill_queue_unlink(context_here(), "q");
  CHECK_THAT(code == 0 || code == -ENOENT, "unlink: %d (%s)", code, rill_error());
  gc_leaves_nothing();
}

static void creator_killed_at_any_call_leaves_the_name_usable(void) {
  const struct sweep parts = {create, NULL, can_be_made_and_collected};
  sweep(&parts);
}
static void creator_killed_at_any_call_leaves_nothing_after_gc(void) {
  const struct sweep parts = {create, NULL, collects_at_once};
  sweep(&parts);
}
static void creator_killed_at_any_call_leaves_nothing_after_unlink(void) {
  const struct sweep parts = {create, NULL, removes_by_name};
  sweep(&parts);
}

/* --- removing ------------------------------------------------------------------------ */

static rill_queue *survivor;
static rill_producer *producer;
static rill_consumer *consumer;
static uint64_t sequence;

static void survivors_enter(void) {
  survivor = open_queue(&two_groups);
  producer = open_producer(survivor, RILL_PARK, RILL_NOW);
  consumer = open_consumer(survivor, (struct joining){.group = "other", .wait = RILL_PARK});
  sequence = 0;
}

static void survivors_leave(void) {
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(survivor);
  consumer = NULL;
  producer = NULL;
  survivor = NULL;
}

/* More than the ring holds, so that a dead member in the way would stop it. */
static void survivors_go_on(void) {
  for (unsigned i = 0; i < 300; i++, sequence++) {
    CHECK_CODE(publish_number(producer, sequence, RILL_FOREVER), 0);
    receive_number(consumer, sequence);
  }
}

static void unlink_it(void *arg) {
  (void)arg;
  (void)context_here();
  curtain();
  CHECK_CODE(rill_queue_unlink(context_here(), "q"), 0);
}

static void survivors_know(void) {
  if (!stat_of(survivor).removed)
    survivors_go_on();
  else {
    struct rill_message message;
    int code = 0;
    for (unsigned i = 0; i < 300 && code == 0; i++)
      code = publish_number(producer, i, RILL_NOW);
    CHECK_THAT(code == -ESTALE || code == -EAGAIN, "publish to a removed queue: %d", code);
    while ((code = rill_receive(consumer, rill_after(1000000000), &message)) == 0)
      CHECK_CODE(rill_release(consumer, NULL), 0);
    CHECK_CODE(code, -ESTALE);
  }
  survivors_leave();
  can_be_made_and_collected();
}

static void unlinker_killed_at_any_call_leaves_a_queue_or_none(void) {
  const struct sweep parts = {unlink_it, survivors_enter, survivors_know};
  sweep(&parts);
}

/* gc finishes what the dead remover began, though survivors still have it open. */
static void gc_finishes_it(void) {
  if (stat_of(survivor).removed)
    gc_leaves_nothing();
  survivors_know();
}

static void gc_finishes_what_a_killed_unlinker_began(void) {
  const struct sweep parts = {unlink_it, survivors_enter, gc_finishes_it};
  sweep(&parts);
}

static void leave_a_queue(void) {
  rill_queue_close(open_queue(&two_groups));
}

static void collect(void *arg) {
  (void)arg;
  (void)context_here();
  curtain();
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 1);
}

static void collector_killed_at_any_call_is_replaced_by_the_next(void) {
  const struct sweep parts = {collect, leave_a_queue, collects_at_once};
  sweep(&parts);
  const struct sweep again = {collect, leave_a_queue, can_be_made_and_collected};
  sweep(&again);
}

/* --- coming and going ------------------------------------------------------------------ */

static void open_the_queue(void *arg) {
  (void)arg;
  (void)context_here();
  curtain();
  rill_queue_close(open_queue(&two_groups));
}

static const char *group_name;

static void open_a_consumer(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(&two_groups);
  curtain();
  (void)open_consumer(queue, (struct joining){.group = group_name,
                                              .flags = group_name ? RILL_KEEP_GROUP : 0});
}

static void close_a_consumer(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(&two_groups);
  rill_consumer *mine =
      open_consumer(queue, (struct joining){.group = group_name,
                                            .flags = group_name ? RILL_KEEP_GROUP : 0});
  curtain();
  rill_consumer_close(mine);
}

static void nothing_is_left_but_the_survivors(void) {
  survivors_go_on();
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  CHECK(stat_of(survivor).group_count == 1);
  check_invariants(survivor);
  survivors_leave();
  gc_leaves_nothing();
}

/* The group may be there or not; its next member goes on at once. */
static void kept_group_can_be_joined(void) {
  rill_consumer *next = open_consumer(
      survivor, (struct joining){.group = group_name, .flags = RILL_KEEP_GROUP});
  for (unsigned i = 0; i < 300; i++, sequence++) {
    CHECK_CODE(publish_number(producer, sequence, RILL_FOREVER), 0);
    receive_number(consumer, sequence);
    receive_number(next, sequence);
  }
  CHECK(stat_of(survivor).group_count == 2);
  rill_consumer_close(next);
  survivors_leave();
  gc_leaves_nothing();
}

static void opener_killed_at_any_call_leaves_survivors_unharmed(void) {
  const struct sweep parts = {open_the_queue, survivors_enter, nothing_is_left_but_the_survivors};
  sweep(&parts);
}

static void consumer_killed_at_any_call_of_open_and_close_leaves_no_group(void) {
  const struct sweep opening = {open_a_consumer, survivors_enter,
                                nothing_is_left_but_the_survivors};
  const struct sweep closing = {close_a_consumer, survivors_enter,
                                nothing_is_left_but_the_survivors};
  group_name = NULL;
  sweep(&opening);
  sweep(&closing);
}

static void member_killed_at_any_call_of_open_and_close_has_a_successor(void) {
  const struct sweep opening = {open_a_consumer, survivors_enter, kept_group_can_be_joined};
  const struct sweep closing = {close_a_consumer, survivors_enter, kept_group_can_be_joined};
  group_name = "kept";
  sweep(&opening);
  sweep(&closing);
}

static void consumer_waits(void) {
  survivor = open_queue(&two_groups);
  consumer = open_consumer(survivor, (struct joining){.group = "other", .wait = RILL_PARK,
                                                      .flags = RILL_FOLLOW});
  sequence = 0;
}

static void open_a_producer(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(&two_groups);
  curtain();
  (void)open_producer(queue, RILL_PARK, RILL_NOW);
}

static void publish_and_close(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(&two_groups);
  rill_producer *mine = open_producer(queue, RILL_PARK, RILL_NOW);
  for (uint64_t number = 0; number < 10; number++)
    CHECK_CODE(publish_number(mine, number, RILL_NOW), 0);
  curtain();
  rill_producer_close(mine);
}

static void successor_goes_on(void) {
  struct rill_message message;
  const uint64_t published = stat_of(survivor).sequence;
  CHECK(published == 0 || published == 10);
  producer = open_producer(survivor, RILL_PARK, RILL_NOW);
  for (; sequence < published; sequence++)
    receive_number(consumer, sequence);
  CHECK_CODE(rill_receive(consumer, RILL_NOW, &message), -EAGAIN);
  survivors_go_on();
  survivors_leave();
  gc_leaves_nothing();
}

static void producer_killed_at_any_call_of_open_and_close_has_a_successor(void) {
  const struct sweep opening = {open_a_producer, consumer_waits, successor_goes_on};
  const struct sweep closing = {publish_and_close, consumer_waits, successor_goes_on};
  sweep(&opening);
  sweep(&closing);
}

static const struct test tests[] = {
    {"creator_killed_at_any_call_leaves_the_name_usable",
     creator_killed_at_any_call_leaves_the_name_usable},
    {"creator_killed_at_any_call_leaves_nothing_after_gc",
     creator_killed_at_any_call_leaves_nothing_after_gc},
    {"creator_killed_at_any_call_leaves_nothing_after_unlink",
     creator_killed_at_any_call_leaves_nothing_after_unlink},
    {"unlinker_killed_at_any_call_leaves_a_queue_or_none",
     unlinker_killed_at_any_call_leaves_a_queue_or_none},
    {"gc_finishes_what_a_killed_unlinker_began", gc_finishes_what_a_killed_unlinker_began},
    {"collector_killed_at_any_call_is_replaced_by_the_next",
     collector_killed_at_any_call_is_replaced_by_the_next},
    {"opener_killed_at_any_call_leaves_survivors_unharmed",
     opener_killed_at_any_call_leaves_survivors_unharmed},
    {"consumer_killed_at_any_call_of_open_and_close_leaves_no_group",
     consumer_killed_at_any_call_of_open_and_close_leaves_no_group},
    {"member_killed_at_any_call_of_open_and_close_has_a_successor",
     member_killed_at_any_call_of_open_and_close_has_a_successor},
    {"producer_killed_at_any_call_of_open_and_close_has_a_successor",
     producer_killed_at_any_call_of_open_and_close_has_a_successor},
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
