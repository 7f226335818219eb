/* SPDX-License-Identifier: MIT */
/* parts.c - what the inspector computes without a queue: units and percentiles. */
#include "latency.h"
#include "units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static void sizes_are_powers_of_1024(void **state) {
  (void)state;
  uint64_t size;
  assert_true(parse_size("4096", &size) && size == 4096);
  assert_true(parse_size("12B", &size) && size == 12);
  assert_true(parse_size("64k", &size) && size == 65536);
  assert_true(parse_size("64K", &size) && size == 65536);
  assert_true(parse_size("1MiB", &size) && size == 1048576);
  assert_true(parse_size("2G", &size) && size == UINT64_C(1) << 31);
  assert_true(parse_size("1TiB", &size) && size == UINT64_C(1) << 40);
  assert_true(parse_size("18446744073709551615", &size) && size == UINT64_MAX);
}

static void what_is_no_size_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"",         "M",    "-1", "1.5M", "64MB",
                                      "64Mi",     "64 M", "1Q", "0x10", "18446744073709551616",
                                      "99999999T"};
  uint64_t size = 7;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(parse_size(wrong[i], &size));
  assert_int_equal(size, 7);
}

static void durations_keep_their_fractions(void **state) {
  (void)state;
  int64_t span;
  assert_true(parse_duration("5us", &span) && span == 5000);
  assert_true(parse_duration("250ms", &span) && span == 250000000);
  assert_true(parse_duration("20s", &span) && span == INT64_C(20000000000));
  assert_true(parse_duration("20", &span) && span == INT64_C(20000000000));
  assert_true(parse_duration("0.5s", &span) && span == 500000000);
  assert_true(parse_duration("1.5us", &span) && span == 1500);
  assert_true(parse_duration("1.25m", &span) && span == INT64_C(75000000000));
  assert_true(parse_duration("2h", &span) && span == INT64_C(7200000000000));
  assert_true(parse_duration("0ns", &span) && span == 0);
}

static void what_is_no_duration_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "", "s", "-1s", "1.s", "5 ms", "5min", "1e3s", "9223372036854775807ns", "9999999999999h"};
  int64_t span = 7;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_false(parse_duration(wrong[i], &span));
  assert_int_equal(span, 7);
}

static void modes_are_octal(void **state) {
  (void)state;
  uint64_t mode;
  assert_true(parse_mode("0640", &mode) && mode == 0640);
  assert_true(parse_mode("600", &mode) && mode == 0600);
  assert_false(parse_mode("0800", &mode));
  assert_false(parse_mode("7777", &mode));
}

static void shown_sizes_have_a_unit(void **state) {
  (void)state;
  char text[UNITS_TEXT];
  assert_string_equal(format_size(text, 0), "0 B");
  assert_string_equal(format_size(text, 65536), "64 KiB");
  assert_string_equal(format_size(text, 1536), "1.5 KiB");
  assert_string_equal(format_size(text, UINT64_C(64) << 20), "64 MiB");
  format_size(text, UINT64_MAX);
  format_duration(text, INT64_MAX);
}

static struct latency latency;

static void percentile_is_off_by_less_than_one_in_64(void **state) {
  (void)state;
  memset(&latency, 0, sizeof latency);
  for (int64_t i = 1; i <= 100000; i++)
    latency_add(&latency, i * 1000);
  static const uint32_t parts[] = {10000, 500000, 990000, 999000};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    double exact = parts[i] / 1e6 * 100000 * 1000;
    int64_t found = latency_percentile(&latency, parts[i]);
    assert_true((double)found >= exact && (double)found <= exact * (1 + 1.0 / 64));
  }
  assert_int_equal(latency.least, 1000);
  assert_int_equal(latency.greatest, 100000000);
  assert_int_equal(latency_percentile(&latency, 1000000), 100000000);
}

static void latency_takes_every_value(void **state) {
  (void)state;
  memset(&latency, 0, sizeof latency);
  assert_int_equal(latency_percentile(&latency, 500000), 0);
  latency_add(&latency, -5);
  latency_add(&latency, 0);
  latency_add(&latency, 63);
  latency_add(&latency, 64);
  latency_add(&latency, INT64_MAX);
  assert_int_equal(latency.count, 5);
  assert_int_equal(latency.least, 0);
  assert_int_equal(latency_percentile(&latency, 600000), 63);
  assert_int_equal(latency_percentile(&latency, 800000), 64);
  assert_true(latency_percentile(&latency, 1000000) == INT64_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes_are_powers_of_1024),
      cmocka_unit_test(what_is_no_size_is_refused),
      cmocka_unit_test(durations_keep_their_fractions),
      cmocka_unit_test(what_is_no_duration_is_refused),
      cmocka_unit_test(modes_are_octal),
      cmocka_unit_test(shown_sizes_have_a_unit),
      cmocka_unit_test(percentile_is_off_by_less_than_one_in_64),
      cmocka_unit_test(latency_takes_every_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
