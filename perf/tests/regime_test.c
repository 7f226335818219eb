/* SPDX-License-Identifier: MIT */
/* perf/tests/regime_test.c - the cut between near and far, found from figures alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness.h"

#include <math.h>

enum { ROUNDS = 1000 };

/* `far` of the rounds around 560 ns, the others around 130 ns, all within 20 %. */
static void make(double *raw, size_t far, double low, double high) {
  uint32_t random = 1;
  for (size_t i = 0; i < ROUNDS; i++) {
    random = random * 1664525u + 1013904223u;
    double around = 0.8 + 0.4 * (double)(random >> 8) / (double)(1u << 24);
    raw[i] = (i < far ? high : low) * around;
  }
}

static void two_clusters_are_cut_between_them(void **state) {
  (void)state;
  double raw[ROUNDS];
  for (size_t far = 50; far <= ROUNDS - 50; far += 150) {
    make(raw, far, 130, 560);
    struct regime_cut cut = regime_find(raw, ROUNDS);
    assert_int_equal(cut.clusters, 2);
    assert_true(cut.ns > 130 * 1.2 && cut.ns < 560 * 0.8);
    assert_int_equal(regime_of(&cut, raw[0]), REGIME_FAR);
    assert_int_equal(regime_of(&cut, raw[ROUNDS - 1]), REGIME_NEAR);
  }
}

static void two_clusters_on_one_side_of_the_rule_are_separated(void **state) {
  (void)state;
  double raw[ROUNDS];
  make(raw, ROUNDS / 2, 60, 180);
  struct regime_cut cut = regime_find(raw, ROUNDS);
  assert_int_equal(cut.clusters, 2);
  assert_true(cut.ns > 60 * 1.2 && cut.ns < 180 * 0.8);
}

static void one_cluster_is_named_by_the_rule(void **state) {
  (void)state;
  double raw[ROUNDS];
  make(raw, 0, 130, 0);
  struct regime_cut cut = regime_find(raw, ROUNDS);
  assert_int_equal(cut.clusters, 1);
  assert_int_equal(regime_of(&cut, 1e9), REGIME_NEAR);
  make(raw, 0, 560, 0);
  cut = regime_find(raw, ROUNDS);
  assert_int_equal(cut.clusters, 1);
  assert_int_equal(regime_of(&cut, 1), REGIME_FAR);
}

static void a_cluster_across_the_rule_keeps_together(void **state) {
  (void)state;
  double raw[ROUNDS];
  make(raw, 0, 240, 0);
  struct regime_cut cut = regime_find(raw, ROUNDS);
  assert_int_equal(cut.clusters, 1);
  for (size_t i = 0; i < ROUNDS; i++)
    assert_int_equal(regime_of(&cut, raw[i]), REGIME_NEAR);
}

static void a_few_outliers_are_no_regime(void **state) {
  (void)state;
  double raw[ROUNDS];
  make(raw, 4, 130, 9000);
  assert_int_equal(regime_find(raw, ROUNDS).clusters, 1);
}

static void few_rounds_or_none_make_one_cluster(void **state) {
  (void)state;
  const double raw[] = {130, 560, 131};
  assert_int_equal(regime_find(raw, 3).clusters, 1);
  assert_int_equal(regime_find(raw, 1).clusters, 1);
  assert_int_equal(regime_find(raw, 0).clusters, 1);
}

static void quantiles_lie_between_their_neighbours(void **state) {
  (void)state;
  double values[] = {4, 1, 3, 2};
  regime_sort(values, 4);
  assert_true(fabs(regime_quantile(values, 4, 0.5) - 2.5) < 1e-9);
  assert_true(fabs(regime_quantile(values, 4, 0.25) - 1.75) < 1e-9);
  assert_true(fabs(regime_quantile(values, 4, 1) - 4) < 1e-9);
  assert_true(fabs(regime_quantile(values, 1, 0.5) - 1) < 1e-9);
}

