/* SPDX-License-Identifier: MIT */
/* sweep_itself.c - the harness stops where it says: behind each instruction once.
 *
 * The victim counts in memory shared with the harness, which compares the count at each point with
 * the recorded one. It does so in loops, where the same addresses come again. */
#include "sweep.h"

#include <string.h>
#include <unistd.h>

static void nothing(void) {
}

static __attribute__((noinline)) void count_on(void) {
  atomic_fetch_add(&me->count[0], 1);
}

static void count(void *arg) {
  (void)arg;
  mark();
  for (int i = 0; i < 30; i++) {
    count_on();
    if (i == 10)
      (void)getppid();
    for (int k = 0; k < i % 3; k++)
      count_on();
  }
  mark_end();
}

static void every_turn_of_a_loop(void) {
  const struct sweep sweep = {.run = count, .after = nothing};
  sweep_instructions(&sweep);
}

static void write_words(void *arg) {
  (void)arg;
  static const char words[] = "0123456789abcdef";
  volatile char bytes[64];
  rill_queue *here = open_queue(&others.attr);
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = words[i % 16];
  mark();
  for (int i = 0; i < 3; i++) {
    CHECK_EQ(rill_publish(mine, (const void *)(uintptr_t)bytes, sizeof bytes, RILL_NOW), 0);
    count_on();
  }
  mark_end();
}

static void every_change(void) {
  const struct sweep sweep = {.before = consumer_waits, .run = write_words, .after = all_leave};
  sweep_changes(&sweep);
}

static const struct test tests[] = {
    NAMED(every_turn_of_a_loop),
    NAMED(every_change),
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
