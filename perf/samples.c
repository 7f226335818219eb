/* SPDX-License-Identifier: MIT */
/* perf/samples.c - every latency of a turn, in a precise histogram. */
#include "samples.h"

#include "histogram.h"

_Static_assert(SAMPLES_SIZE == RILLI_HISTOGRAM_SIZE(SAMPLES_BITS, SAMPLES_OCTAVES + 0u),
               "as many buckets as the octaves need");

void samples_add(struct samples *samples, uint64_t ns) {
  samples->buckets[rilli_histogram_bucket(SAMPLES_BITS, SAMPLES_SIZE, ns)]++;
  if (ns > samples->max)
    samples->max = ns;
}

void samples_gather(struct samples_total *total, const struct samples *turn) {
  for (uint32_t i = 0; i < SAMPLES_SIZE; i++) {
    total->buckets[i] += turn->buckets[i];
    total->count += turn->buckets[i];
  }
  if (turn->max > total->max)
    total->max = turn->max;
}

uint64_t samples_percentile(const struct samples_total *total, uint32_t per_million) {
  const uint64_t value =
      rilli_histogram_percentile(SAMPLES_BITS, total->buckets, SAMPLES_SIZE, per_million);
  return value < total->max ? value : total->max;
}
