/* SPDX-License-Identifier: MIT */
/* perf/harness.h - interleaved rounds of all that is to be compared.
 *
 * A round lasts a few milliseconds. It begins and ends with the raw round trip of a
 * cache line between the two cores; in between each contender has its turn. Their
 * figures are divided by the raw figure of their own round, so that what the host does
 * to the machine cancels. Rounds in which the raw figure changed are dropped. */
#ifndef RILL_PERF_HARNESS_H
#define RILL_PERF_HARNESS_H

#include "pair.h"
#include "regime.h"
#include "samples.h"

#include <stdbool.h>

/* Something to measure: the adapter of a library, in one setting. Every function
 * returns 0 or a negative errno value, and may say more with pair_error.
 * The supervisor calls setup before the two processes exist, and teardown after they
 * are gone, however they ended: it removes what would outlive them. Each process opens
 * its own handles and closes them at the end. All functions but ping and pong may be NULL.
 * A turn is n units (round trips, messages): ping and pong run side by side, and the
 * turn lasts until both have returned. n may differ each time. After a turn comes rest, in
 * the ping process and not timed: what has to be done before the next turn.
 * A contender with samples measures latencies: pong adds to them, they are empty when its
 * turn begins, and those of a turn that counts are filed under its round. Its figure is
 * then their median instead of the turn's time for each unit. */
struct contender {
  const char *name; /* subject and setting: "rill/48"                            */
  void *self;
  uint64_t longest; /* units of a turn at most; 0: no limit                      */
  int (*setup)(void *self);
  int (*open)(void *self, enum pair_side side);
  int (*ping)(void *self, uint64_t n);
  int (*pong)(void *self, uint64_t n);
  int (*rest)(void *self);
  void (*close)(void *self, enum pair_side side);
  void (*teardown)(void *self);
  struct samples *samples; /* NULL: none; each process has its own                   */
  bool threads;            /* it has threads that need the cores: the harness yields to them */
  unsigned stretch;        /* its turns are this many times as long; 0: as the others'       */
  double settle_ns;        /* of each unit, spent by ping and pong on purpose: not counted   */
};

struct harness_options {
  size_t rounds;     /* at most                                                  */
  double seconds;    /* at most; 0: no limit                                     */
  unsigned slice_us; /* length of a turn                                         */
  unsigned patience; /* seconds without progress before it counts as a hang      */
  struct pair_cpus cpus;
  /* Called by the supervisor about ten times a second, with the number of rounds done that
   * count; may be NULL. */
  void (*look)(void *arg, size_t rounds);
  void *look_arg;
};

/* The columns of a result: the raw round trip in front of the contenders. */
enum {
  HARNESS_RAW_BEST = 0,  /* the better of the next two, in each round             */
  HARNESS_RAW_SPIN = 1,  /* a bare poll loop                                     */
  HARNESS_RAW_PAUSE = 2, /* a pause instruction in the poll loop                 */
  HARNESS_FIRST = 3      /* the first contender                                  */
};

struct harness_result {
  size_t rounds, dropped, columns;
  struct regime_cut cut;
  double *ns;              /* rounds x columns, ns a unit, of the rounds that were not dropped */
  struct samples *samples; /* measured rounds x contenders; NULL: no contender had any  */
  size_t samples_bytes;
  size_t *measured; /* of each round that was not dropped: its number               */
};

/* Runs the rounds. Returns 0, or a negative errno value and the reason in *ret_why. */
int harness_run(const struct contender *contenders, size_t count,
                const struct harness_options *options, struct harness_result *ret, char *ret_why,
                size_t size);
void harness_free(struct harness_result *result);

/* One column in one regime: ratios are to the unit column of the same round. */
struct harness_summary {
  size_t rounds; /* 0: there was none in this regime, nothing else is set         */
  double share;  /* of this regime in the rounds kept                            */
  double ns, ns_q1, ns_q3, ratio, ratio_q1, ratio_q3;
};

/* unit: the column that ratios are to, HARNESS_RAW_BEST or a contender's. The regime
 * of a round depends on the raw figure in any case. Returns 0 or -ENOMEM. */
int harness_summarize(const struct harness_result *result, size_t column, size_t unit,
                      enum regime regime, struct harness_summary *ret);

/* All samples of a contender's column in the rounds of one regime. */
void harness_gather(const struct harness_result *result, size_t column, enum regime regime,
                    struct samples_total *ret);

/* The same, one turn at a time: the median over those rounds of each turn's percentile. A
 * disturbance of a few turns shows in the percentiles of all samples, and not in this one.
 * 0 if there are none. Returns 0 or -ENOMEM. */
int harness_typical(const struct harness_result *result, size_t column, enum regime regime,
                    uint32_t per_million, double *ret);

/* A round's raw figure from its two measurements: 0 if they differ by more than half, else their
 * mean. */
double harness_raw_figure(double begin, double end);

/* The raw round trip itself (raw.c): HARNESS_RAW_SPIN and HARNESS_RAW_PAUSE. */
extern const struct contender raw_contenders[2];

#endif
