/* SPDX-License-Identifier: MIT */
/* perf/tests/harness_test.c - the rounds, and what happens when a peer of a benchmark
 * fails, dies or hangs: that is reported, and no process is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A contender that misbehaves where its flags say so. */
struct odd {
  int setup_fails, open_fails, pong_fails, pong_dies, ping_hangs;
  int set_up, torn_down; /* in the supervisor                                    */
};

static int odd_setup(void *self) {
  struct odd *odd = self;
  odd->set_up++;
  return odd->setup_fails;
}

static int odd_open(void *self, enum pair_side side) {
  struct odd *odd = self;
  return side == PAIR_PONG ? odd->open_fails : 0;
}

static int odd_ping(void *self, uint64_t n) {
  struct odd *odd = self;
  (void)n;
  while (odd->ping_hangs)
    pause();
  return 0;
}

static int odd_pong(void *self, uint64_t n) {
  struct odd *odd = self;
  (void)n;
  if (odd->pong_dies)
    raise(SIGKILL);
  return odd->pong_fails ? pair_error(odd->pong_fails, "the line is cut") : 0;
}

static void odd_teardown(void *self) {
  struct odd *odd = self;
  odd->torn_down++;
}

static int run_odd(struct odd *odd, size_t rounds, struct harness_result *ret, char *why,
                   size_t size) {
  const struct contender contender = {.name = "odd/1",
                                      .self = odd,
                                      .setup = odd_setup,
                                      .open = odd_open,
                                      .ping = odd_ping,
                                      .pong = odd_pong,
                                      .teardown = odd_teardown};
  struct harness_options options = {.rounds = rounds, .slice_us = 50, .patience = 1};
  assert_int_equal(pair_choose_cpus(&options.cpus), 0);
  int rc = harness_run(&contender, 1, &options, ret, why, size);
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no process is left */
  assert_int_equal(errno, ECHILD);
  return rc;
}

static void every_round_is_kept_or_counted_as_dropped(void **state) {
  (void)state;
  struct odd odd = {0};
  struct harness_result result;
  char why[512];
  assert_int_equal(run_odd(&odd, 20, &result, why, sizeof why), 0);
  assert_int_equal(result.rounds + result.dropped, 20);
  assert_int_equal(result.columns, HARNESS_FIRST + 1);
  for (size_t i = 0; i < result.rounds; i++) {
    const double *row = result.ns + i * result.columns;
    assert_true(row[HARNESS_RAW_BEST] > 0);
    assert_true(row[HARNESS_RAW_BEST] <= row[HARNESS_RAW_SPIN]);
    assert_true(row[HARNESS_RAW_BEST] <= row[HARNESS_RAW_PAUSE]);
    assert_true(row[HARNESS_FIRST] > 0);
  }
  assert_int_equal(odd.set_up, 1);
  assert_int_equal(odd.torn_down, 1);
  harness_free(&result);
}

/* --- turns and rests ----------------------------------------------------------- */

struct paced { /* all in the ping process                                       */
  uint64_t longest, unrested;
};

static int paced_ping(void *self, uint64_t n) {
  struct paced *paced = self;
  if (n > paced->longest)
    return pair_error(-ERANGE, "a turn of %llu", (unsigned long long)n);
  if (paced->unrested)
    return pair_error(-EBUSY, "no rest");
  paced->unrested = n;
  return 0;
}

static int paced_pong(void *self, uint64_t n) {
  (void)self;
  (void)n;
  return 0;
}

static int paced_rest(void *self) {
  struct paced *paced = self;
  paced->unrested = 0;
  return 0;
}

static void a_turn_is_no_longer_than_allowed_and_followed_by_a_rest(void **state) {
  (void)state;
  struct paced paced = {.longest = 100};
  const struct contender contender = {.name = "paced/1",
                                      .self = &paced,
                                      .longest = paced.longest,
                                      .ping = paced_ping,
                                      .pong = paced_pong,
                                      .rest = paced_rest};
  struct harness_options options = {.rounds = 20, .slice_us = 250, .patience = 10};
  struct harness_result result;
  char why[512];
  assert_int_equal(pair_choose_cpus(&options.cpus), 0);
  assert_int_equal(harness_run(&contender, 1, &options, &result, why, sizeof why), 0);
  harness_free(&result);
}

