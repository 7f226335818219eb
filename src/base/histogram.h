/* SPDX-License-Identifier: MIT */
/* histogram.h - log-linear buckets: which one a value falls into, and percentiles of counts.
 *
 * The layout of HdrHistogram: values below 2^bits have a bucket each; above, every power of
 * two is cut into 2^bits equal steps. So a bucket is at most 2^-bits times as wide as its
 * least value, and a percentile, reported as the greatest value of its bucket, is never too
 * small and at most that part too large. Pure arithmetic: no clock, and only the caller's
 * memory. The counters of a group (latency.c), the inspector and the benchmarks all use it,
 * each with as many steps as it can afford. */
#ifndef RILLI_HISTOGRAM_H
#define RILLI_HISTOGRAM_H

#include <stdint.h>

/* Buckets for all values below 2^octaves; bits < octaves <= 64. */
#define RILLI_HISTOGRAM_SIZE(bits, octaves) (((octaves) - (bits) + 1u) << (bits))

/* The bucket of a value, if there are enough buckets. */
static inline uint32_t rilli_histogram_index(uint32_t bits, uint64_t value) {
  const uint32_t top = 63u - (uint32_t)__builtin_clzll(value | 1);
  const uint32_t shift = top > bits ? top - bits : 0;
  return (shift << bits) + (uint32_t)(value >> shift);
}

/* The bucket of a value among `size` of them: the last one takes all values beyond. */
static inline uint32_t rilli_histogram_bucket(uint32_t bits, uint32_t size, uint64_t value) {
  const uint32_t index = rilli_histogram_index(bits, value);
  return index < size ? index : size - 1;
}

/* The least and the greatest value of a bucket. index < RILLI_HISTOGRAM_SIZE(bits, 64). */
static inline uint64_t rilli_histogram_least(uint32_t bits, uint32_t index) {
  const uint32_t octave = index >> bits, shift = octave ? octave - 1 : 0;
  return ((uint64_t)index - ((uint64_t)shift << bits)) << shift;
}

static inline uint64_t rilli_histogram_greatest(uint32_t bits, uint32_t index) {
  const uint32_t octave = index >> bits, shift = octave ? octave - 1 : 0;
  return rilli_histogram_least(bits, index) + ((UINT64_C(1) << shift) - 1);
}

static inline uint64_t rilli_histogram_count(const uint64_t *counts, uint32_t size) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < size; i++)
    count += counts[i];
  return count;
}

/* The greatest value of the bucket that holds this percentile: `per_million` of all values are not
 * above it. 990000 is the 99th percentile, 1000000 the bucket of the maximum. 0 if there are no
 * values. The last bucket may hold greater values: a caller that keeps the maximum limits the
 * result to it. */
static inline uint64_t rilli_histogram_percentile(uint32_t bits, const uint64_t *counts,
                                                  uint32_t size, uint32_t per_million) {
  const uint64_t count = rilli_histogram_count(counts, size), million = 1000000;
  /* count x part, rounded up, at least the first: in integers, so that it is exact. */
  uint64_t rank =
      count / million * per_million + (count % million * per_million + million - 1) / million;
  if (rank == 0)
    rank = 1;
  uint64_t seen = 0;
  for (uint32_t i = 0; i < size; i++) {
    seen += counts[i];
    if (seen >= rank)
      return rilli_histogram_greatest(bits, i);
  }
  return 0;
}

#endif
