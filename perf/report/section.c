/* SPDX-License-Identifier: MIT */
/* perf/report/section.c - all about one run: the regimes apart, each plot with its table. */
#include "charts.h"
#include "page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double percentile_at[] = {2, 10, 100, 1000, 10000, 100000}; /* 1 / (1 - p)  */
static const char *const percentile_names[] = {"50 %", "90 %", "99 %", "99.9 %", "99.99 %", "max"};
enum { PERCENTILES = MAX - P50 + 1 };

/* One regime of a run, as it is shown. */
struct view {
  FILE *out;
  const struct report *report;
  const struct run *run;
  enum regime regime;
  struct cell cells[CELLS_MOST];
  size_t cell_count;
  const struct figure **contenders;
  size_t contender_count;
};

static bool any_has(const struct view *view, enum counter counter) {
  for (size_t i = 0; i < view->contender_count; i++)
    for (size_t j = 0; j < view->cell_count; j++) {
      const struct figure *figure =
          figure_at(view->run, view->regime, view->contenders[i]->contender, &view->cells[j]);
      if (figure && figure->value[counter] > 0)
        return true;
    }
  return false;
}

/* One message after the other: the usual figure is messages a second. */
static bool is_flow(const struct run *run) {
  return strcmp(run->unit, "message") == 0;
}

/* The unit of its ratios. */
static const char *limit_of(const struct run *run) {
  const char *unit = json_string_value(json_object_get(run->context, "unit"));
  return unit ? unit : "the limit";
}

static void put_row_head(FILE *out, const struct figure *contender) {
  fprintf(out, "<tr%s><th scope=\"row\">", is_rill(contender) ? " class=\"rill\"" : "");
  put_text(out, contender->contender);
  fputs("</th>", out);
}

typedef void put_cell(FILE *out, const struct run *run, const struct figure *figure);

static void put_ratio(FILE *out, const struct run *run, const struct figure *figure) {
  char ratio[NUMBER_SIZE], low[NUMBER_SIZE], high[NUMBER_SIZE];
  const double *value = figure->value;
  (void)run;
  fputs(with_unit(ratio, AS_NUMBER, value[RATIO]), out);
  if (value[RATIO_Q1] > 0 && value[RATIO_Q3] > 0)
    fprintf(out, " <small>%s to %s</small>", with_unit(low, AS_NUMBER, value[RATIO_Q1]),
            with_unit(high, AS_NUMBER, value[RATIO_Q3]));
}

static void put_time(FILE *out, const struct run *run, const struct figure *figure) {
  char ns[NUMBER_SIZE], rate[NUMBER_SIZE];
  if (is_flow(run) && figure->value[NS] > 0)
    fprintf(out, "%s/s <small>%s</small>", with_unit(rate, AS_RATE, 1e9 / figure->value[NS]),
            with_unit(ns, AS_TIME, figure->value[NS]));
  else
    fputs(with_unit(ns, AS_TIME, figure->value[NS]), out);
}

/* Contenders down, cells across. */
static void put_matrix(const struct view *view, const char *caption, put_cell *put) {
  FILE *out = view->out;
  fprintf(out, "<table><caption>%s</caption>\n<tr><th scope=\"col\">contender</th>", caption);
  for (size_t i = 0; i < view->cell_count; i++) {
    char words[LABEL_SIZE];
    fputs("<th scope=\"col\" class=\"number\">", out);
    put_text(out, cell_words(view->run, &view->cells[i], words));
    fputs("</th>", out);
  }
  fputs("</tr>\n", out);
  for (size_t i = 0; i < view->contender_count; i++) {
    put_row_head(out, view->contenders[i]);
    for (size_t j = 0; j < view->cell_count; j++) {
      const struct figure *figure =
          figure_at(view->run, view->regime, view->contenders[i]->contender, &view->cells[j]);
      fputs("<td class=\"number\">", out);
      if (figure)
        put(out, view->run, figure);
      fputs("</td>", out);
    }
    fputs("</tr>\n", out);
  }
  fputs("</table>\n", out);
}

/* With one contender alone, its cells are compared with each other. */
static void put_alone(const struct view *view) {
  const struct figure *rows[CELLS_MOST];
  char words[CELLS_MOST][LABEL_SIZE];
  const char *names[CELLS_MOST];
  size_t count = 0;
  for (size_t i = 0; i < view->cell_count; i++) {
    rows[count] =
        figure_at(view->run, view->regime, view->contenders[0]->contender, &view->cells[i]);
    names[count] = cell_words(view->run, &view->cells[i], words[count]);
    count += rows[count] && rows[count]->value[RATIO] > 0;
  }
  char title[LABEL_SIZE];
  chart_ratios(view->out, shortened(title, view->contenders[0]->contender, 40), limit_of(view->run),
               rows, names, count);
}

