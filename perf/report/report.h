/* SPDX-License-Identifier: MIT */
/* perf/report/report.h - what the report is made from: the figures of some benchmark
 * programs, as they wrote them, and facts about where they ran.
 *
 * The report knows the naming scheme and the counters, but no subject and no contender: a new
 * subject or contender needs no line here. */
#ifndef RILL_PERF_REPORT_H
#define RILL_PERF_REPORT_H

#include "regime.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The counters, by the names they have in the JSON; NAN: not there. */
enum counter {
  NS,
  NS_Q1,
  NS_Q3,
  RATIO,
  RATIO_Q1,
  RATIO_Q3,
  ROUNDS,
  DROPPED,
  SHARE,
  COUNT,
  P50, /* the percentiles of a latency, in this order                             */
  P90,
  P99,
  P999,
  P9999,
  MAX,
  COUNTERS
};
extern const char *const counter_names[COUNTERS];

/* SUBJECT/CONTENDER/SIZE/REGIME, or SUBJECT/CONTENDER/SIZE/SETTING/REGIME. */
struct figure {
  char *words;           /* owns the text of the next two                          */
  const char *contender; /* all words in front of the size: "rill", "raw/best"     */
  const char *setting;   /* what follows the size: "1us"; "" if there is nothing   */
  long size;             /* -1: no word of the name is a number                    */
  enum regime regime;
  const char *error; /* why there is no figure; NULL: there is one                   */
  double value[COUNTERS];
};

struct fact {
  const char *key;
  char *value;
};

struct facts {
  struct fact *list;
  size_t count;
};

/* One subject in one run of one program. */
struct run {
  const char *file; /* base name of where it was read                          */
  char *subject;
  const char *library; /* of the context: "shared"; "" if it does not say         */
  const char *unit;    /* what is counted: "round trip"; "" if it is not said    */
  json_t *context;     /* an object                                               */
  struct figure *figures;
  size_t count;
};

struct report {
  struct facts machine, versions; /* from the command line                          */
  struct facts texts;             /* a heading, and the text of a file beneath it; owned */
  json_t **roots;                 /* own most of the text                           */
  size_t root_count;
  struct run *runs;
  size_t count;
  const char **names; /* of all contenders but the limits, sorted, each once       */
  size_t name_count;
  size_t passed_over; /* entries that do not follow the scheme                      */
};

/* read.c: adds what a program printed that has no JSON; heading is not copied. Returns as
 * report_read. */
int report_read_text(struct report *report, const char *heading, const char *path);

/* read.c: adds a file. Returns 0, or -1 with a message on stderr. */
int report_read(struct report *report, const char *path);
void report_free(struct report *report);

/* Comes after all report_read: sets the names. 0, or -1: out of memory. */
int report_gather_names(struct report *report);

/* Rill in some setting; a bare or raw hand-over, which shows what the machine allows. */
bool is_rill_name(const char *contender);
bool is_rill(const struct figure *figure);
bool is_limit(const struct figure *figure);
bool is_raw(const struct figure *figure);

/* The share and the number of the rounds of a regime, 0 if it was not seen. */
double run_share(const struct run *run, enum regime regime);
double run_rounds(const struct run *run, enum regime regime);
double run_dropped(const struct run *run);

/* page.c: the whole page. */
void report_write(FILE *out, const struct report *report);

#endif
