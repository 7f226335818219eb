/* SPDX-License-Identifier: MIT */
/* sweep_queue.c - a process that makes, opens, removes or collects a queue, or becomes its
 * producer, dies behind each change that others can see: files, names, words.
 *
 * There is a queue or there is none; its name can be used immediately; one gc leaves nothing. */
#include <errno.h>

#include "victims.h"
#include "sweep.h"

static void sweep_queue(void (*before)(void), void (*run)(void *arg), void (*after)(void)) {
  const struct sweep sweep = {.before = before, .run = run, .after = after};
  sweep_changes(&sweep);
}

static void unlink_leaves_nothing(void) {
  const int code = rill_queue_unlink(context_here(), "q");
  CHECK_THAT(code == 0 || code == -ENOENT, "unlink: %d (%s)", code, rill_error());
  one_gc_leaves_nothing();
}

static void creator(void) {
  sweep_queue(NULL, create, name_is_usable);
  sweep_queue(NULL, create, one_gc_leaves_nothing);
  sweep_queue(NULL, create, unlink_leaves_nothing);
}

static const char *const declared[] = {"first", "second"};

static void create_with_groups(void *arg) {
  others.attr.groups = declared;
  others.attr.group_count = 2;
  create(arg);
}

static void creator_of_declared_groups(void) {
  sweep_queue(NULL, create_with_groups, one_gc_leaves_nothing);
}

/* A queue left by others, with other attributes. */
static void replace(void *arg) {
  others.attr.capacity *= 2;
  create(arg);
}

static void name_is_usable_after_a_gc(void) {
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  name_is_usable();
}

/* Without the gc, too: an open with the old attributes replaces it again. */
static void replacer(void) {
  sweep_queue(idle_queue, replace, name_is_usable);
  sweep_queue(idle_queue, replace, name_is_usable_after_a_gc);
}

static void open_and_close(void *arg) {
  (void)arg;
  (void)context_here();
  mark();
  rill_queue_close(open_queue(&others.attr));
  mark_end();
}

static void opener(void) {
  sweep_queue(producer_and_consumer, open_and_close, nothing_is_left_of_it);
}

static void open_and_close_a_producer(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&others.attr);
  mark();
  rill_producer_close(open_producer(here, RILL_PARK, RILL_NOW));
  mark_end();
}

static void successor_goes_on(void) {
  examine();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  nothing_is_left_of_it();
}

static void producer_that_comes_and_goes(void) {
  sweep_queue(consumer_waits, open_and_close_a_producer, successor_goes_on);
}

static void remover(void) {
  sweep_queue(idle_queue, unlink_by_name, name_is_usable);
  sweep_queue(idle_queue, unlink_by_name, one_gc_leaves_nothing);
}

/* gc finishes what the dead remover began, although others still have the queue open. */
static void gc_finishes_the_removal(void) {
  if (stat_of(others.queue).removed)
    gc_leaves_nothing();
  bystanders_know();
}

static void remover_of_a_queue_in_use(void) {
  sweep_queue(producer_and_consumer, unlink_by_name, bystanders_know);
  sweep_queue(producer_and_consumer, unlink_by_name, gc_finishes_the_removal);
}

static void collector(void) {
  sweep_queue(idle_queue, collect, name_is_usable);
  sweep_queue(idle_queue, collect, one_gc_leaves_nothing);
}

static const struct test tests[] = {
    NAMED(creator),
    NAMED(creator_of_declared_groups),
    NAMED(replacer),
    NAMED(opener),
    NAMED(producer_that_comes_and_goes),
    NAMED(remover),
    NAMED(remover_of_a_queue_in_use),
    NAMED(collector),
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