static void put_compared(const struct view *view, const struct cell *cell) {
  size_t count, kept = 0;
  const struct figure **rows = figures_of(view->run, view->regime, cell, &count);
  for (size_t i = 0; rows && i < count; i++)
    if (rows[i]->value[RATIO] > 0)
      rows[kept++] = rows[i];
  char words[LABEL_SIZE];
  if (kept)
    chart_ratios(view->out, cell_words(view->run, cell, words), limit_of(view->run), rows, NULL,
                 kept);
  free(rows);
}

static void put_ratios(const struct view *view) {
  if (!any_has(view, RATIO))
    return;
  fputs("<div class=\"charts\">\n", view->out);
  if (view->contender_count == 1)
    put_alone(view);
  for (size_t i = 0; i < view->cell_count && view->contender_count > 1; i++)
    put_compared(view, &view->cells[i]);
  fputs("</div>\n", view->out);
  put_matrix(view, "Ratio: median, and lower to upper quartile", put_ratio);
}

/* The lines of one setting: a point for each size. Returns how many sizes there are. */
static size_t gather_sizes(const struct view *view, const char *setting, struct series *series,
                           struct x_tick *ticks) {
  size_t count = 0;
  for (size_t i = 0; i < view->cell_count && count < POINTS_MOST; i++) {
    const struct cell *cell = &view->cells[i];
    if (cell->size < 1 || strcmp(cell->setting, setting) != 0)
      continue;
    ticks[count].x = (double)cell->size;
    snprintf(ticks[count].label, NUMBER_SIZE, "%ld", cell->size);
    for (size_t j = 0; j < view->contender_count; j++) {
      const struct figure *figure =
          figure_at(view->run, view->regime, view->contenders[j]->contender, cell);
      double ns = figure ? figure->value[NS] : (double)NAN;
      series[j].points[count] = (struct point){ticks[count].x, is_flow(view->run) ? 1e9 / ns : ns};
      series[j].count = count + 1;
    }
    count++;
  }
  return count;
}

/* Those with a line to draw, moved to the front. */
static size_t keep_drawn(struct series *series, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    size_t points = 0;
    for (size_t j = 0; j < series[i].count; j++)
      points += series[i].points[j].y > 0;
    if (points >= 2)
      series[kept++] = series[i];
  }
  return kept;
}

static struct series *series_of(const struct view *view) {
  struct series *series = calloc(view->contender_count + 1, sizeof *series);
  for (size_t i = 0; series && i < view->contender_count; i++) {
    series[i].label = view->contenders[i]->contender;
    css_of(view->report, view->contenders[i], series[i].css);
  }
  return series;
}

static void put_sizes_chart(const struct view *view, const char *setting) {
  struct x_tick ticks[POINTS_MOST];
  struct series *series = series_of(view);
  if (!series)
    return;
  size_t sizes = gather_sizes(view, setting, series, ticks);
  size_t count = keep_drawn(series, view->contender_count);
  char title[LABEL_SIZE], short_setting[LABEL_SIZE];
  const char *word = number_word(view->run);
  snprintf(title, sizeof title, "%s against %s%s%.60s", is_flow(view->run) ? "Throughput" : "Time",
           word[1] ? word : "size", *setting ? ", " : "", shortened(short_setting, setting, 30));
  struct line_chart chart = {.title = title,
                             .x_title = word[1] ? word : "payload, bytes",
                             .y_title = is_flow(view->run) ? "messages/s" : "median",
                             .y = is_flow(view->run) ? AS_RATE : AS_TIME,
                             .width = 310,
                             .series = series,
                             .count = count,
                             .ticks = ticks,
                             .tick_count = sizes};
  if (sizes >= 2 && count)
    chart_lines(view->out, &chart);
  free(series);
}

static void put_sizes(const struct view *view) {
  if (!any_has(view, NS))
    return;
  fputs("<div class=\"charts\">\n", view->out);
  for (size_t i = 0; i < view->cell_count; i++)
    if (!i || strcmp(view->cells[i - 1].setting, view->cells[i].setting) != 0)
      put_sizes_chart(view, view->cells[i].setting);
  fputs("</div>\n", view->out);
  put_matrix(view,
             is_flow(view->run) ? "Messages a second, and the time of one: median" : "Time: median",
             put_time);
}

static void put_percentile_table(const struct view *view, const struct figure *const *rows,
                                 size_t count, const char *words) {
  FILE *out = view->out;
  fputs("<table><caption>Latency: ", out);
  put_text(out, words);
  fputs("</caption>\n<tr><th scope=\"col\">contender</th>", out);
  for (size_t i = 0; i < PERCENTILES; i++)
    fprintf(out, "<th scope=\"col\" class=\"number\">%s</th>", percentile_names[i]);
  fputs("<th scope=\"col\" class=\"number\">samples</th></tr>\n", out);
  for (size_t i = 0; i < count; i++) {
    char text[NUMBER_SIZE];
    put_row_head(out, rows[i]);
    for (size_t j = 0; j < PERCENTILES; j++)
      fprintf(out, "<td class=\"number\">%s</td>",
              with_unit(text, AS_TIME, rows[i]->value[P50 + j]));
    fprintf(out, "<td class=\"number\">%s</td></tr>\n",
            with_unit(text, AS_RATE, rows[i]->value[COUNT]));
  }
  fputs("</table>\n", out);
}

