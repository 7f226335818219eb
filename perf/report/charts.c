/* SPDX-License-Identifier: MIT */
/* perf/report/charts.c - see charts.h. Labels have columns of their own, or are spread until
 * none lies over another; no meaning is carried by colour alone. */
#include "charts.h"

#include "plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PALETTE = 7, DASHES = 4 };

/* A place among the contenders of the report that are alike, so that a colour means the same
 * everywhere. */
static size_t place_of(const struct report *report, const struct figure *figure) {
  size_t place = 0;
  for (size_t i = 0; i < report->name_count; i++) {
    if (strcmp(report->names[i], figure->contender) == 0)
      break;
    place += is_rill_name(report->names[i]) == is_rill(figure);
  }
  return place;
}

const char *css_of(const struct report *report, const struct figure *figure,
                   char buffer[NUMBER_SIZE]) {
  size_t place = is_limit(figure) ? 0 : place_of(report, figure);
  if (is_limit(figure))
    snprintf(buffer, NUMBER_SIZE, "limit");
  else if (is_rill(figure))
    snprintf(buffer, NUMBER_SIZE, "rill d%zu", place % DASHES);
  else
    snprintf(buffer, NUMBER_SIZE, "c%zu d%zu", place % PALETTE, place / PALETTE % DASHES);
  return buffer;
}

enum { BAR_LABEL = 150, BAR_PLOT = 220, BAR_VALUE = 150, BAR_ROW = 20, BAR_TOP = 30 };

static void ratio_row(FILE *out, const struct scale *x, const struct figure *row, const char *name,
                      double top) {
  const double *value = row->value;
  const char *kind = is_rill(row) ? " rill" : is_limit(row) ? " limit" : "";
  char label[LABEL_SIZE], ratio[NUMBER_SIZE], ns[NUMBER_SIZE], css[NUMBER_SIZE], text[LABEL_SIZE];
  double middle = top + BAR_ROW / 2.0, end = scale_at(x, value[RATIO]);
  snprintf(css, sizeof css, "name%s", kind);
  svg_text(out, css, ANCHOR_END, BAR_LABEL - 8, middle + 4, shortened(label, name, 22));
  snprintf(css, sizeof css, "bar%s", kind);
  svg_rect(out, css, x->start, top + 4, end - x->start, BAR_ROW - 8);
  if (value[RATIO_Q1] > 0 && value[RATIO_Q3] > 0) {
    double low = scale_at(x, value[RATIO_Q1]), high = scale_at(x, value[RATIO_Q3]);
    svg_line(out, "whisker", low, middle, high, middle);
    svg_line(out, "whisker", low, middle - 4, low, middle + 4);
    svg_line(out, "whisker", high, middle - 4, high, middle + 4);
  }
  double shown = value[NS] > 0 ? value[NS] : value[P50];
  snprintf(text, sizeof text, "%s  (%s)", with_unit(ratio, AS_NUMBER, value[RATIO]),
           with_unit(ns, AS_TIME, shown));
  snprintf(css, sizeof css, "value%s", kind);
  svg_text(out, css, ANCHOR_START, BAR_LABEL + BAR_PLOT + 10, middle + 4, shown > 0 ? text : ratio);
}

