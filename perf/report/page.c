/* SPDX-License-Identifier: MIT */
/* perf/report/page.c - the page from top to bottom: well-formed both as HTML and as XML, with
 * nothing outside of itself and nothing that runs. */
#include "charts.h"
#include "page.h"

#include <ctype.h>
#include <string.h>

void put_heading(FILE *out, const struct run *run) {
  char text[LABEL_SIZE];
  shortened(text, run->subject, 60);
  text[0] = (char)toupper((unsigned char)text[0]);
  for (char *at = text; *at; at++)
    if (*at == '_')
      *at = ' ';
  put_text(out, text);
  if (strncmp(run->library, "static", 6) == 0)
    fputs(", static library", out);
}

static void put_fact(FILE *out, const char *key, const char *value) {
  fputs("<tr><th scope=\"row\">", out);
  put_text(out, key);
  fputs("</th><td>", out);
  put_text(out, value);
  fputs("</td></tr>\n", out);
}

static void put_facts(FILE *out, const char *heading, const struct facts *facts) {
  if (!facts->count)
    return;
  fprintf(out, "<section>\n<h2>%s</h2>\n<table>\n", heading);
  for (size_t i = 0; i < facts->count; i++)
    put_fact(out, facts->list[i].key, facts->list[i].value);
  fputs("</table>\n</section>\n", out);
}

/* What is elsewhere on the page already, or comes from Google Benchmark alone. */
static bool told_elsewhere(const char *key) {
  static const char *const keys[] = {"date",   "host_name",       "executable",         "library",
                                     "rounds", "regimes",         "library_build_type", "unit",
                                     "pinned", "library_version", "json_schema_version"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
    if (strcmp(key, keys[i]) == 0)
      return true;
  return false;
}

static bool said_before(const struct report *report, size_t index, const char *key,
                        const char *value) {
  for (size_t i = 0; i < index; i++) {
    const char *other = json_string_value(json_object_get(report->runs[i].context, key));
    if (other && strcmp(other, value) == 0)
      return true;
  }
  return false;
}

/* The compiler and the peers, as the programs name them, each line once. */
static void put_versions(FILE *out, const struct report *report) {
  fputs("<section>\n<h2>Versions</h2>\n<table>\n", out);
  for (size_t i = 0; i < report->versions.count; i++)
    put_fact(out, report->versions.list[i].key, report->versions.list[i].value);
  for (size_t i = 0; i < report->count; i++) {
    void *iterator = json_object_iter(report->runs[i].context);
    for (; iterator; iterator = json_object_iter_next(report->runs[i].context, iterator)) {
      const char *key = json_object_iter_key(iterator);
      const char *value = json_string_value(json_object_iter_value(iterator));
      if (value && !told_elsewhere(key) && !said_before(report, i, key, value))
        put_fact(out, key, value);
    }
  }
  fputs("</table>\n</section>\n", out);
}

static const char *context_of(const struct run *run, const char *key) {
  const char *value = json_string_value(json_object_get(run->context, key));
  return value ? value : "-";
}

static double raw_ns(const struct run *run, enum regime regime) {
  for (size_t i = 0; i < run->count; i++)
    if (run->figures[i].regime == regime && !run->figures[i].error &&
        strcmp(run->figures[i].contender, "raw/best") == 0)
      return run->figures[i].value[NS];
  return 0;
}

static void put_noise_row(FILE *out, const struct run *run) {
  char text[NUMBER_SIZE];
  fputs("<tr><th scope=\"row\">", out);
  put_heading(out, run);
  fputs("</th>", out);
  for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++) {
    double rounds = run_rounds(run, regime), raw = raw_ns(run, regime);
    if (rounds > 0)
      fprintf(out,
              "<td class=\"number\">%.0f <small>%.0f %%</small></td><td class=\"number\">%s</td>",
              rounds, 100 * run_share(run, regime), raw > 0 ? with_unit(text, AS_TIME, raw) : "-");
    else
      fputs("<td class=\"number\">not seen</td><td class=\"number\">-</td>", out);
  }
  fprintf(out, "<td class=\"number\">%.0f</td><td>", run_dropped(run));
  put_text(out, context_of(run, "regimes"));
  fputs("</td><td>", out);
  put_text(out, context_of(run, "pinned"));
  fputs("</td></tr>\n", out);
}

static void put_noise(FILE *out, const struct report *report) {
  fputs("<section>\n<h2>Noise</h2>\n"
        "<p>All contenders run in each round, in turn. A round whose raw figure moved by more than "
        "half was dropped. Near and far are the two places that a host gives to a pair of virtual "
        "CPUs; they are never mixed.</p>\n<div class=\"charts\">\n",
        out);
  chart_shares(out, report);
  fputs("</div>\n<table><tr><th scope=\"col\">run</th>"
        "<th scope=\"col\" class=\"number\">near rounds</th><th scope=\"col\" class=\"number\">raw"
        "</th><th scope=\"col\" class=\"number\">far rounds</th>"
        "<th scope=\"col\" class=\"number\">raw</th><th scope=\"col\" class=\"number\">dropped</th>"
        "<th scope=\"col\">regimes</th><th scope=\"col\">pinned CPUs</th></tr>\n",
        out);
  for (size_t i = 0; i < report->count; i++)
    put_noise_row(out, &report->runs[i]);
  fputs("</table>\n", out);
  if (report->passed_over)
    fprintf(out, "<p>%zu entries do not follow the naming scheme and were skipped.</p>\n",
            report->passed_over);
  fputs("</section>\n", out);
}

static void put_contents(FILE *out, const struct report *report) {
  fputs("<nav><ul>\n", out);
  for (size_t i = 0; i < report->count; i++) {
    fprintf(out, "<li><a href=\"#run-%zu\">", i);
    put_heading(out, &report->runs[i]);
    fputs("</a></li>\n", out);
  }
  fputs("</ul></nav>\n", out);
}

void report_write(FILE *out, const struct report *report) {
  fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<title>Rill: benchmarks</title>\n",
        out);
  put_style(out);
  fputs("</head>\n<body>\n<main>\n<h1>Rill: benchmarks</h1>\n", out);
  if (report->count)
    fputs(
        "<p>Figures are ratios to what the machine itself costs, taken in the same rounds; each "
        "section names the unit. Less is better. raw/best is one cache line there and back between "
        "the two cores.</p>\n",
        out);
  else
    fputs("<p>No figures were found.</p>\n", out);
  put_contents(out, report);
  put_glance(out, report);
  put_facts(out, "Machine", &report->machine);
  put_versions(out, report);
  put_noise(out, report);
  for (size_t i = 0; i < report->count; i++)
    put_section(out, report, i);
  for (size_t i = 0; i < report->texts.count; i++) {
    fputs("<section>\n<h2>", out);
    put_text(out, report->texts.list[i].key);
    fputs("</h2>\n<pre>", out);
    put_text(out, report->texts.list[i].value);
    fputs("</pre>\n</section>\n", out);
  }
  fputs("</main>\n</body>\n</html>\n", out);
}
