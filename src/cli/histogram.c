/* SPDX-License-Identifier: MIT */
/* histogram.c - log-linear counts of durations (histogram.h).
 *
 * Values below 64 have a bucket each. Above, each power of two is cut into 64 equal
 * steps: the bucket is the exponent and the six bits behind the leading one. */
#include "histogram.h"

#include <stddef.h>

enum { STEP_BITS = 6 };
_Static_assert(1 << STEP_BITS == HISTOGRAM_STEPS, "a step is the bits behind the leading one");
_Static_assert(HISTOGRAM_BUCKETS >= (63 - STEP_BITS + 1) * HISTOGRAM_STEPS, "holds INT64_MAX");

static size_t bucket_of(uint64_t value) {
  if (value < HISTOGRAM_STEPS)
    return (size_t)value;
  unsigned shift = 63 - (unsigned)__builtin_clzll(value) - STEP_BITS;
  return (size_t)((uint64_t)shift * HISTOGRAM_STEPS + (value >> shift));
}

/* The largest value of a bucket. */
static uint64_t last_of(size_t bucket) {
  if (bucket < HISTOGRAM_STEPS)
    return bucket;
  unsigned shift = (unsigned)(bucket / HISTOGRAM_STEPS - 1);
  uint64_t first = (HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS) << shift;
  return first + ((UINT64_C(1) << shift) - 1);
}

void histogram_add(struct histogram *histogram, int64_t value) {
  if (value < 0)
    value = 0;
  histogram->buckets[bucket_of((uint64_t)value)]++;
  if (!histogram->count++ || value < histogram->least)
    histogram->least = value;
  if (value > histogram->greatest)
    histogram->greatest = value;
}

int64_t histogram_percentile(const struct histogram *histogram, double part) {
  double exact = part * (double)histogram->count;
  uint64_t rank = (uint64_t)exact, seen = 0;
  if ((double)rank < exact || rank == 0)
    rank++;
  for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
    seen += histogram->buckets[i];
    if (seen >= rank && histogram->buckets[i]) {
      uint64_t value = last_of(i);
      return value > (uint64_t)histogram->greatest ? histogram->greatest : (int64_t)value;
    }
  }
  return histogram->greatest;
}
