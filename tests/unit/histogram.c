/* SPDX-License-Identifier: MIT */
/* histogram.c - log-linear buckets: their borders, their error, and percentiles against sorted
 * values. */
#include "unit.h"

#include <stdlib.h>

#include "histogram.h"

/* The queue's own, the inspector's, and some others. */
static const uint32_t all_bits[] = {0, 1, 3, 5, 6, 10};
enum { KINDS = sizeof all_bits / sizeof all_bits[0] };

static void small_values_have_a_bucket_each(void **state) {
  (void)state;
  for (uint32_t k = 0; k < KINDS; k++) {
    const uint32_t bits = all_bits[k];
    for (uint32_t value = 0; value < 2u << bits; value++) {
      assert_int_equal(rilli_histogram_index(bits, value), value);
      assert_true(rilli_histogram_least(bits, value) == value);
      assert_true(rilli_histogram_greatest(bits, value) == value);
    }
  }
}

static void borders_are_exact(void **state) {
  (void)state;
  /* Eight steps an octave: 16 to 31 by two, 32 to 63 by four, ... */
  assert_int_equal(rilli_histogram_index(3, 15), 15);
  assert_int_equal(rilli_histogram_index(3, 16), 16);
  assert_int_equal(rilli_histogram_index(3, 17), 16);
  assert_int_equal(rilli_histogram_index(3, 18), 17);
  assert_int_equal(rilli_histogram_index(3, 31), 23);
  assert_int_equal(rilli_histogram_index(3, 32), 24);
  assert_int_equal(rilli_histogram_index(3, 35), 24);
  assert_int_equal(rilli_histogram_index(3, 36), 25);
  assert_int_equal(rilli_histogram_least(3, 25), 36);
  assert_int_equal(rilli_histogram_greatest(3, 25), 39);
  assert_int_equal(rilli_histogram_index(3, (UINT64_C(1) << 40) - 1), 303);
  assert_int_equal(rilli_histogram_index(3, UINT64_C(1) << 40), 304);
  assert_int_equal(RILLI_HISTOGRAM_SIZE(3u, 40u), 304);
  assert_int_equal(RILLI_HISTOGRAM_SIZE(6u, 64u), 59 * 64);
  assert_int_equal(rilli_histogram_index(6, UINT64_MAX), 59 * 64 - 1);
  assert_true(rilli_histogram_greatest(6, 59 * 64 - 1) == UINT64_MAX);
}

static void buckets_lie_side_by_side_and_none_is_wider_than_its_part(void **state) {
  (void)state;
  for (uint32_t k = 0; k < KINDS; k++) {
    const uint32_t bits = all_bits[k], size = RILLI_HISTOGRAM_SIZE(bits, 64u);
    uint64_t next = 0;
    for (uint32_t i = 0; i < size; i++) {
      const uint64_t least = rilli_histogram_least(bits, i);
      const uint64_t greatest = rilli_histogram_greatest(bits, i);
      assert_true(least == next && greatest >= least);
      assert_int_equal(rilli_histogram_index(bits, least), i);
      assert_int_equal(rilli_histogram_index(bits, greatest), i);
      assert_true(greatest - least <= least >> bits);
      next = greatest + 1;
    }
    assert_true(next == 0); /* 2^64: no value is left out */
  }
}

static void a_greater_value_has_no_earlier_bucket(void **state) {
  (void)state;
  for (uint32_t k = 0; k < KINDS; k++) {
    uint32_t last = 0;
    for (uint32_t shift = 0; shift < 64; shift++)
      for (uint64_t part = 8; part < 16; part++) {
        const uint64_t value = part << shift >> 3;
        const uint32_t index = rilli_histogram_index(all_bits[k], value);
        if (part << shift >> shift != part)
          continue; /* beyond 64 bits */
        assert_true(index >= last);
        last = index;
      }
  }
}

static void what_lies_beyond_is_in_the_last_bucket(void **state) {
  (void)state;
  assert_int_equal(rilli_histogram_bucket(3, 304, (UINT64_C(1) << 40) - 1), 303);
  assert_int_equal(rilli_histogram_bucket(3, 304, UINT64_C(1) << 40), 303);
  assert_int_equal(rilli_histogram_bucket(3, 304, UINT64_MAX), 303);
  assert_int_equal(rilli_histogram_bucket(3, 304, 15), 15);
  assert_int_equal(rilli_histogram_bucket(3, 1, 15), 0);
}

