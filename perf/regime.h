/* SPDX-License-Identifier: MIT */
/* perf/regime.h - near or far: which kind of machine a round ran on.
 *
 * The host of a virtual machine moves its CPUs; the raw cache-line round trip then
 * jumps by a factor of four. Pure arithmetic on the raw figures of all rounds. */
#ifndef RILL_PERF_REGIME_H
#define RILL_PERF_REGIME_H

#include <stddef.h>

enum regime { REGIME_NEAR = 0, REGIME_FAR = 1, REGIMES = 2 };

extern const char *const regime_names[REGIMES];

struct regime_cut {
  double ns;         /* far: the raw figure is at least this                    */
  unsigned clusters; /* 1: all rounds are of one regime; ns is then 0 or HUGE_VAL */
};

/* Finds the cut between two clusters of n raw figures (ns, all above zero): the split
 * of the sorted logarithms with the least variance inside its halves. It counts if
 * their centres are a factor of 2 apart and the smaller has 2 % of the rounds and 5 of
 * them; else there is one cluster, and 250 ns decides its name. */
struct regime_cut regime_find(const double *raw, size_t n);

/* The regime of a round, by its raw figure. */
enum regime regime_of(const struct regime_cut *cut, double raw);

/* Sorts n values in place; a quantile of them (q from 0 to 1), between neighbours by
 * linear interpolation. n is at least 1. */
void regime_sort(double *values, size_t n);
double regime_quantile(const double *sorted, size_t n, double q);

#endif
