/* SPDX-License-Identifier: MIT */
/* perf/suite.h - a set of contenders as Google Benchmark entries.
 *
 * One run of the harness gives all figures of a program: SUBJECT/CONTENDER/REGIME, and
 * SUBJECT/raw/{best,spin,pause}/REGIME. With this file linked in, a program is a list
 * of contenders and nothing else (peers/lineup.h makes them). */
#ifndef RILL_PERF_SUITE_H
#define RILL_PERF_SUITE_H

#include "harness.h"

struct suite_note {
  const char *key, *value; /* of the report's context, and of --help              */
};

struct suite {
  const char *subject;        /* round_trip                                       */
  const char *unit;           /* what is counted: "round trip"                    */
  const char *unit_contender; /* all ratios are to it; NULL: to raw/best          */
  size_t rounds;              /* unless --rounds says otherwise                   */
  unsigned slice_us;          /* unless --slice-us says otherwise                 */
  struct contender *contenders;
  size_t count;
  struct suite_note *notes;
  size_t note_count;
};

/* Defined by the program: fills in the subject, the unit and the contenders, and may
 * change the other defaults. */
void bench_line_up(struct suite *suite);

#endif