static void a_raw_figure_that_moved_by_more_than_half_is_none(void **state) {
  (void)state;
  assert_true(fabs(harness_raw_figure(100, 140) - 120) < 1e-9);
  assert_true(fabs(harness_raw_figure(140, 100) - 120) < 1e-9);
  assert_true(fabs(harness_raw_figure(100, 151)) < 1e-9);
  assert_true(fabs(harness_raw_figure(560, 130)) < 1e-9);
}

static void ratios_are_taken_within_a_round(void **state) {
  (void)state;
  /* The machine gets four times slower in the middle; the contender is twice raw. */
  enum { COLUMNS = HARNESS_FIRST + 1, N = 20 };
  double ns[N * COLUMNS], raw[N];
  for (size_t i = 0; i < N; i++) {
    raw[i] = i < 15 ? 130 : 560;
    ns[i * COLUMNS + HARNESS_RAW_BEST] = raw[i];
    ns[i * COLUMNS + HARNESS_FIRST] = 2 * raw[i];
  }
  struct harness_result result = {.rounds = N, .columns = COLUMNS, .ns = ns};
  result.cut = regime_find(raw, N);
  struct harness_summary near, far;
  assert_int_equal(harness_summarize(&result, HARNESS_FIRST, HARNESS_RAW_BEST, REGIME_NEAR, &near),
                   0);
  assert_int_equal(harness_summarize(&result, HARNESS_FIRST, HARNESS_RAW_BEST, REGIME_FAR, &far),
                   0);
  assert_int_equal(near.rounds, 15);
  assert_int_equal(far.rounds, 5);
  assert_true(fabs(near.share - 0.75) < 1e-9 && fabs(near.ns - 260) < 1e-9);
  assert_true(fabs(near.ratio_q1 - 2) < 1e-9 && fabs(far.ratio_q3 - 2) < 1e-9);
}

static void a_unit_that_is_a_contender_divides_and_the_raw_figure_sorts(void **state) {
  (void)state;
  /* The unit takes 50 us whatever the lines cost; what is measured takes 1.5 of it near,
   * twice of it far. */
  enum { UNIT = HARNESS_FIRST, MEASURED, COLUMNS, N = 20 };
  double ns[N * COLUMNS], raw[N];
  for (size_t i = 0; i < N; i++) {
    raw[i] = i < 15 ? 130 : 560;
    ns[i * COLUMNS + HARNESS_RAW_BEST] = raw[i];
    ns[i * COLUMNS + UNIT] = 50000;
    ns[i * COLUMNS + MEASURED] = i < 15 ? 75000 : 100000;
  }
  struct harness_result result = {.rounds = N, .columns = COLUMNS, .ns = ns};
  result.cut = regime_find(raw, N);
  struct harness_summary near, far, unit;
  assert_int_equal(harness_summarize(&result, MEASURED, UNIT, REGIME_NEAR, &near), 0);
  assert_int_equal(harness_summarize(&result, MEASURED, UNIT, REGIME_FAR, &far), 0);
  assert_int_equal(harness_summarize(&result, UNIT, UNIT, REGIME_NEAR, &unit), 0);
  assert_int_equal(near.rounds, 15);
  assert_int_equal(far.rounds, 5);
  assert_true(fabs(near.ratio - 1.5) < 1e-9 && fabs(far.ratio - 2) < 1e-9);
  assert_true(fabs(unit.ratio_q1 - 1) < 1e-9 && fabs(unit.ratio_q3 - 1) < 1e-9);
  assert_true(fabs(near.ns_q1 - 75000) < 1e-9 && fabs(far.ns_q3 - 100000) < 1e-9);
}

