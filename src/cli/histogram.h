/* SPDX-License-Identifier: MIT */
/* histogram.h - counts of durations in buckets whose width grows with the value: a
 * percentile is off by less than 1 in 64, from a nanosecond to centuries. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_BUCKETS = 59 * HISTOGRAM_STEPS };

struct histogram { /* all zero: empty */
  uint64_t buckets[HISTOGRAM_BUCKETS];
  uint64_t count;
  int64_t least, greatest;
};

/* Counts a duration; a negative one counts as 0. */
void histogram_add(struct histogram *histogram, int64_t value);

/* The value that `part` (0 to 1) of all are not above; at most 1 in 64 too large, and
 * never above the greatest. 0 if it is empty. */
int64_t histogram_percentile(const struct histogram *histogram, double part);

#endif
