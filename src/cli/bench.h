/* SPDX-License-Identifier: MIT */
/* bench.h - the subjects of rill bench, as contenders for the rounds of perf/. */
#ifndef BENCH_H
#define BENCH_H

#include "suite.h"

/* One row of the table in each regime: two columns of the same rounds. */
struct bench_row {
  size_t size;
  unsigned consumers; /* 0: one, which is not printed */
  size_t column;      /* of the result: Rill                                      */
  size_t limit;       /* of the result: the limit in the ratio */
};

enum { BENCH_ROWS = 16, BENCH_SUBJECTS = 4 };

struct bench_subject {
  const char *name, *wait;
  const char *limit; /* in words                                                  */
  unsigned slice_us; /* of a turn                                                 */
  size_t sizes[5];   /* unless others are asked for; ended by 0                   */
  /* Fills suite and rows for these sizes (ended by 0); returns how many rows. */
  size_t (*line_up)(const size_t *sizes, struct suite *suite, struct bench_row rows[BENCH_ROWS]);
};

extern const struct bench_subject bench_subjects[BENCH_SUBJECTS];

#endif