void chart_ratios(FILE *out, const char *title, const char *limit, const struct figure *const *rows,
                  const char *const *names, size_t count) {
  struct scale x = {.start = BAR_LABEL, .end = BAR_LABEL + BAR_PLOT};
  scale_hold(&x, 1);
  for (size_t i = 0; i < count; i++) {
    scale_hold(&x, rows[i]->value[RATIO]);
    scale_hold(&x, rows[i]->value[RATIO_Q1]);
    scale_hold(&x, rows[i]->value[RATIO_Q3]);
  }
  x.from /= 1.3; /* the best one keeps a bar */
  scale_pad(&x, 1.05);
  double bottom = BAR_TOP + BAR_ROW * (double)count, ticks[TICKS_MOST];
  svg_begin(out, BAR_LABEL + BAR_PLOT + BAR_VALUE, bottom + 40, title);
  svg_text(out, "title", ANCHOR_START, 4, 16, title);
  size_t tick_count = scale_ticks(&x, 6, ticks);
  for (size_t i = 0; i < tick_count; i++) {
    char label[NUMBER_SIZE];
    double at = scale_at(&x, ticks[i]);
    svg_line(out, "grid", at, BAR_TOP, at, bottom);
    svg_text(out, "tick", ANCHOR_MIDDLE, at, bottom + 14, as_tick(label, AS_NUMBER, ticks[i]));
  }
  for (size_t i = 0; i < count; i++)
    ratio_row(out, &x, rows[i], names ? names[i] : rows[i]->contender,
              BAR_TOP + BAR_ROW * (double)i);
  svg_line(out, "one", scale_at(&x, 1), BAR_TOP, scale_at(&x, 1), bottom);
  char text[LABEL_SIZE], label[LABEL_SIZE];
  snprintf(text, sizeof text, "ratio to %.60s", shortened(label, limit, 30));
  svg_text(out, "axis", ANCHOR_MIDDLE, BAR_LABEL + BAR_PLOT / 2.0, bottom + 32, text);
  svg_end(out);
}

enum { LINE_LEFT = 62, LINE_LABEL = 178, LINE_TOP = 44, LINE_GAP = 14 };

struct end { /* where the label of a line wants to stand                            */
  double x, y;
  const struct series *series;
};

static int by_height(const void *a, const void *b) {
  double one = ((const struct end *)a)->y, other = ((const struct end *)b)->y;
  return one < other ? -1 : one > other;
}

static void draw_series(FILE *out, const struct scale *x, const struct scale *y,
                        const struct series *series, struct end *ret) {
  *ret = (struct end){0, 0, series};
  fprintf(out, "<polyline class=\"line %s\" points=\"", series->css);
  for (size_t i = 0; i < series->count; i++) {
    if (!(series->points[i].y > 0))
      continue;
    ret->x = scale_at(x, series->points[i].x);
    ret->y = scale_at(y, series->points[i].y);
    fprintf(out, "%.1f,%.1f ", ret->x, ret->y);
  }
  fputs("\"/>\n", out);
  for (size_t i = 0; i < series->count; i++)
    if (series->points[i].y > 0)
      fprintf(out, "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n", series->css,
              scale_at(x, series->points[i].x), scale_at(y, series->points[i].y));
}

static void draw_axes(FILE *out, const struct line_chart *chart, const struct scale *x,
                      const struct scale *y) {
  double ticks[TICKS_MOST];
  char label[NUMBER_SIZE];
  svg_text(out, "title", ANCHOR_START, 4, 16, chart->title);
  svg_text(out, "axis", ANCHOR_START, 4, 34, chart->y_title);
  size_t count = scale_ticks(y, 9, ticks);
  for (size_t i = 0; i < count; i++) {
    double at = scale_at(y, ticks[i]);
    svg_line(out, "grid", x->start, at, x->end, at);
    svg_text(out, "tick", ANCHOR_END, x->start - 6, at + 4, as_tick(label, chart->y, ticks[i]));
  }
  for (size_t i = 0; i < chart->tick_count; i++) {
    double at = scale_at(x, chart->ticks[i].x);
    svg_line(out, "grid", at, y->end, at, y->start);
    svg_text(out, "tick", ANCHOR_MIDDLE, at, y->start + 15, chart->ticks[i].label);
  }
  svg_text(out, "axis", ANCHOR_MIDDLE, (x->start + x->end) / 2, y->start + 33, chart->x_title);
}

