/* SPDX-License-Identifier: MIT */
/* sweep_itself.c - the harness is where it says it is: behind each instruction once.
 *
 * The victim counts in memory that is shared with the harness, which compares that at each point
 * with what it was in the rehearsal: in loops, whose instructions all have the same addresses. */
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
  curtain();
  for (int i = 0; i < 30; i++) {
    count_on();
    if (i == 10)
      (void)getppid();
    for (int k = 0; k < i % 3; k++)
      count_on();
  }
  curtain_falls();
}

static void every_turn_of_a_loop(void) {
  const struct operation operation = {.play = count, .after = nothing};
  sweep_instructions(&operation);
}

static void write_words(void *arg) {
  (void)arg;
  static const char words[] = "0123456789abcdef";
  volatile char bytes[64];
  rill_queue *here = open_queue(&attr);
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = words[i % 16];
  curtain();
  for (int i = 0; i < 3; i++) {
    CHECK_CODE(rill_publish(mine, (const void *)(uintptr_t)bytes, sizeof bytes, RILL_NOW), 0);
    count_on();
  }
  curtain_falls();
}

static void every_change(void) {
  const struct operation operation = {
      .before = consumer_waits, .play = write_words, .after = everybody_leaves};
  sweep_changes(&operation);
}

static const struct test tests[] = {
    {"every_turn_of_a_loop", every_turn_of_a_loop},
    {"every_change", every_change},
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
