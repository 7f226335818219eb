/* SPDX-License-Identifier: MIT */
/* perf/report/read.c - from the JSON of Google Benchmark to figures. An entry that does
 * not follow the naming scheme, or has no known counter, is skipped and counted. */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const counter_names[COUNTERS] = {
    "ns",    "ns_q1", "ns_q3", "ratio", "ratio_q1", "ratio_q3", "rounds", "dropped",
    "share", "count", "p50",   "p90",   "p99",      "p999",     "p9999",  "max"};

static bool all_digits(const char *word, size_t length) {
  return length > 0 && length < 10 && strspn(word, "0123456789") >= length;
}

static bool begins_with_word(const char *text, const char *word) {
  size_t length = strlen(word);
  return strncmp(text, word, length) == 0 && (!text[length] || strchr("/-_ +", text[length]));
}

bool is_rill_name(const char *contender) {
  return begins_with_word(contender, "rill");
}

bool is_rill(const struct figure *figure) {
  return is_rill_name(figure->contender);
}

bool is_raw(const struct figure *figure) {
  return begins_with_word(figure->contender, "raw");
}

bool is_limit(const struct figure *figure) {
  return is_raw(figure) || begins_with_word(figure->contender, "bare") ||
         begins_with_word(figure->contender, "futex");
}

/* Splits the name into the figure; the subject goes to *ret_subject, inside of it.
 * Returns false if the name does not follow the scheme. */
static bool parse_name(struct figure *figure, const char *name, const char **ret_subject) {
  char *words = strdup(name);
  figure->words = words;
  if (!words)
    return false;
  char *first = strchr(words, '/'), *last = strrchr(words, '/');
  if (!first || first == words || last == first)
    return false;
  *first++ = 0;
  *last++ = 0;
  enum regime regime = REGIME_NEAR;
  while (regime < REGIMES && strcmp(last, regime_names[regime]) != 0)
    regime++;
  if (regime == REGIMES || !*first)
    return false;
  figure->regime = regime;
  figure->contender = first;
  figure->setting = "";
  figure->size = -1;
  for (char *slash = strchr(first, '/'); slash; slash = strchr(slash + 1, '/')) {
    size_t length = strcspn(slash + 1, "/");
    if (!all_digits(slash + 1, length))
      continue;
    figure->size = strtol(slash + 1, NULL, 10);
    if (slash[1 + length])
      figure->setting = slash + 1 + length + 1;
    slash[1 + length] = 0;
    *slash = 0;
    break;
  }
  *ret_subject = words;
  return true;
}

/* Is the value in the range that can be shown? Beyond it no unit of time is usual, and no axis
 * could hold the value. */
static bool parse_values(struct figure *figure, const json_t *entry) {
  static const double least = 1e-9, most = 1e18;
  for (size_t i = 0; i < COUNTERS; i++) {
    const json_t *value = json_object_get(entry, counter_names[i]);
    double number = json_is_number(value) ? json_number_value(value) : (double)NAN;
    bool sound = number >= least && number <= most;
    figure->value[i] = sound || number == 0 ? number : (double)NAN;
  }
  figure->error = json_string_value(json_object_get(entry, "error_message"));
  return figure->error || figure->value[RATIO] > 0 || figure->value[NS] > 0 ||
         figure->value[P50] > 0;
}

static void *grown(void *list, size_t count, size_t size) {
  void *more = realloc(list, (count + 1) * size);
  if (!more)
    fprintf(stderr, "rill_perf_report: out of memory\n");
  return more;
}

static struct run *run_of(struct report *report, size_t first, const char *subject) {
  for (size_t i = first; i < report->count; i++)
    if (strcmp(report->runs[i].subject, subject) == 0)
      return &report->runs[i];
  struct run *runs = grown(report->runs, report->count, sizeof *runs);
  if (!runs)
    return NULL;
  report->runs = runs;
  char *copy = strdup(subject);
  if (!copy)
    return NULL;
  runs[report->count] = (struct run){.subject = copy};
  return &runs[report->count++];
}

/* Adds an entry to the run of its subject, among those of this file. */
static int add_entry(struct report *report, size_t first, const json_t *entry) {
  const char *name = json_string_value(json_object_get(entry, "name")), *subject;
  struct figure figure = {0};
  if (!name || !parse_name(&figure, name, &subject) || !parse_values(&figure, entry)) {
    free(figure.words);
    report->passed_over++;
    return 0;
  }
  struct run *run = run_of(report, first, subject);
  struct figure *figures = run ? grown(run->figures, run->count, sizeof *figures) : NULL;
  if (!figures) {
    free(figure.words);
    return -1;
  }
  run->figures = figures;
  figures[run->count++] = figure;
  const char *unit = json_string_value(json_object_get(entry, "label"));
  if (!run->unit && unit)
    run->unit = unit;
  return 0;
}

