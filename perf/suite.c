/* SPDX-License-Identifier: MIT */
/* perf/suite.c - names, options and counters: between Google Benchmark and harness. */
#include "suite.h"

#include "shim.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 96 };

struct entry {
  char name[NAME_SIZE];
  size_t contender; /* of the suite; or one of the raw columns                   */
  size_t column;    /* in the result                                             */
  bool raw;
  enum regime regime;
};

static struct harness_options options = {
    .rounds = 1500, .seconds = 0, .slice_us = 250, .patience = 10, .cpus = {{-1, -1}}};
static struct entry *entries;
static size_t entry_count;
static struct harness_result result;
static char failure[512]; /* why there is no result                             */

void bench_usage(void) {
  printf("\nand of the rounds (see perf/README.md):\n"
         "          [--rounds=N]        rounds at most (1500)\n"
         "          [--seconds=S]       seconds at most; 0: no limit (0)\n"
         "          [--slice-us=US]     length of one contender's turn in a round (250)\n"
         "          [--patience=S]      seconds without progress taken for a hang (10)\n"
         "          [--cpus=A,B]        where to pin (two allowed ones of different cores)\n");
}

/* A number of at least `least`; -1 if it is none. */
static double number(const char *text, double least) {
  char *end;
  double value = strtod(text, &end);
  return *text && !*end && value >= least && value <= 1e7 ? value : -1;
}

static int set_option(int option, const char *text) {
  double value = option == 'c' ? 0 : number(text, option == 's' ? 0 : 1);
  if (value < 0)
    return -EINVAL;
  switch (option) {
  case 'r':
    options.rounds = (size_t)value;
    return 0;
  case 's':
    options.seconds = value;
    return 0;
  case 'u':
    options.slice_us = (unsigned)value;
    return 0;
  case 'p':
    options.patience = (unsigned)value;
    return 0;
  default:
    return pair_parse_cpus(text, &options.cpus);
  }
}

static int read_options(int argc, char **argv) {
  static const struct option table[] = {
      {"rounds", required_argument, NULL, 'r'},   {"seconds", required_argument, NULL, 's'},
      {"slice-us", required_argument, NULL, 'u'}, {"patience", required_argument, NULL, 'p'},
      {"cpus", required_argument, NULL, 'c'},     {NULL, 0, NULL, 0}};
  int option, index = 0;
  while ((option = getopt_long(argc, argv, "", table, &index)) != -1) {
    if (option == '?')
      return -EINVAL; /* getopt has said why */
    if (set_option(option, optarg)) {
      fprintf(stderr, "%s: --%s cannot be '%s'\n", argv[0], table[index].name, optarg);
      return -EINVAL;
    }
  }
  if (optind < argc) {
    fprintf(stderr, "%s: what is '%s'?\n", argv[0], argv[optind]);
    return -EINVAL;
  }
  return 0;
}

/* Google Benchmark comes back here for each name: its figures in that regime. */
static void report(shim_state *state, void *arg) {
  const struct entry *entry = arg;
  struct harness_summary summary;
  const char *absent =
      entry->regime == REGIME_NEAR ? "no near round in this run" : "no far round in this run";
  if (*failure) {
    shim_fail(state, failure);
    return;
  }
  if (harness_summarize(&result, entry->column, entry->regime, &summary)) {
    shim_fail(state, "out of memory");
    return;
  }
  if (!summary.rounds) {
    shim_skip(state, absent);
    return;
  }
  while (shim_next(state))
    shim_time(state, summary.ns * 1e-9);
  shim_counter(state, "ns", summary.ns);
  shim_counter(state, "ratio", summary.ratio);
  shim_counter(state, "ratio_q1", summary.ratio_q1);
  shim_counter(state, "ratio_q3", summary.ratio_q3);
  shim_counter(state, "rounds", (double)summary.rounds);
  shim_counter(state, "dropped", (double)result.dropped);
  shim_counter(state, "share", summary.share);
  shim_label(state, bench_suite.unit);
}

static void add(const char *name, bool raw, size_t index) {
  for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++) {
    struct entry *entry = &entries[entry_count++];
    *entry = (struct entry){.raw = raw, .contender = index, .column = index, .regime = regime};
    snprintf(entry->name, sizeof entry->name, "%s/%s/%s", bench_suite.subject, name,
             regime_names[regime]);
    shim_register(entry->name, report, entry);
  }
}

int bench_register(int argc, char **argv) {
  int rc = pair_choose_cpus(&options.cpus);
  if (rc) {
    fprintf(stderr, "%s: the CPUs allowed: %s\n", argv[0], strerror(-rc));
    return 1;
  }
  if (read_options(argc, argv))
    return 2;
  entries = calloc((HARNESS_FIRST + bench_suite.count) * REGIMES, sizeof *entries);
  if (!entries) {
    fprintf(stderr, "%s: out of memory\n", argv[0]);
    return 1;
  }
  add("raw/best", true, HARNESS_RAW_BEST);
  for (size_t i = HARNESS_RAW_SPIN; i < HARNESS_FIRST; i++)
    add(raw_contenders[i - HARNESS_RAW_SPIN].name, true, i);
  for (size_t i = 0; i < bench_suite.count; i++)
    add(bench_suite.contenders[i].name, false, i);
  return 0;
}

/* Only what the filter lets through takes part; the raw round trip always does. */
static size_t choose(struct contender *chosen) {
  size_t count = 0;
  for (size_t i = 0; i < bench_suite.count; i++) {
    bool wanted = false;
    for (size_t j = 0; j < entry_count; j++) {
      struct entry *entry = &entries[j];
      if (!entry->raw && entry->contender == i) {
        entry->column = HARNESS_FIRST + count;
        wanted |= shim_selected(entry->name);
      }
    }
    if (wanted)
      chosen[count++] = bench_suite.contenders[i];
  }
  return count;
}

static void tell_context(void) {
  char text[128];
  const struct pair_cpus *cpus = &options.cpus;
  if (cpus->cpu[PAIR_PING] < 0)
    snprintf(text, sizeof text, "no: one CPU is allowed, so this measures the scheduler");
  else
    snprintf(text, sizeof text, "%d, %d", cpus->cpu[PAIR_PING], cpus->cpu[PAIR_PONG]);
  shim_context("pinned", text);
  shim_context("compiler", RILL_PERF_COMPILER);
  shim_context("library", RILL_PERF_LIBRARY);
  snprintf(text, sizeof text, "%zu, and %zu dropped", result.rounds, result.dropped);
  shim_context("rounds", text);
  if (result.cut.clusters == 2)
    snprintf(text, sizeof text, "near and far, cut at %.0f ns raw", result.cut.ns);
  else
    snprintf(text, sizeof text, "one, %s by the 250 ns rule",
             isinf(result.cut.ns) ? "near" : "far");
  shim_context("regimes", result.rounds ? text : "none");
}

void bench_prepare(void) {
  struct contender *chosen = calloc(bench_suite.count + 1, sizeof *chosen);
  if (!chosen) {
    snprintf(failure, sizeof failure, "out of memory");
    return;
  }
  size_t count = choose(chosen);
  if (harness_run(chosen, count, &options, &result, failure, sizeof failure))
    fprintf(stderr, "%s: %s\n", bench_suite.subject, failure);
  free(chosen);
  tell_context();
}