/* A latency of its turn's length in each turn, in place of messages. */
static int timed_pong(void *self, uint64_t n) {
  samples_add(self, n);
  return 0;
}

static void samples_are_filed_under_their_round(void **state) {
  (void)state;
  static struct samples own, other;
  const struct contender contenders[] = {
      {.name = "none", .self = &(struct odd){0}, .ping = odd_ping, .pong = odd_pong},
      {.name = "one", .self = &own, .samples = &own, .ping = odd_ping, .pong = timed_pong},
      {.name = "two", .self = &other, .samples = &other, .ping = odd_ping, .pong = timed_pong}};
  struct harness_options options = {.rounds = 20, .slice_us = 50, .patience = 1};
  struct harness_result result;
  char why[512];
  assert_int_equal(pair_choose_cpus(&options.cpus), 0);
  assert_int_equal(harness_run(contenders, 3, &options, &result, why, sizeof why), 0);
  assert_non_null(result.samples);
  struct samples_total all = {.count = 0}, total;
  size_t last = 0;
  for (size_t i = 0; i < result.rounds; i++) {
    assert_true(i == 0 || result.measured[i] > last);
    last = result.measured[i];
    for (size_t j = 0; j < 3; j++) {
      struct samples_total turn = {.count = 0};
      samples_gather(&turn, &result.samples[result.measured[i] * 3 + j]);
      assert_int_equal(turn.count, j != 0); /* only the turn that counts */
      const double figure = result.ns[i * result.columns + HARNESS_FIRST + j];
      if (j)
        assert_true((uint64_t)figure == turn.max);
      if (j == 1)
        samples_gather(&all, &result.samples[result.measured[i] * 3 + j]);
    }
  }
  uint64_t sum = 0, max = 0;
  for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++) {
    harness_gather(&result, HARNESS_FIRST + 1, regime, &total);
    sum += total.count;
    max = total.max > max ? total.max : max;
  }
  assert_int_equal(sum, result.rounds);
  assert_int_equal(max, all.max);
  harness_free(&result);
}

static void a_failing_setup_starts_no_process(void **state) {
  (void)state;
  struct odd odd = {.setup_fails = -ENOSPC};
  char why[512];
  assert_int_equal(run_odd(&odd, 1, NULL, why, sizeof why), -ENOSPC);
  assert_non_null(strstr(why, "setup of odd/1"));
  assert_int_equal(odd.torn_down, 0);
}

static void the_error_text_of_a_process_is_reported(void **state) {
  (void)state;
  struct odd pong = {.pong_fails = -EPIPE}, open = {.open_fails = -EACCES};
  char why[512];
  assert_int_equal(run_odd(&pong, 1, NULL, why, sizeof why), -EIO);
  assert_string_equal(why, "the pong process: pong of odd/1: the line is cut");
  assert_int_equal(pong.torn_down, 1);
  assert_int_equal(run_odd(&open, 1, NULL, why, sizeof why), -EIO);
  assert_non_null(strstr(why, "open of odd/1"));
  assert_int_equal(open.torn_down, 1);
}

static void a_dead_process_ends_the_other(void **state) {
  (void)state;
  struct odd odd = {.pong_dies = 1, .ping_hangs = 1};
  char why[512];
  assert_int_equal(run_odd(&odd, 1, NULL, why, sizeof why), -EIO);
  assert_non_null(strstr(why, "the pong process was ended by signal 9"));
  assert_int_equal(odd.torn_down, 1);
}

