/* SPDX-License-Identifier: MIT */
/* perf/regime.c - the cut between near and far, and quantiles. No state, no calls
 * into the system. */
#include "regime.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double single_rule = 250.0; /* ns */
static const double least_factor = 2.0;
static const double least_share = 0.02;
static const size_t least_rounds = 5;

const char *const regime_names[REGIMES] = {"near", "far"};

static int by_value(const void *a, const void *b) {
  double x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return (x > y) - (x < y);
}

void regime_sort(double *values, size_t n) {
  qsort(values, n, sizeof *values, by_value);
}

double regime_quantile(const double *sorted, size_t n, double q) {
  double place = q * (double)(n - 1);
  size_t below = (size_t)place;
  if (below + 1 >= n)
    return sorted[n - 1];
  return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* The best split of the sorted logarithms: the size of the lower part. The variance inside the
 * parts is least where the total of sum*sum/count is greatest. */
static size_t best_split(const double *log_raw, size_t n) {
  double total = 0, low = 0, best = -1;
  size_t split = 0;
  /* Taken from the smallest, so that large common offsets cancel nothing. */
  for (size_t i = 0; i < n; i++)
    total += log_raw[i] - log_raw[0];
  for (size_t i = 1; i < n; i++) {
    low += log_raw[i - 1] - log_raw[0];
    double high = total - low;
    double apart = low * low / (double)i + high * high / (double)(n - i);
    if (apart > best) {
      best = apart;
      split = i;
    }
  }
  return split;
}

static double mean(const double *values, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += values[i];
  return sum / (double)n;
}

struct regime_cut regime_find(const double *raw, size_t n) {
  struct regime_cut cut = {single_rule, 1};
  double *sorted = malloc((n ? n : 1) * sizeof *sorted);
  if (!sorted || n < 1)
    goto out;
  for (size_t i = 0; i < n; i++)
    sorted[i] = log(raw[i]);
  regime_sort(sorted, n);
  size_t low = best_split(sorted, n), high = n - low;
  size_t fewer = low < high ? low : high;
  if (fewer >= least_rounds && (double)fewer >= least_share * (double)n &&
      mean(sorted + low, high) - mean(sorted, low) >= log(least_factor)) {
    cut.ns = exp((sorted[low - 1] + sorted[low]) / 2);
    cut.clusters = 2;
  } else {
    /* One cluster is not divided, even where it lies on both sides of the rule. */
    cut.ns = exp(regime_quantile(sorted, n, 0.5)) < single_rule ? HUGE_VAL : 0;
  }
out:
  free(sorted);
  return cut;
}

enum regime regime_of(const struct regime_cut *cut, double raw) {
  return raw < cut->ns ? REGIME_NEAR : REGIME_FAR;
}