/* Every other measured round was dropped: samples are of the round they were measured in. */
static void samples_are_gathered_by_regime(void **state) {
  (void)state;
  enum { COLUMNS = HARNESS_FIRST + 2, N = 20, MEASURED = 2 * N };
  static struct samples samples[MEASURED * 2];
  double ns[N * COLUMNS], raw[N];
  size_t measured[N];
  for (size_t i = 0; i < N; i++) {
    measured[i] = 2 * i + 1;
    raw[i] = i % 2 ? 560 : 130;
    ns[i * COLUMNS + HARNESS_RAW_BEST] = raw[i];
  }
  for (size_t i = 0; i < MEASURED; i++) { /* those of dropped rounds are not to be seen */
    samples_add(&samples[2 * i], i % 2 ? 1 : 1000);
    samples_add(&samples[2 * i + 1], i % 2 ? 10 + i : 2000);
  }
  struct harness_result result = {
      .rounds = N, .columns = COLUMNS, .ns = ns, .samples = samples, .measured = measured};
  result.cut = regime_find(raw, N);
  struct samples_total near, far;
  harness_gather(&result, HARNESS_FIRST + 1, REGIME_NEAR, &near);
  harness_gather(&result, HARNESS_FIRST + 1, REGIME_FAR, &far);
  assert_true(near.count == N / 2 && far.count == N / 2);
  assert_int_equal(near.max, 10 + 2 * (N - 2) + 1);
  assert_int_equal(far.max, 10 + 2 * (N - 1) + 1);
  assert_int_equal(samples_percentile(&near, 0), 11);
  assert_int_equal(samples_percentile(&far, 0), 13);
  harness_gather(&result, HARNESS_FIRST, REGIME_FAR, &far);
  assert_true(far.count == N / 2 && far.max == 1);
}

/* One turn in five is disturbed: in the percentiles of all samples, not in the typical ones. */
static void a_disturbed_turn_is_not_typical(void **state) {
  (void)state;
  enum { COLUMNS = HARNESS_FIRST + 1, N = 20 };
  static struct samples samples[N];
  double ns[N * COLUMNS], raw[N], typical;
  size_t measured[N];
  for (size_t i = 0; i < N; i++) {
    measured[i] = i;
    ns[i * COLUMNS + HARNESS_RAW_BEST] = raw[i] = 130;
    for (size_t j = 0; j < 1000; j++)
      samples_add(&samples[i], j >= 900 ? (i % 5 ? 50 : 1000000) : 10);
  }
  struct harness_result result = {
      .rounds = N, .columns = COLUMNS, .ns = ns, .samples = samples, .measured = measured};
  result.cut = regime_find(raw, N);
  struct samples_total all;
  harness_gather(&result, HARNESS_FIRST, REGIME_NEAR, &all);
  assert_int_equal(samples_percentile(&all, 990000), 1000000);
  assert_int_equal(harness_typical(&result, HARNESS_FIRST, REGIME_NEAR, 990000, &typical), 0);
  assert_true(fabs(typical - 50) < 1e-9);
  assert_int_equal(harness_typical(&result, HARNESS_FIRST, REGIME_FAR, 990000, &typical), 0);
  assert_true(fabs(typical) < 1e-9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_clusters_are_cut_between_them),
      cmocka_unit_test(two_clusters_on_one_side_of_the_rule_are_separated),
      cmocka_unit_test(one_cluster_is_named_by_the_rule),
      cmocka_unit_test(a_cluster_across_the_rule_keeps_together),
      cmocka_unit_test(a_few_outliers_are_no_regime),
      cmocka_unit_test(few_rounds_or_none_make_one_cluster),
      cmocka_unit_test(quantiles_lie_between_their_neighbours),
      cmocka_unit_test(a_raw_figure_that_moved_by_more_than_half_is_none),
      cmocka_unit_test(ratios_are_taken_within_a_round),
      cmocka_unit_test(a_disturbed_turn_is_not_typical),
      cmocka_unit_test(samples_are_gathered_by_regime),
      cmocka_unit_test(a_unit_that_is_a_contender_divides_and_the_raw_figure_sorts),
  };
  return cmocka_run_group_tests_name("regime", tests, NULL, NULL);
}
