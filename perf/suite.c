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

static struct suite suite = {.rounds = 1500, .slice_us = 250};
static struct harness_options options = {.patience = 10, .cpus = {{-1, -1}}};
static struct entry *entries;
static size_t entry_count;
static struct harness_result result;
static size_t unit_column; /* of the result: the unit of the ratios             */
static char failure[512];  /* why there is no result                             */

/* Once: for --help, which comes before all else, or for the run. */
static void line_up(void) {
  if (!suite.count)
    bench_line_up(&suite);
}

void bench_usage(void) {
  line_up();
  printf("\nand of the rounds (see perf/README.md):\n"
         "          [--rounds=N]        rounds at most (%zu)\n"
         "          [--seconds=S]       seconds at most; 0: no limit (0)\n"
         "          [--slice-us=US]     length of one contender's turn in a round (%u)\n"
         "          [--patience=S]      seconds without progress that count as a hang (10)\n"
         "          [--cpus=A,B]        where to pin (two allowed ones of different cores)\n",
         suite.rounds, suite.slice_us);
  for (size_t i = 0; i < suite.note_count; i++)
    printf("%s%s: %s\n", i ? "" : "\nContenders:\n", suite.notes[i].key, suite.notes[i].value);
}

/* A number of at least `least`; -1 if the text is not one. */
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
      return -EINVAL; /* getopt has reported it */
    if (set_option(option, optarg)) {
      fprintf(stderr, "%s: --%s cannot be '%s'\n", argv[0], table[index].name, optarg);
      return -EINVAL;
    }
  }
  if (optind < argc) {
    fprintf(stderr, "%s: unknown argument '%s'\n", argv[0], argv[optind]);
    return -EINVAL;
  }
  return 0;
}

/* For a contender that measures latencies: of all its messages in that regime. */
static void report_samples(shim_state *state, const struct entry *entry) {
  static const struct {
    const char *name;
    uint32_t per_million;
  } parts[] = {
      {"p50", 500000}, {"p90", 900000}, {"p99", 990000}, {"p999", 999000}, {"p9999", 999900}};
  static struct samples_total total;
  if (entry->raw || !suite.contenders[entry->contender].samples)
    return;
  harness_gather(&result, entry->column, entry->regime, &total);
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    const uint64_t ns = samples_percentile(&total, parts[i].per_million);
    shim_counter(state, parts[i].name, (double)ns);
  }
  static const struct {
    const char *name;
    uint32_t per_million;
  } typical[] = {{"turn_p99", 990000}, {"turn_p999", 999000}};
  for (size_t i = 0; i < sizeof typical / sizeof typical[0]; i++) {
    double ns;
    if (!harness_typical(&result, entry->column, entry->regime, typical[i].per_million, &ns))
      shim_counter(state, typical[i].name, ns);
  }
  shim_counter(state, "max", (double)total.max);
  shim_counter(state, "count", (double)total.count);
}

/* Google Benchmark calls this for each name: its figures in that regime. */
static void report(shim_state *state, void *arg) {
  const struct entry *entry = arg;
  struct harness_summary summary;
  const char *absent =
      entry->regime == REGIME_NEAR ? "no near round in this run" : "no far round in this run";
  if (*failure) {
    shim_fail(state, failure);
    return;
  }
  if (harness_summarize(&result, entry->column, unit_column, entry->regime, &summary)) {
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
  shim_counter(state, "ns_q1", summary.ns_q1);
  shim_counter(state, "ns_q3", summary.ns_q3);
  shim_counter(state, "ratio", summary.ratio);
  shim_counter(state, "ratio_q1", summary.ratio_q1);
  shim_counter(state, "ratio_q3", summary.ratio_q3);
  shim_counter(state, "rounds", (double)summary.rounds);
  shim_counter(state, "dropped", (double)result.dropped);
  shim_counter(state, "share", summary.share);
  report_samples(state, entry);
  shim_label(state, suite.unit);
}

static void add(const char *name, bool raw, size_t index) {
  for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++) {
    struct entry *entry = &entries[entry_count++];
    *entry = (struct entry){.raw = raw, .contender = index, .column = index, .regime = regime};
    snprintf(entry->name, sizeof entry->name, "%s/%s/%s", suite.subject, name,
             regime_names[regime]);
    shim_register(entry->name, report, entry);
  }
}

static bool is_unit(size_t contender) {
  return suite.unit_contender &&
         strcmp(suite.contenders[contender].name, suite.unit_contender) == 0;
}

int bench_register(int argc, char **argv) {
  line_up();
  options.rounds = suite.rounds;
  options.slice_us = suite.slice_us;
  int rc = pair_choose_cpus(&options.cpus);
  if (rc) {
    fprintf(stderr, "%s: the CPUs allowed: %s\n", argv[0], strerror(-rc));
    return 1;
  }
  if (read_options(argc, argv))
    return 2;
  bool have_unit = !suite.unit_contender;
  for (size_t i = 0; i < suite.count; i++)
    have_unit |= is_unit(i);
  if (!have_unit) {
    fprintf(stderr, "%s: there is no %s, the unit of the ratios\n", argv[0], suite.unit_contender);
    return 1;
  }
  entries = calloc((HARNESS_FIRST + suite.count) * REGIMES, sizeof *entries);
  if (!entries) {
    fprintf(stderr, "%s: out of memory\n", argv[0]);
    return 1;
  }
  add("raw/best", true, HARNESS_RAW_BEST);
  for (size_t i = HARNESS_RAW_SPIN; i < HARNESS_FIRST; i++)
    add(raw_contenders[i - HARNESS_RAW_SPIN].name, true, i);
  for (size_t i = 0; i < suite.count; i++)
    add(suite.contenders[i].name, false, i);
  return 0;
}

/* Only what the filter lets through takes part; the raw round trip and the unit always do. */
static size_t choose(struct contender *chosen) {
  size_t count = 0;
  for (size_t i = 0; i < suite.count; i++) {
    bool wanted = is_unit(i);
    for (size_t j = 0; j < entry_count; j++) {
      struct entry *entry = &entries[j];
      if (!entry->raw && entry->contender == i) {
        entry->column = HARNESS_FIRST + count;
        wanted |= shim_selected(entry->name);
      }
    }
    if (is_unit(i))
      unit_column = HARNESS_FIRST + count;
    if (wanted)
      chosen[count++] = suite.contenders[i];
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
  shim_context("unit", suite.unit_contender ? suite.unit_contender : "raw/best");
  for (size_t i = 0; i < suite.note_count; i++)
    shim_context(suite.notes[i].key, suite.notes[i].value);
  if (result.cut.clusters == 2)
    snprintf(text, sizeof text, "near and far, cut at %.0f ns raw", result.cut.ns);
  else
    snprintf(text, sizeof text, "one, %s by the 250 ns rule",
             isinf(result.cut.ns) ? "near" : "far");
  shim_context("regimes", result.rounds ? text : "none");
}

void bench_prepare(void) {
  struct contender *chosen = calloc(suite.count + 1, sizeof *chosen);
  if (!chosen) {
    snprintf(failure, sizeof failure, "out of memory");
    return;
  }
  size_t count = choose(chosen);
  if (harness_run(chosen, count, &options, &result, failure, sizeof failure))
    fprintf(stderr, "%s: %s\n", suite.subject, failure);
  free(chosen);
  tell_context();
}
