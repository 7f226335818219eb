/* SPDX-License-Identifier: MIT */
/* bench.c - rill bench: the speed of Rill on this host, as ratios to the limits of the host.
 *
 * The rounds are those of the benchmarks (perf/harness.h): two processes of this program, each
 * on a core of its own, and Rill and its limit in turn. Their queues have a namespace of their
 * own and are removed at the end, also after a signal. */
#include "bench.h"
#include "cli.h"
#include "signals.h"
#include "table.h"
#include "units.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LARGEST = 4096, SIZES_MOST = BENCH_ROWS / 2, PATIENCE_S = 10 };

static bool json_wanted, quick;
static struct text_list sizes_wanted;
static uint64_t rounds_wanted = 10000;
static int64_t time_wanted = -1;

/* One subject, from its contenders to its results. */
struct measured {
  const struct bench_subject *subject;
  struct suite suite; /* its contenders; they live as long as the program            */
  struct bench_row rows[BENCH_ROWS];
  size_t row_count;
  struct harness_result result;
};

struct bench {
  struct cli *cli;
  size_t sizes[SIZES_MOST + 1]; /* ended by 0; empty: the sizes of each subject */
  struct pair_cpus cpus;
  double seconds;
  struct measured *subjects;
  size_t subject_count, at;
};

static int read_sizes(struct bench *bench) {
  if (sizes_wanted.count > SIZES_MOST)
    return cli_usage("bench: --size is given %zu times; %d are possible", sizes_wanted.count,
                     SIZES_MOST);
  for (size_t i = 0; i < sizes_wanted.count; i++) {
    uint64_t size;
    if (!parse_size(sizes_wanted.items[i], &size) || size < 1 || size > LARGEST)
      return cli_usage("bench: --size takes a size from 1 to %d, such as 48 or 1K, not '%s'",
                       LARGEST, sizes_wanted.items[i]);
    bench->sizes[i] = (size_t)size;
  }
  return 0;
}

static int read_subjects(struct bench *bench, int count, char **operands) {
  bool wanted[BENCH_SUBJECTS] = {false};
  for (int i = 0; i < count; i++) {
    size_t at = 0;
    while (at < BENCH_SUBJECTS && strcmp(bench_subjects[at].name, operands[i]) != 0)
      at++;
    if (at == BENCH_SUBJECTS)
      return cli_usage("bench: there is no subject '%s'; 'rill bench --help' names them",
                       operands[i]);
    wanted[at] = true;
  }
  for (size_t i = 0; i < BENCH_SUBJECTS; i++)
    if (wanted[i] || !count)
      bench->subjects[bench->subject_count++].subject = &bench_subjects[i];
  return 0;
}

static void show_progress(void *arg, size_t rounds) {
  const struct bench *bench = arg;
  cli_progress("%s (%zu of %zu): round %zu", bench->subjects[bench->at].subject->name,
               bench->at + 1, bench->subject_count, rounds);
}

static int measure(struct bench *bench, struct measured *measured) {
  const struct bench_subject *subject = measured->subject;
  const size_t *sizes = *bench->sizes ? bench->sizes : subject->sizes;
  measured->row_count = subject->line_up(sizes, &measured->suite, measured->rows);
  struct harness_options options = {.rounds = (size_t)rounds_wanted,
                                    .seconds = bench->seconds,
                                    .slice_us = subject->slice_us,
                                    .patience = PATIENCE_S,
                                    .cpus = bench->cpus,
                                    .look = isatty(STDERR_FILENO) ? show_progress : NULL,
                                    .look_arg = bench};
  char why[512];
  int r = harness_run(measured->suite.contenders, measured->suite.count, &options,
                      &measured->result, why, sizeof why);
  cli_progress_end();
  if (signals_caught())
    return signals_status();
  return r < 0 ? cli_fail("bench: %s: %s", subject->name, why) : 0;
}

/* The figures of a row, and of its limit, in a regime. */
struct figures {
  struct harness_summary rill, limit;
};

static int summarize(const struct measured *measured, const struct bench_row *row,
                     enum regime regime, struct figures *ret) {
  const struct harness_result *result = &measured->result;
  if (harness_summarize(result, row->column, row->limit, regime, &ret->rill) ||
      harness_summarize(result, row->limit, row->limit, regime, &ret->limit))
    return cli_fail("out of memory");
  return 0;
}

static const char *format_time(char text[UNITS_TEXT], double ns) {
  if (ns < 100)
    snprintf(text, UNITS_TEXT, "%.1f ns", ns);
  else
    format_duration(text, llround(ns));
  return text;
}

