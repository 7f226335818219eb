/* SPDX-License-Identifier: MIT */
/* parts.c - the inspector's pure functions: units and percentiles. */
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
  static const struct {
    const char *text;
    uint64_t bytes;
  } cases[] = {
      {"0", 0},
      {"4096", 4096},
      {"12B", 12},
      {"12b", 12},
      {"64k", 65536},
      {"64K", 65536},
      {"64KB", 65536},
      {"64kb", 65536},
      {"64KiB", 65536},
      {"64kib", 65536},
      {"64m", 67108864},
      {"64M", 67108864},
      {"64MB", 67108864},
      {"64mb", 67108864},
      {"64MiB", 67108864},
      {"64 MiB", 67108864},
      {"1.5G", 1610612736},
      {"0.5k", 512},
      {"0.0001K", 0},
      {"2g", UINT64_C(1) << 31},
      {"1TiB", UINT64_C(1) << 40},
      {"16777215.999999999T", UINT64_MAX - 1099},
      {"18446744073709551615", UINT64_MAX},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint64_t size;
    if (!parse_size(cases[i].text, &size) || size != cases[i].bytes)
      fail_msg("'%s' is not read as %llu", cases[i].text, (unsigned long long)cases[i].bytes);
  }
}

static void what_is_no_size_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "",          "M",     "MB",   "-1",     "+1",
      "1.5",       "1.5B",  "1.K",  ".5K",    "64Mi",
      "64MBs",     "64  M", "1Q",   "0x10",   "18446744073709551616",
      "99999999T", "1e3K",  "64M ", "1G512M", "1K1"};
  uint64_t size = 7;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (parse_size(wrong[i], &size))
      fail_msg("'%s' is read as %llu", wrong[i], (unsigned long long)size);
  assert_int_equal(size, 7);
}

static void durations_keep_their_fractions(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int64_t nanoseconds;
  } cases[] = {
      {"5us", 5000},
      {"250ms", 250000000},
      {"20s", INT64_C(20000000000)},
      {"20", INT64_C(20000000000)},
      {"0.5", 500000000},
      {"0.5s", 500000000},
      {"1.5us", 1500},
      {"1.25m", INT64_C(75000000000)},
      {"2min", INT64_C(120000000000)},
      {"2.0 min", INT64_C(120000000000)},
      {"2h", INT64_C(7200000000000)},
      {"0.1h", INT64_C(360000000000)},
      {"1m30s", INT64_C(90000000000)},
      {"1h2m3.5s", INT64_C(3723500000000)},
      {"0ns", 0},
      {"0", 0},
      {"9223372036854775806ns", INT64_MAX - 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int64_t span;
    if (!parse_duration(cases[i].text, &span) || span != cases[i].nanoseconds)
      fail_msg("'%s' is not read as %lld", cases[i].text, (long long)cases[i].nanoseconds);
  }
}

static void what_is_no_duration_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"",      "s",     "-1s", "+1s",   "1.s",
                                      "5  ms", "5M",    "5S",  "1e3s",  "9223372036854775807ns",
                                      "1m30",  "1 30",  "5 ",  "1.5ns", "9999999999999h",
                                      "ms5",   "1m 30s"};
  int64_t span = 7;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (parse_duration(wrong[i], &span))
      fail_msg("'%s' is read as %lld", wrong[i], (long long)span);
  assert_int_equal(span, 7);
}

/* What an error text proposes is accepted. */
static void examples_of_sizes_and_durations_are_read(void **state) {
  (void)state;
  uint64_t size;
  int64_t span;
  char sizes[] = SIZE_EXAMPLES, durations[] = DURATION_EXAMPLES;
  for (char *word = strtok(sizes, ", "); word; word = strtok(NULL, ", "))
    if (strcmp(word, "or") != 0)
      assert_true(parse_size(word, &size));
  for (char *word = strtok(durations, ", "); word; word = strtok(NULL, ", "))
    if (strcmp(word, "or") != 0)
      assert_true(parse_duration(word, &span));
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
      cmocka_unit_test(examples_of_sizes_and_durations_are_read),
      cmocka_unit_test(modes_are_octal),
      cmocka_unit_test(shown_sizes_have_a_unit),
      cmocka_unit_test(percentile_is_off_by_less_than_one_in_64),
      cmocka_unit_test(latency_takes_every_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