static void put_percentile_chart(const struct view *view, const struct figure *const *rows,
                                 size_t count, const char *words) {
  struct series *series = calloc(count, sizeof *series);
  struct x_tick ticks[PERCENTILES];
  for (size_t i = 0; i < PERCENTILES; i++) {
    ticks[i].x = percentile_at[i];
    snprintf(ticks[i].label, NUMBER_SIZE, "%s", percentile_names[i]);
  }
  for (size_t i = 0; series && i < count; i++) {
    series[i].label = rows[i]->contender;
    series[i].count = PERCENTILES;
    css_of(view->report, rows[i], series[i].css);
    for (size_t j = 0; j < PERCENTILES; j++)
      series[i].points[j] = (struct point){percentile_at[j], rows[i]->value[P50 + j]};
  }
  struct line_chart chart = {.title = words,
                             .x_title = "percentile of the messages",
                             .y_title = "latency",
                             .y = AS_TIME,
                             .width = 600,
                             .series = series,
                             .count = count,
                             .ticks = ticks,
                             .tick_count = PERCENTILES};
  if (series)
    chart_lines(view->out, &chart);
  free(series);
}

static void put_percentiles(const struct view *view) {
  for (size_t i = 0; i < view->cell_count; i++) {
    size_t count, kept = 0;
    const struct figure **rows = figures_of(view->run, view->regime, &view->cells[i], &count);
    for (size_t j = 0; rows && j < count; j++)
      if (rows[j]->value[P50] > 0)
        rows[kept++] = rows[j];
    char words[LABEL_SIZE];
    if (kept) {
      cell_words(view->run, &view->cells[i], words);
      fputs("<div class=\"charts\">\n", view->out);
      put_percentile_chart(view, rows, kept, words);
      fputs("</div>\n", view->out);
      put_percentile_table(view, rows, kept, words);
    }
    free(rows);
  }
}

/* The contenders that failed, and why; a regime that was not seen is reported once. */
static void put_errors(FILE *out, const struct run *run, enum regime regime, bool measured) {
  const char *before = NULL;
  for (size_t i = 0; i < run->count; i++) {
    const struct figure *figure = &run->figures[i];
    if (figure->regime != regime || !figure->error || is_raw(figure))
      continue;
    if (!measured) {
      if (before && strcmp(before, figure->error) == 0)
        continue;
      before = figure->error;
      fputs("<p class=\"absent\">Not seen: ", out);
    } else {
      fputs("<p class=\"absent\">", out);
      put_text(out, figure->contender);
      char words[LABEL_SIZE];
      fputs(", ", out);
      put_text(out, cell_words(run, &(struct cell){figure->size, figure->setting}, words));
      fputs(": ", out);
    }
    put_text(out, figure->error);
    fputs("</p>\n", out);
  }
}

static void put_regime(FILE *out, const struct report *report, const struct run *run,
                       enum regime regime) {
  struct view view = {.out = out, .report = report, .run = run, .regime = regime};
  view.cell_count = cells_of(run, regime, view.cells);
  view.contenders = contenders_of(run, regime, &view.contender_count);
  fprintf(out, "<h3>%s regime", regime == REGIME_NEAR ? "Near" : "Far");
  if (view.contender_count)
    fprintf(out, ": %.0f rounds, %.0f %% of those kept", run_rounds(run, regime),
            100 * run_share(run, regime));
  fputs("</h3>\n", out);
  put_errors(out, run, regime, view.contender_count > 0);
  if (view.contender_count) {
    put_percentiles(&view);
    put_ratios(&view);
    put_sizes(&view);
  }
  free(view.contenders);
}

void put_section(FILE *out, const struct report *report, size_t index) {
  const struct run *run = &report->runs[index];
  fprintf(out, "<section id=\"run-%zu\">\n<h2>", index);
  put_heading(out, run);
  fputs("</h2>\n<p>", out);
  if (*run->unit) {
    fputs("What is counted: ", out);
    put_text(out, run->unit);
    fputs(". ", out);
  }
  fputs("Ratios are to ", out);
  put_text(out, limit_of(run));
  fputs(" of the same rounds. ", out);
  fputs("Raw figures: <a href=\"", out);
  put_text(out, run->file);
  fputs("\">", out);
  put_text(out, run->file);
  fputs("</a>.</p>\n", out);
  for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++)
    put_regime(out, report, run, regime);
  fputs("</section>\n", out);
}
