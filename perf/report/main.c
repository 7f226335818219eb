/* SPDX-License-Identifier: MIT */
/* perf/report/main.c - rill_perf_report: a page from the JSON of benchmark programs. */
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static void usage(FILE *out) {
  fputs(
      "Usage: rill_perf_report --out FILE.html [--machine KEY=VALUE]... [--version KEY=VALUE]...\n"
      "                        FILE.json...\n"
      "Makes one self-contained page of what benchmark programs wrote with --benchmark_out.\n",
      out);
}

/* Splits KEY=VALUE in place. */
static char *value_of(char *text) {
  char *value = strchr(text, '=');
  if (!value) {
    fprintf(stderr, "rill_perf_report: '%s' is not KEY=VALUE\n", text);
    return NULL;
  }
  *value++ = 0;
  return value;
}

static int add_fact(struct facts *facts, char *key) {
  char *value = value_of(key);
  if (!value)
    return -1;
  struct fact *list = realloc(facts->list, (facts->count + 1) * sizeof *list);
  if (!list) {
    fprintf(stderr, "rill_perf_report: out of memory\n");
    return -1;
  }
  facts->list = list;
  list[facts->count++] = (struct fact){key, value};
  return 0;
}

/* What an option of the command line adds. */
static int take_option(struct report *report, int option, char *text) {
  if (option != 't')
    return add_fact(option == 'm' ? &report->machine : &report->versions, text);
  char *path = value_of(text);
  return path ? report_read_text(report, text, path) : -1;
}

/* The page appears whole, or not at all. */
static int write_page(const struct report *report, const char *path) {
  char *part;
  if (asprintf(&part, "%s.part", path) < 0) {
    fprintf(stderr, "rill_perf_report: out of memory\n");
    return -1;
  }
  FILE *out = fopen(part, "we");
  if (out)
    report_write(out, report);
  bool bad = !out || ferror(out);
  bad |= out && fclose(out) != 0;
  if (!bad)
    bad = rename(part, path) != 0;
  if (bad) {
    fprintf(stderr, "rill_perf_report: cannot write %s: %s\n", path, strerror(errno));
    remove(part);
  }
  free(part);
  return bad ? -1 : 0;
}

int main(int argc, char **argv) {
  static const struct option table[] = {
      {"out", required_argument, NULL, 'o'},     {"machine", required_argument, NULL, 'm'},
      {"version", required_argument, NULL, 'v'}, {"text", required_argument, NULL, 't'},
      {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
  struct report report = {0};
  const char *path = NULL;
  int status = 2, option;
  while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
    if (option == 'o')
      path = optarg;
    else if (option == 'h') {
      usage(stdout);
      status = 0;
      goto out;
    } else if (option == '?' || take_option(&report, option, optarg)) {
      goto out;
    }
  }
  if (!path || optind == argc) {
    fprintf(stderr, "rill_perf_report: %s\n",
            path ? "which files? Name at least one" : "where to? Give --out FILE.html");
    usage(stderr);
    goto out;
  }
  status = 1;
  for (int i = optind; i < argc; i++)
    if (report_read(&report, argv[i]))
      goto out;
  if (report_gather_names(&report) == 0 && write_page(&report, path) == 0)
    status = 0;
out:
  report_free(&report);
  return status;
}
