/* SPDX-License-Identifier: MIT */
/* latency.c - durations, counted in buckets (latency.h). */
#include "latency.h"

#include "histogram.h"

enum { STEP_BITS = 6 };
_Static_assert(1 << STEP_BITS == LATENCY_STEPS, "a step is the bits behind the leading one");
_Static_assert(LATENCY_BUCKETS == RILLI_HISTOGRAM_SIZE(STEP_BITS, 64u), "holds INT64_MAX");

void latency_add(struct latency *latency, int64_t value) {
  if (value < 0)
    value = 0;
  latency->buckets[rilli_histogram_index(STEP_BITS, (uint64_t)value)]++;
  if (!latency->count++ || value < latency->least)
    latency->least = value;
  if (value > latency->greatest)
    latency->greatest = value;
}

int64_t latency_percentile(const struct latency *latency, uint32_t per_million) {
  const uint64_t value =
      rilli_histogram_percentile(STEP_BITS, latency->buckets, LATENCY_BUCKETS, per_million);
  return value > (uint64_t)latency->greatest ? latency->greatest : (int64_t)value;
}