static void print_row(struct table *table, const struct measured *measured,
                      const struct bench_row *row, enum regime regime,
                      const struct figures *figures) {
  char text[UNITS_TEXT];
  const struct harness_summary *rill = &figures->rill;
  if (row->consumers)
    table_print(table, NULL, "%s/%u", measured->subject->name, row->consumers);
  else
    table_cell(table, NULL, measured->subject->name);
  table_cell(table, NULL, format_size(text, row->size));
  table_cell(table, NULL, measured->subject->wait);
  table_cell(table, NULL, regime_names[regime]);
  table_print(table, NULL, "%.2f", rill->ratio);
  table_print(table, NULL, "%.2f to %.2f", rill->ratio_q1, rill->ratio_q3);
  table_cell(table, NULL, format_time(text, rill->ns));
  table_print(table, NULL, "%s/s", format_count(text, 1e9 / rill->ns));
  table_print(table, NULL, "%s, %s", measured->subject->limit,
              format_time(text, figures->limit.ns));
  table_print(table, NULL, "%zu", rill->rounds);
}

static int print_rows(const struct bench *bench, struct table *table) {
  for (size_t i = 0; i < bench->at; i++) {
    const struct measured *measured = &bench->subjects[i];
    for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++)
      for (size_t j = 0; j < measured->row_count; j++) {
        struct figures figures;
        int status = summarize(measured, &measured->rows[j], regime, &figures);
        if (status)
          return status;
        if (figures.rill.rounds)
          print_row(table, measured, &measured->rows[j], regime, &figures);
      }
  }
  return 0;
}

/* Prints what the table cannot show: regimes that were not seen, rounds that were dropped. */
static int print_absent(const struct bench *bench, FILE *out) {
  for (size_t i = 0; i < bench->at; i++) {
    const struct measured *measured = &bench->subjects[i];
    fprintf(out, "%s: %zu rounds, %zu more dropped for noise", measured->subject->name,
            measured->result.rounds, measured->result.dropped);
    for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++) {
      struct figures figures;
      int status = summarize(measured, measured->rows, regime, &figures);
      if (status)
        return status;
      if (!figures.rill.rounds)
        fprintf(out, "; no %s round was seen", regime_names[regime]);
    }
    fputs(".\n", out);
  }
  return 0;
}

static int print_text(const struct bench *bench) {
  static const char *const columns[] = {"<SUBJECT", ">SIZE",      "<WAIT", "<REGIME",
                                        ">RATIO",   "<QUARTILES", ">TIME", ">RATE",
                                        "<LIMIT",   ">ROUNDS",    NULL};
  FILE *out = bench->cli->out;
  struct table *table = table_new(columns);
  if (!table)
    return cli_fail("out of memory");
  int status = print_rows(bench, table);
  if (table_finish(table, out))
    return cli_fail("out of memory");
  if (!status)
    status = print_absent(bench, out);
  if (bench->cpus.cpu[PAIR_PING] < 0)
    fputs("Only one CPU is allowed: nothing is pinned, and this measures the scheduler.\n", out);
  else
    fprintf(out, "Pinned to the CPUs %d and %d.\n", bench->cpus.cpu[PAIR_PING],
            bench->cpus.cpu[PAIR_PONG]);
  return status;
}

static void set_real(json_t *object, const char *key, double value) {
  json_object_set_new(object, key, json_real(value));
}

static void set_integer(json_t *object, const char *key, size_t value) {
  json_object_set_new(object, key, json_integer((json_int_t)value));
}

static int put_line(const struct bench *bench, const struct measured *measured,
                    const struct bench_row *row, enum regime regime,
                    const struct figures *figures) {
  const struct harness_summary *rill = &figures->rill;
  json_t *object = json_object(), *cpus = json_array();
  json_object_set_new(object, "subject", json_string(measured->subject->name));
  set_integer(object, "size", row->size);
  if (row->consumers)
    set_integer(object, "consumers", row->consumers);
  json_object_set_new(object, "wait", json_string(measured->subject->wait));
  json_object_set_new(object, "regime", json_string(regime_names[regime]));
  json_object_set_new(object, "limit", json_string(measured->subject->limit));
  if (rill->rounds) {
    set_real(object, "ratio", rill->ratio);
    set_real(object, "ratio_q1", rill->ratio_q1);
    set_real(object, "ratio_q3", rill->ratio_q3);
    set_real(object, "ns", rill->ns);
    set_real(object, "ns_q1", rill->ns_q1);
    set_real(object, "ns_q3", rill->ns_q3);
    set_real(object, "limit_ns", figures->limit.ns);
  }
  set_integer(object, "rounds", rill->rounds);
  set_integer(object, "dropped", measured->result.dropped);
  for (enum pair_side side = PAIR_PING; side < PAIR_SIDES; side++)
    if (bench->cpus.cpu[side] >= 0)
      json_array_append_new(cpus, json_integer(bench->cpus.cpu[side]));
  json_object_set_new(object, "cpus", cpus);
  int r = object ? json_dumpf(object, bench->cli->out, JSON_COMPACT | JSON_REAL_PRECISION(6)) : -1;
  json_decref(object);
  putc('\n', bench->cli->out);
  return r < 0 ? cli_fail("out of memory") : 0;
}

