/* SPDX-License-Identifier: MIT */
/* perf/suite.h - a set of contenders as Google Benchmark entries.
 *
 * One run of the harness gives all figures of a program: SUBJECT/CONTENDER/REGIME, and
 * SUBJECT/raw/{best,spin,pause}/REGIME. With this file linked in, a program is a list
 * of contenders and nothing else. */
#ifndef RILL_PERF_SUITE_H
#define RILL_PERF_SUITE_H

#include "harness.h"

struct suite {
  const char *subject; /* round_trip                                             */
  const char *unit;    /* what is counted: "round trip"                          */
  const struct contender *contenders;
  size_t count;
};

/* Defined by the program. */
extern const struct suite bench_suite;

#endif
