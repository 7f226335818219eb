/* SPDX-License-Identifier: MIT */
/* latency.h - durations, counted in buckets (shm/histogram.h): a percentile is off by less
 * than 1 in 64, from a nanosecond to centuries. */
#ifndef LATENCY_H
#define LATENCY_H

#include <stdint.h>

enum { LATENCY_STEPS = 64, LATENCY_BUCKETS = 59 * LATENCY_STEPS };

struct latency { /* all zero: empty */
  uint64_t buckets[LATENCY_BUCKETS];
  uint64_t count;
  int64_t least, greatest;
};

/* Counts a duration; a negative one counts as 0. */
void latency_add(struct latency *latency, int64_t value);

/* The value that this part of all durations, in millionths, does not exceed; at most 1 in 64
 * too large, and never above the greatest. 0 if it is empty. */
int64_t latency_percentile(const struct latency *latency, uint32_t per_million);

#endif