/* Each label at the height of its line's end, or as near as the others let it. */
static void draw_labels(FILE *out, struct end *ends, size_t count, const struct scale *x,
                        const struct scale *y) {
  qsort(ends, count, sizeof *ends, by_height);
  double *wish = calloc(2 * count, sizeof *wish);
  if (!wish)
    return;
  for (size_t i = 0; i < count; i++)
    wish[i] = ends[i].y;
  double *place = wish + count;
  spread(wish, place, count, LINE_GAP, y->end + 4, y->start - 2);
  for (size_t i = 0; i < count; i++) {
    char label[LABEL_SIZE], css[NUMBER_SIZE + 8];
    snprintf(css, sizeof css, "leader %s", ends[i].series->css);
    svg_line(out, css, ends[i].x + 4, ends[i].y, x->end + 16, place[i]);
    snprintf(css, sizeof css, "line %s", ends[i].series->css);
    svg_line(out, css, x->end + 16, place[i], x->end + 30, place[i]);
    svg_text(out, strstr(ends[i].series->css, "rill") ? "name rill" : "name", ANCHOR_START,
             x->end + 34, place[i] + 4, shortened(label, ends[i].series->label, 20));
  }
  free(wish);
}

void chart_lines(FILE *out, const struct line_chart *chart) {
  double height = fmax(230, LINE_GAP * (double)chart->count + 10), bottom = LINE_TOP + height;
  struct scale x = {chart->ticks[0].x, chart->ticks[chart->tick_count - 1].x, LINE_LEFT,
                    LINE_LEFT + chart->width};
  struct scale y = {.start = bottom, .end = LINE_TOP};
  for (size_t i = 0; i < chart->count; i++)
    for (size_t j = 0; j < chart->series[i].count; j++)
      scale_hold(&y, chart->series[i].points[j].y);
  scale_pad(&y, 1.1);
  svg_begin(out, LINE_LEFT + chart->width + LINE_LABEL, bottom + 42, chart->title);
  draw_axes(out, chart, &x, &y);
  struct end *ends = calloc(chart->count, sizeof *ends);
  if (ends) {
    for (size_t i = 0; i < chart->count; i++)
      draw_series(out, &x, &y, &chart->series[i], &ends[i]);
    for (size_t i = 0; i < chart->count; i++)
      if (strstr(chart->series[i].css, "rill")) /* once more, above the others           */
        draw_series(out, &x, &y, &chart->series[i], &ends[i]);
    draw_labels(out, ends, chart->count, &x, &y);
    free(ends);
  }
  svg_end(out);
}

enum { SHARE_LABEL = 190, SHARE_PLOT = 560, SHARE_ROW = 24, SHARE_TOP = 28 };

static void share_row(FILE *out, const struct run *run, double top) {
  static const char *const names[] = {"near", "far", "dropped"};
  static const char *const css[] = {"near", "far", "dropped"};
  double parts[] = {run_rounds(run, REGIME_NEAR), run_rounds(run, REGIME_FAR), run_dropped(run)};
  double total = parts[0] + parts[1] + parts[2], at = SHARE_LABEL;
  char text[2 * LABEL_SIZE], label[LABEL_SIZE];
  snprintf(text, sizeof text, "%.60s%s", run->subject,
           strncmp(run->library, "static", 6) == 0 ? ", static" : "");
  svg_text(out, "name", ANCHOR_END, SHARE_LABEL - 8, top + 15, shortened(label, text, 26));
  if (total <= 0)
    svg_text(out, "value", ANCHOR_START, at, top + 15, "no rounds");
  for (size_t i = 0; i < 3 && total > 0; i++) {
    double width = SHARE_PLOT * parts[i] / total;
    if (width <= 0)
      continue;
    svg_rect(out, css[i], at, top + 3, width, SHARE_ROW - 6);
    snprintf(text, sizeof text, "%s %.0f %%", names[i], 100 * parts[i] / total);
    if (width > 84)
      svg_text(out, "inside", ANCHOR_MIDDLE, at + width / 2, top + 16, text);
    at += width;
  }
}

void chart_shares(FILE *out, const struct report *report) {
  svg_begin(out, SHARE_LABEL + SHARE_PLOT + 10, SHARE_TOP + SHARE_ROW * (double)report->count + 6,
            "Rounds by regime");
  svg_text(out, "title", ANCHOR_START, 4, 16, "Rounds by regime");
  for (size_t i = 0; i < report->count; i++)
    share_row(out, &report->runs[i], SHARE_TOP + SHARE_ROW * (double)i);
  svg_end(out);
}