static int print_json(const struct bench *bench) {
  for (size_t i = 0; i < bench->at; i++) {
    const struct measured *measured = &bench->subjects[i];
    for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++)
      for (size_t j = 0; j < measured->row_count; j++) {
        struct figures figures;
        int status = summarize(measured, &measured->rows[j], regime, &figures);
        if (!status)
          status = put_line(bench, measured, &measured->rows[j], regime, &figures);
        if (status)
          return status;
      }
  }
  return 0;
}

static int prepare(struct bench *bench, int count, char **operands) {
  if (!rounds_wanted || rounds_wanted > 1000000)
    return cli_usage("bench: --rounds is from 1 to 1000000");
  if (time_wanted < 0)
    time_wanted = (quick ? 3 : 20) * INT64_C(1000000000);
  bench->seconds = (double)time_wanted / 1e9;
  int status = read_sizes(bench);
  if (!status)
    status = read_subjects(bench, count, operands);
  if (status)
    return status;
  int r = pair_choose_cpus(&bench->cpus);
  if (r < 0)
    return cli_fail("bench: which CPUs are allowed: %s", strerror(-r));
  /* The measured queues have a namespace of their own: only the directory is given. */
  if (bench->cli->directory && setenv("RILL_DIR", bench->cli->directory, 1))
    return cli_fail("out of memory");
  return 0;
}

static int run(struct cli *cli, int count, char **operands) {
  static struct measured subjects[BENCH_SUBJECTS];
  struct bench bench = {.cli = cli, .subjects = subjects};
  int status = prepare(&bench, count, operands);
  if (status)
    return status;
  signals_catch();
  for (; bench.at < bench.subject_count && !status; bench.at += !status)
    status = measure(&bench, &subjects[bench.at]);
  /* What was measured before a failure is still useful. */
  int printed = bench.at ? json_wanted ? print_json(&bench) : print_text(&bench) : 0;
  for (size_t i = 0; i < bench.subject_count; i++)
    harness_free(&subjects[i].result);
  return status ? status : printed;
}

static const struct option options[] = {
    OPTION_FLAG("quick", 0, &quick, "3 s for each subject: enough for an overview"),
    OPTION_LIST("size", 's', "SIZE", &sizes_wanted,
                "bytes of a message, 1 to 4K; may be given several times (default: 8, 48, 200 and "
                "1000; for wake and fan_out 48)"),
    OPTION_COUNT("rounds", 0, &rounds_wanted, "rounds of each subject at most (default 10000)"),
    OPTION_DURATION("time", &time_wanted,
                    "for each subject at most, not counting its start (default 20s; 0: no limit)"),
    OPTION_FLAG("json", 0, &json_wanted,
                "a line for each subject, size and regime, an object: subject, size, "
                "consumers (of fan_out), wait, regime, "
                "limit, ratio, ratio_q1, ratio_q3, ns, ns_q1, ns_q3, limit_ns, rounds, dropped, "
                "cpus (an array, empty if nothing is pinned); of a regime that was not seen "
                "rounds is 0, and ratio, ns and limit_ns with their quartiles are missing"),
    OPTION_END,
};

const struct verb verb_bench = {
    .name = "bench",
    .also = "benchmark perf",
    .operands = "[round_trip|stream|wake|fan_out]...",
    .most = -1,
    .summary = "measure Rill against the limits of this host",
    .about =
        "Measures in short rounds, in which Rill and what limits it take turns, so that what the "
        "host does to both of them cancels out. RATIO is the median over the rounds of Rill's time "
        "divided by "
        "that of the limit: 1 is as fast as the host allows. QUARTILES are of the same. TIME is of "
        "one message, or one there and back, and RATE how many there are in a second.\n\n"
        "The subjects (default: all): round_trip, a message there and back, both ends spinning; "
        "the limit is one cache line there and back. stream, one message after the other; the "
        "limit is a bare ring that copies them. wake, there and back with both ends asleep; the "
        "limit is a bare futex. fan_out/N, a stream of which each of N consumers takes every "
        "message; they share a core and sleep when there is none, and the limit is the same with "
        "one consumer.\n\n"
        "A virtual machine moves its CPUs: near and far rounds are distinguished by the raw line, "
        "and "
        "never mixed. Regimes that were not seen are listed below the table. Two processes are "
        "pinned to "
        "two "
        "cores and spin there: leave the host alone meanwhile. If only one CPU is allowed, nothing "
        "is pinned, and what is measured is the scheduler.\n\n"
        "The queues lie in a namespace of their own, perf-PID; --namespace is ignored. "
        "They are removed at the end, also after an interrupt; the rounds finished so far are "
        "still printed. The next run removes what a killed one has left.",
    .options = options,
    .run = run,
};
