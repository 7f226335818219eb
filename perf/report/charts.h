/* SPDX-License-Identifier: MIT */
/* perf/report/charts.h - the three kinds of plots, as SVG. */
#ifndef RILL_PERF_REPORT_CHARTS_H
#define RILL_PERF_REPORT_CHARTS_H

#include "report.h"
#include "text.h"

/* The CSS classes of a contender, the same on the whole page. */
const char *css_of(const struct report *report, const struct figure *figure,
                   char buffer[NUMBER_SIZE]);

/* Ratios to that limit with their quartiles, in the order given: a row each, under its
 * contender's name unless names says otherwise. */
void chart_ratios(FILE *out, const char *title, const char *limit, const struct figure *const *rows,
                  const char *const *names, size_t count);

struct point {
  double x, y; /* y that is not a number above 0: no point                           */
};

enum { POINTS_MOST = 16 };
struct series {
  const char *label;
  char css[NUMBER_SIZE];
  struct point points[POINTS_MOST]; /* by x                                          */
  size_t count;
};

struct x_tick {
  double x;
  char label[NUMBER_SIZE];
};

/* Lines over a logarithmic x, labelled at their ends. */
struct line_chart {
  const char *title, *x_title, *y_title;
  enum measure y;
  double width; /* between the axes, px                                           */
  const struct series *series;
  size_t count;
  const struct x_tick *ticks; /* the first and the last are the ends of the axis     */
  size_t tick_count;
};
void chart_lines(FILE *out, const struct line_chart *chart);

/* How the rounds of each run fell: near, far, dropped. */
void chart_shares(FILE *out, const struct report *report);

#endif