static int refuse(const char *path, const char *why) {
  fprintf(stderr,
          "rill_perf_report: %s is not the JSON of a benchmark program: %s; write it with "
          "--benchmark_out=FILE\n",
          path, why);
  return -1;
}

int report_read(struct report *report, const char *path) {
  json_error_t error;
  json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (!root) {
    if (error.line < 0)
      fprintf(stderr, "rill_perf_report: %s: %s\n", path, error.text);
    else
      fprintf(stderr,
              "rill_perf_report: %s: broken JSON in line %d, column %d: %s; was the program "
              "interrupted?\n",
              path, error.line, error.column, error.text);
    return -1;
  }
  json_t **roots = grown(report->roots, report->root_count, sizeof *roots);
  if (!roots) {
    json_decref(root);
    return -1;
  }
  report->roots = roots;
  roots[report->root_count++] = root;
  json_t *context = json_object_get(root, "context");
  const json_t *entries = json_object_get(root, "benchmarks");
  if (!json_is_array(entries))
    return refuse(path, "it has no array 'benchmarks'");
  if (!json_is_object(context))
    return refuse(path, "it has no object 'context'");

  size_t first = report->count;
  for (size_t i = 0; i < json_array_size(entries); i++)
    if (add_entry(report, first, json_array_get(entries, i)))
      return -1;
  const char *base = strrchr(path, '/'), *library;
  for (size_t i = first; i < report->count; i++) {
    struct run *run = &report->runs[i];
    run->file = base ? base + 1 : path;
    run->context = context;
    library = json_string_value(json_object_get(context, "library"));
    run->library = library ? library : "";
    run->unit = run->unit ? run->unit : "";
  }
  return 0;
}

int report_read_text(struct report *report, const char *heading, const char *path) {
  FILE *file = fopen(path, "re");
  char *text = NULL;
  size_t size = 0;
  bool read = file && getdelim(&text, &size, 0, file) >= 0; /* to the end: it has no NUL */
  if (!read)
    fprintf(stderr, "rill_perf_report: %s: %s\n", path,
            file ? "there is nothing in it" : strerror(errno));
  if (file)
    fclose(file);
  struct fact *list = read ? grown(report->texts.list, report->texts.count, sizeof *list) : NULL;
  if (!list) {
    free(text);
    return -1;
  }
  report->texts.list = list;
  list[report->texts.count++] = (struct fact){heading, text};
  return 0;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int report_gather_names(struct report *report) {
  size_t count = 0, kept = 0;
  for (size_t i = 0; i < report->count; i++)
    count += report->runs[i].count;
  report->names = calloc(count + 1, sizeof *report->names);
  if (!report->names) {
    fprintf(stderr, "rill_perf_report: out of memory\n");
    return -1;
  }
  count = 0;
  for (size_t i = 0; i < report->count; i++)
    for (size_t j = 0; j < report->runs[i].count; j++)
      if (!is_limit(&report->runs[i].figures[j]))
        report->names[count++] = report->runs[i].figures[j].contender;
  qsort(report->names, count, sizeof *report->names, by_name);
  for (size_t i = 0; i < count; i++)
    if (!kept || strcmp(report->names[kept - 1], report->names[i]) != 0)
      report->names[kept++] = report->names[i];
  report->name_count = kept;
  return 0;
}

void report_free(struct report *report) {
  for (size_t i = 0; i < report->count; i++) {
    struct run *run = &report->runs[i];
    for (size_t j = 0; j < run->count; j++)
      free(run->figures[j].words);
    free(run->figures);
    free(run->subject);
  }
  for (size_t i = 0; i < report->root_count; i++)
    json_decref(report->roots[i]);
  free(report->names);
  free(report->runs);
  free(report->roots);
  for (size_t i = 0; i < report->texts.count; i++)
    free(report->texts.list[i].value);
  free(report->texts.list);
  free(report->machine.list);
  free(report->versions.list);
}

/* All figures of a regime have the same rounds; a contender that failed has none. */
static double of_regime(const struct run *run, enum regime regime, enum counter counter) {
  for (size_t i = 0; i < run->count; i++) {
    const struct figure *figure = &run->figures[i];
    if (figure->regime == regime && !figure->error && figure->value[counter] >= 0)
      return figure->value[counter];
  }
  return 0;
}

double run_share(const struct run *run, enum regime regime) {
  return of_regime(run, regime, SHARE);
}

double run_rounds(const struct run *run, enum regime regime) {
  return of_regime(run, regime, ROUNDS);
}

double run_dropped(const struct run *run) {
  return fmax(of_regime(run, REGIME_NEAR, DROPPED), of_regime(run, REGIME_FAR, DROPPED));
}