static void a_hang_is_ended_and_says_where(void **state) {
  (void)state;
  struct odd odd = {.ping_hangs = 1};
  char why[512];
  assert_int_equal(run_odd(&odd, 1, NULL, why, sizeof why), -ETIMEDOUT);
  assert_non_null(strstr(why, "ping stands in odd/1"));
  assert_int_equal(odd.torn_down, 1);
}

static int ping_until_looked_at(void *self, uint64_t n) {
  _Atomic int *looks = self;
  (void)n;
  while (!atomic_load(looks))
    ;
  return 0;
}

static int pong_nothing(void *self, uint64_t n) {
  (void)self;
  (void)n;
  return 0;
}

static void count_look(void *looks, size_t rounds) {
  assert_in_range(rounds, 0, 3);
  atomic_fetch_add((_Atomic int *)looks, 1);
}

static void the_supervisor_looks_while_they_run(void **state) {
  (void)state;
  _Atomic int *looks =
      mmap(NULL, sizeof *looks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(looks != MAP_FAILED);
  const struct contender contender = {
      .name = "odd/1", .self = looks, .ping = ping_until_looked_at, .pong = pong_nothing};
  struct harness_options options = {
      .rounds = 3, .slice_us = 50, .patience = 5, .look = count_look, .look_arg = looks};
  struct harness_result result;
  char why[512];
  assert_int_equal(pair_choose_cpus(&options.cpus), 0);
  assert_int_equal(harness_run(&contender, 1, &options, &result, why, sizeof why), 0);
  harness_free(&result);
  munmap(looks, sizeof *looks);
}

static void both_end_with_their_supervisor(void **state) {
  (void)state;
  int pipes[2];
  assert_int_equal(pipe(pipes), 0);
  pid_t supervisor = fork();
  assert_true(supervisor >= 0);
  if (supervisor == 0) {
    /* The write end is in three processes now; the last one to die closes it. */
    struct odd odd = {.ping_hangs = 1};
    const struct contender contender = {
        .name = "odd/1", .self = &odd, .ping = odd_ping, .pong = odd_pong};
    struct harness_options options = {.rounds = 1, .slice_us = 50, .patience = 1000};
    struct harness_result result;
    char why[512];
    pair_choose_cpus(&options.cpus);
    (void)!write(pipes[1], "x", 1);
    harness_run(&contender, 1, &options, &result, why, sizeof why);
    _exit(0);
  }
  close(pipes[1]);
  char byte;
  assert_int_equal(read(pipes[0], &byte, 1), 1);
  usleep(200000); /* so that there is a pair; a run without one yet passes as well */
  kill(supervisor, SIGKILL);
  assert_int_equal(waitpid(supervisor, NULL, 0), supervisor);
  assert_int_equal(read(pipes[0], &byte, 1), 0);
  close(pipes[0]);
}

static void a_signal_to_the_supervisor_cleans_up_first(void **state) {
  (void)state;
  struct odd *odd =
      mmap(NULL, sizeof *odd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(odd != MAP_FAILED);
  odd->ping_hangs = 1;
  pid_t supervisor = fork();
  assert_true(supervisor >= 0);
  if (supervisor == 0) {
    char why[512];
    run_odd(odd, 1, NULL, why, sizeof why);
    _exit(0); /* not reached: the signal comes when it is let through */
  }
  usleep(200000);
  kill(supervisor, SIGTERM);
  int status;
  assert_int_equal(waitpid(supervisor, &status, 0), supervisor);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  assert_int_equal(odd->torn_down, 1);
  munmap(odd, sizeof *odd);
}

/* A contender that takes some time for each unit, and counts the units of a turn. */
struct slow {
  _Atomic uint64_t *most; /* shared: units in its longest turn                     */
};

static int slow_ping(void *self, uint64_t n) {
  const struct slow *slow = self;
  if (n > atomic_load(slow->most))
    atomic_store(slow->most, n);
  for (; n; n--) {
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    do
      clock_gettime(CLOCK_MONOTONIC, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000000L + now.tv_nsec - begin.tv_nsec < 20000);
  }
  return 0;
}

static int slow_pong(void *self, uint64_t n) {
  (void)self;
  (void)n;
  return 0;
}

static void settling_does_not_count_and_stretched_turns_are_longer(void **state) {
  (void)state;
  _Atomic uint64_t *most =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(most != MAP_FAILED);
  struct slow slow[3] = {{&most[0]}, {&most[1]}, {&most[2]}};
  /* At least 20 us a unit. The second contender declares a second of it as settling; of the third
   * one all counts, and its turns are eight times as long. */
  const struct contender contenders[3] = {
      {.name = "slow/1", .self = &slow[0], .ping = slow_ping, .pong = slow_pong},
      {.name = "slow/2",
       .self = &slow[1],
       .ping = slow_ping,
       .pong = slow_pong,
       .threads = true,
       .settle_ns = 1e9},
      {.name = "slow/3", .self = &slow[2], .ping = slow_ping, .pong = slow_pong, .stretch = 8},
  };
  struct harness_options options = {.rounds = 20, .slice_us = 200, .patience = 10};
  struct harness_result result;
  char why[512];
  assert_int_equal(pair_choose_cpus(&options.cpus), 0);
  assert_int_equal(harness_run(contenders, 3, &options, &result, why, sizeof why), 0);
  for (size_t i = 0; i < result.rounds; i++) {
    const double *figures = result.ns + i * result.columns + HARNESS_FIRST;
    assert_true(figures[0] >= 20000 && figures[2] >= 20000);
    assert_true(figures[1] >= 20000 - 1e9 && figures[1] < 0);
  }
  assert_true(atomic_load(&most[2]) > 2 * atomic_load(&most[0]));
  harness_free(&result);
  munmap(most, 4096);
}

static _Atomic int *goodbyes; /* shared                                            */

static void say_goodbye(void) {
  atomic_fetch_add(goodbyes, 1);
}

static int polite_open(void *self, enum pair_side side) {
  (void)side;
  atexit(say_goodbye);
  return *(int *)self;
}

static void processes_that_end_well_run_their_exit_handlers(void **state) {
  (void)state;
  goodbyes = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(goodbyes != MAP_FAILED);
  int rc = 0;
  const struct contender contender = {
      .name = "polite/1", .self = &rc, .open = polite_open, .ping = slow_pong, .pong = slow_pong};
  struct harness_options options = {.rounds = 1, .slice_us = 50, .patience = 10};
  struct harness_result result;
  char why[512];
  assert_int_equal(pair_choose_cpus(&options.cpus), 0);
  assert_int_equal(harness_run(&contender, 1, &options, &result, why, sizeof why), 0);
  assert_int_equal(atomic_load(goodbyes), PAIR_SIDES);
  harness_free(&result);
  rc = -EIO; /* a process that fails ends immediately: its report must not wait for handlers */
  assert_int_equal(harness_run(&contender, 1, &options, &result, why, sizeof why), -EIO);
  assert_int_equal(atomic_load(goodbyes), PAIR_SIDES);
  munmap(goodbyes, 4096);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_round_is_kept_or_counted_as_dropped),
      cmocka_unit_test(a_turn_is_no_longer_than_allowed_and_followed_by_a_rest),
      cmocka_unit_test(samples_are_filed_under_their_round),
      cmocka_unit_test(a_failing_setup_starts_no_process),
      cmocka_unit_test(the_error_text_of_a_process_is_reported),
      cmocka_unit_test(a_dead_process_ends_the_other),
      cmocka_unit_test(a_hang_is_ended_and_says_where),
      cmocka_unit_test(the_supervisor_looks_while_they_run),
      cmocka_unit_test(both_end_with_their_supervisor),
      cmocka_unit_test(a_signal_to_the_supervisor_cleans_up_first),
      cmocka_unit_test(settling_does_not_count_and_stretched_turns_are_longer),
      cmocka_unit_test(processes_that_end_well_run_their_exit_handlers),
  };
  return cmocka_run_group_tests_name("harness", tests, NULL, NULL);
}
