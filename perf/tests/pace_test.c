/* SPDX-License-Identifier: MIT */
/* perf/tests/pace_test.c - the open loop, with a simulated clock: what a stall does to the
 * percentiles. And histograms of turns, and the real clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pace.h"
#include "samples.h"
#include "ticks.h"

#include <string.h>

/* A clock in ns; reading it takes 10 ns. */
static uint64_t now;

static uint64_t look(void) {
  return now += 10;
}

/* A channel that takes `cost` to send, is stalled once, and delivers 100 ns after that. */
struct channel {
  uint64_t cost, stall_at, stall; /* the message and how long                        */
  uint64_t sent, failing_at;
  uint64_t last_due;
  uint64_t late;  /* samples over 1 us                                           */
  uint64_t naive; /* samples over 1 us, if they counted from when they were sent        */
  struct samples samples;
};

static int send_(void *self, uint64_t due) {
  struct channel *channel = self;
  if (channel->failing_at && channel->sent == channel->failing_at)
    return -5;
  assert_true(now >= due); /* never early */
  const uint64_t begin = now;
  now += channel->cost;
  if (channel->sent == channel->stall_at)
    now += channel->stall;
  samples_add(&channel->samples, pace_latency(due, now + 100));
  channel->late += now + 100 - due > 1000;
  channel->naive += now + 100 - begin > 1000;
  channel->last_due = due;
  channel->sent++;
  return 0;
}

enum { MESSAGES = 10000, INTERVAL = 1000, LEAD = 5000 };

static struct samples_total run(struct channel *channel) {
  static struct samples_total total;
  now = 1000000;
  assert_int_equal(pace_send(look, LEAD, INTERVAL, MESSAGES, send_, channel), 0);
  memset(&total, 0, sizeof total);
  samples_gather(&total, &channel->samples);
  assert_int_equal(total.count, MESSAGES);
  return total;
}

static void messages_leave_when_they_are_due(void **state) {
  (void)state;
  static struct channel channel = {.cost = 50, .stall_at = UINT64_MAX};
  const struct samples_total total = run(&channel);
  assert_true(total.max >= 150 && total.max < 150 + 20);
  assert_int_equal(channel.last_due, 1000000 + 10 + LEAD + (MESSAGES - 1) * INTERVAL);
  assert_true(samples_percentile(&total, 500000) <= total.max);
}

/* A stall of 1 ms under a message each us: a thousand were due meanwhile. One is sent
 * every 60 ns, so about 1,064 are late. A sender that shifts its schedule sees one late message. */
static void a_stall_shows_in_all_messages_that_were_due_meanwhile(void **state) {
  (void)state;
  static struct channel channel = {.cost = 50, .stall_at = 5000, .stall = 1000000};
  const struct samples_total total = run(&channel);
  assert_int_equal(channel.naive, 1);
  assert_in_range(channel.late, 1000, 1100);
  assert_true(total.max >= 1000000 && total.max < 1001000);
  assert_true(samples_percentile(&total, 500000) < 200);
  assert_true(samples_percentile(&total, 880000) < 200);
  /* The 99th percentile is a tenth of the way down the backlog, the 95th half of it. */
  assert_in_range(samples_percentile(&total, 990000), 880000, 930000);
  assert_in_range(samples_percentile(&total, 950000), 480000, 560000);
  assert_in_range(samples_percentile(&total, 999000), 970000, 1001000);
  /* Then it is on schedule again; the schedule was never shifted. */
  assert_int_equal(channel.last_due, 1000000 + 10 + LEAD + (MESSAGES - 1) * INTERVAL);
}

/* 1.5 us for a message each us: the backlog grows by half a us a message. */
static void too_slow_a_sender_falls_behind_for_ever(void **state) {
  (void)state;
  static struct channel channel = {.cost = 1490, .stall_at = UINT64_MAX};
  const struct samples_total total = run(&channel);
  const uint64_t behind = MESSAGES * UINT64_C(500);
  assert_in_range(total.max, behind, behind + 2000);
  assert_in_range(samples_percentile(&total, 500000), behind / 2 - 2000,
                  behind / 2 + behind / 64 + 2000);
}

static void a_failing_send_ends_the_turn(void **state) {
  (void)state;
  static struct channel channel = {.cost = 50, .stall_at = UINT64_MAX, .failing_at = 7};
  now = 0;
  assert_int_equal(pace_send(look, LEAD, INTERVAL, MESSAGES, send_, &channel), -5);
  assert_int_equal(channel.sent, 7);
}

static void nothing_is_received_before_it_was_due(void **state) {
  (void)state;
  assert_int_equal(pace_latency(100, 90), 0);
  assert_int_equal(pace_latency(100, 100), 0);
  assert_int_equal(pace_latency(100, 130), 30);
}

static void turns_are_added_up(void **state) {
  (void)state;
  static struct samples one, other;
  static struct samples_total total;
  for (uint64_t i = 1; i <= 99; i++)
    samples_add(&one, i);
  samples_add(&other, 1000000);
  samples_gather(&total, &one);
  samples_gather(&total, &other);
  assert_true(total.count == 100 && total.max == 1000000);
  assert_int_equal(samples_percentile(&total, 500000), 50);
  assert_int_equal(samples_percentile(&total, 990000), 99);
  assert_int_equal(samples_percentile(&total, 999000), 1000000); /* not above the maximum */
  samples_add(&one, UINT64_MAX);
  assert_int_equal(one.buckets[SAMPLES_SIZE - 1], 1);
}

/* Whichever clock it is: it goes forward, and its ns are those of CLOCK_MONOTONIC. */
static void ticks_are_a_clock(void **state) {
  (void)state;
  const char *words = ticks_init();
  assert_true(strstr(words, ticks.counter ? "time stamp counter" : "clock_gettime") == words);
  assert_ptr_equal(ticks_init(), words);
  struct timespec a, b, c, d;
  clock_gettime(CLOCK_MONOTONIC, &a);
  const uint64_t begin = ticks_now();
  clock_gettime(CLOCK_MONOTONIC, &b);
  uint64_t last = begin;
  do { /* 5 ms */
    const uint64_t next = ticks_now();
    assert_true(next >= last);
    last = next;
    clock_gettime(CLOCK_MONOTONIC, &c);
  } while ((c.tv_sec - a.tv_sec) * 1000000000 + c.tv_nsec - a.tv_nsec < 5000000);
  const double span = (double)(ticks_now() - begin) / ticks.per_ns;
  const uint64_t ns = ticks_ns(ticks_now() - begin);
  clock_gettime(CLOCK_MONOTONIC, &d);
  /* The true span lies between these two, whatever came in between; 1 in 1,000 for rates. */
  const double least = (double)((c.tv_sec - b.tv_sec) * 1000000000 + c.tv_nsec - b.tv_nsec);
  const double most = (double)((d.tv_sec - a.tv_sec) * 1000000000 + d.tv_nsec - a.tv_nsec);
  assert_true(span >= least * 0.999 && span <= most * 1.001);
  assert_true((double)ns >= least * 0.999 && (double)ns <= most * 1.001);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_leave_when_they_are_due),
      cmocka_unit_test(a_stall_shows_in_all_messages_that_were_due_meanwhile),
      cmocka_unit_test(too_slow_a_sender_falls_behind_for_ever),
      cmocka_unit_test(a_failing_send_ends_the_turn),
      cmocka_unit_test(nothing_is_received_before_it_was_due),
      cmocka_unit_test(turns_are_added_up),
      cmocka_unit_test(ticks_are_a_clock),
  };
  return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
