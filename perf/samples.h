/* SPDX-License-Identifier: MIT */
/* perf/samples.h - every latency of a turn, in a precise histogram (src/base/histogram.h). */
#ifndef RILL_PERF_SAMPLES_H
#define RILL_PERF_SAMPLES_H

#include <stdint.h>

/* 64 steps an octave: at most 1 in 64 too large, up to a minute. */
enum { SAMPLES_BITS = 6, SAMPLES_OCTAVES = 36, SAMPLES_SIZE = 31 * 64 };

struct samples { /* of one turn; all zero: none                                     */
  uint32_t buckets[SAMPLES_SIZE];
  uint64_t max; /* ns, exactly                                                   */
};

struct samples_total { /* of many turns */
  uint64_t buckets[SAMPLES_SIZE];
  uint64_t count, max;
};

void samples_add(struct samples *samples, uint64_t ns);
void samples_gather(struct samples_total *total, const struct samples *turn);

/* The value that this part of all samples (a million: all) does not exceed, and never more than
 * the maximum. 0 if there are none. */
uint64_t samples_percentile(const struct samples_total *total, uint32_t per_million);

#endif
