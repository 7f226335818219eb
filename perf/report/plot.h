/* SPDX-License-Identifier: MIT */
/* perf/report/plot.h - axes and the elements of SVG. charts.c decides what is drawn. */
#ifndef RILL_PERF_REPORT_PLOT_H
#define RILL_PERF_REPORT_PLOT_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A logarithmic axis: values from..to lie at start..end, in px. */
struct scale {
  double from, to, start, end;
};

/* Widens *scale so that it holds the value; values that are not numbers are ignored. The first
 * one makes from and to. A scale begins with from and to 0. */
void scale_hold(struct scale *scale, double value);
/* Some room at both ends, and at least a factor of 1.5 in all. */
void scale_pad(struct scale *scale, double factor);
double scale_at(const struct scale *scale, double value);

enum { TICKS_MOST = 12 };
/* At most `most` round values within the axis, and at least two where that is possible. */
size_t scale_ticks(const struct scale *scale, size_t most, double ret[TICKS_MOST]);

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

/* Colours and fonts are CSS classes. */
void svg_begin(FILE *out, double width, double height, const char *title);
void svg_end(FILE *out);
void svg_text(FILE *out, const char *css, enum anchor anchor, double x, double y, const char *text);
void svg_line(FILE *out, const char *css, double x1, double y1, double x2, double y2);
void svg_rect(FILE *out, const char *css, double x, double y, double width, double height);

/* Places labels that want to be at wish[i] (sorted, in px) at least `gap` apart, within
 * low..high as long as they fit there. */
void spread(const double *wish, double *ret, size_t count, double gap, double low, double high);

#endif