static int by_value(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

/* The smallest value that at least this part of all are not above. */
static uint64_t sorted_percentile(const uint64_t *sorted, uint64_t count, uint32_t per_million) {
  uint64_t rank = 1;
  while (rank * 1000000 < count * per_million)
    rank++;
  return sorted[rank - 1];
}

enum { MANY = 20000 };
static uint64_t values[MANY], counts[RILLI_HISTOGRAM_SIZE(10u, 64u)];

static void percentiles_are_those_of_the_sorted_values(void **state) {
  (void)state;
  static const uint32_t parts[] = {0, 1, 500000, 900000, 990000, 999000, 999900, 999999, 1000000};
  static const uint64_t many[] = {1, 2, 3, 7, 10, 999, 1000, 1001, MANY};
  uint64_t random = 42;
  for (uint32_t k = 0; k < KINDS; k++)
    for (size_t n = 0; n < sizeof many / sizeof many[0]; n++) {
      const uint32_t bits = all_bits[k], size = RILLI_HISTOGRAM_SIZE(bits, 64u);
      memset(counts, 0, sizeof counts);
      for (uint64_t i = 0; i < many[n]; i++) { /* all magnitudes */
        const uint64_t magnitude = support_random(&random) % 64;
        values[i] = support_random(&random) >> magnitude;
        counts[rilli_histogram_index(bits, values[i])]++;
      }
      qsort(values, many[n], sizeof values[0], by_value);
      for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        const uint64_t exact = sorted_percentile(values, many[n], parts[p]);
        const uint64_t reported = rilli_histogram_percentile(bits, counts, size, parts[p]);
        assert_true(reported >= exact && reported - exact <= exact >> bits);
        assert_int_equal(rilli_histogram_index(bits, reported), rilli_histogram_index(bits, exact));
      }
    }
}

static void a_rank_that_is_whole_is_not_rounded_up(void **state) {
  (void)state;
  memset(counts, 0, sizeof counts);
  for (uint32_t i = 1; i <= 100; i++)
    counts[i]++; /* bits 6: a bucket each */
  for (uint32_t i = 1; i <= 100; i++) {
    assert_int_equal(rilli_histogram_percentile(6, counts, 128, i * 10000), i);
    assert_int_equal(rilli_histogram_percentile(6, counts, 128, i * 10000 - 1), i);
  }
}

static void an_empty_one_has_no_percentiles(void **state) {
  (void)state;
  memset(counts, 0, sizeof counts);
  assert_int_equal(rilli_histogram_percentile(3, counts, 304, 500000), 0);
  assert_int_equal(rilli_histogram_count(counts, 304), 0);
}

static void the_largest_counts_a_slot_can_hold_do_not_overflow(void **state) {
  (void)state;
  for (uint32_t i = 0; i < 304; i++)
    counts[i] = UINT32_MAX;
  assert_true(rilli_histogram_count(counts, 304) == 304 * (uint64_t)UINT32_MAX);
  assert_int_equal(rilli_histogram_percentile(3, counts, 304, 500000),
                   rilli_histogram_greatest(3, 151));
  assert_int_equal(rilli_histogram_percentile(3, counts, 304, 1000000), (UINT64_C(1) << 40) - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_values_have_a_bucket_each),
      cmocka_unit_test(borders_are_exact),
      cmocka_unit_test(buckets_lie_side_by_side_and_none_is_wider_than_its_part),
      cmocka_unit_test(a_greater_value_has_no_earlier_bucket),
      cmocka_unit_test(what_lies_beyond_is_in_the_last_bucket),
      cmocka_unit_test(percentiles_are_those_of_the_sorted_values),
      cmocka_unit_test(a_rank_that_is_whole_is_not_rounded_up),
      cmocka_unit_test(an_empty_one_has_no_percentiles),
      cmocka_unit_test(the_largest_counts_a_slot_can_hold_do_not_overflow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
