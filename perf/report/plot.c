/* SPDX-License-Identifier: MIT */
/* perf/report/plot.c - see plot.h. */
#include "plot.h"

#include <math.h>

void scale_hold(struct scale *scale, double value) {
  if (!isfinite(value) || value <= 0)
    return;
  if (scale->from <= 0 || value < scale->from)
    scale->from = value;
  if (value > scale->to)
    scale->to = value;
}

void scale_pad(struct scale *scale, double factor) {
  if (scale->from <= 0)
    scale->from = scale->to = 1;
  scale->from /= factor;
  scale->to *= factor;
  double missing = 1.5 / (scale->to / scale->from);
  if (missing > 1) {
    scale->from /= sqrt(missing);
    scale->to *= sqrt(missing);
  }
}

double scale_at(const struct scale *scale, double value) {
  double part = log(value / scale->from) / log(scale->to / scale->from);
  return scale->start + part * (scale->end - scale->start);
}

/* Multiples of a step within the axis; how many there are, the first `TICKS_MOST` in ret. */
static size_t even_ticks(const struct scale *scale, double step, double *ret) {
  size_t count = 0;
  for (double i = ceil(scale->from / step - 1e-9); i * step <= scale->to * (1 + 1e-9); i++) {
    if (count < TICKS_MOST)
      ret[count] = i * step;
    count++;
    if (count > TICKS_MOST)
      break;
  }
  return count;
}

/* Multiples of the powers of ten, or of each `stride`-th power. */
static size_t decade_ticks(const struct scale *scale, const double *multiples, int stride,
                           double *ret) {
  size_t count = 0;
  double low = floor(log10(scale->from)), high = ceil(log10(scale->to));
  for (int power = (int)low; power <= (int)high; power++) {
    for (size_t i = 0; multiples[i] > 0; i++) {
      double value = multiples[i] * pow(10, power);
      if (power % stride || value < scale->from * (1 - 1e-9) || value > scale->to * (1 + 1e-9))
        continue;
      if (count < TICKS_MOST)
        ret[count] = value;
      count++;
    }
  }
  return count;
}

size_t scale_ticks(const struct scale *scale, size_t most, double ret[TICKS_MOST]) {
  static const double sets[][6] = {{1, 2, 5, 0}, {1, 3, 0}, {1, 0}};
  if (most > TICKS_MOST)
    most = TICKS_MOST;
  if (scale->to / scale->from < 8) {
    double unit = pow(10, floor(log10(scale->to - scale->from)) - 1);
    static const double steps[] = {1, 2, 5, 10, 20, 50, 100};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
      size_t count = even_ticks(scale, steps[i] * unit, ret);
      if (count <= most && count >= 2)
        return count;
    }
  }
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
    size_t count = decade_ticks(scale, sets[i], 1, ret);
    if (count <= most && count >= 1)
      return count;
  }
  for (int stride = 2; stride < 400; stride++) {
    size_t count = decade_ticks(scale, sets[2], stride, ret);
    if (count <= most)
      return count;
  }
  return 0;
}

void svg_begin(FILE *out, double width, double height, const char *title) {
  fprintf(out,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 %.0f %.0f\" "
          "width=\"%.0f\" height=\"%.0f\"><title>",
          width, height, width, height);
  put_text(out, title);
  fputs("</title>\n", out);
}

void svg_end(FILE *out) {
  fputs("</svg>\n", out);
}

void svg_text(FILE *out, const char *css, enum anchor anchor, double x, double y,
              const char *text) {
  static const char *const anchors[] = {"start", "middle", "end"};
  fprintf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", css, x, y,
          anchors[anchor]);
  put_text(out, text);
  fputs("</text>\n", out);
}

void svg_line(FILE *out, const char *css, double x1, double y1, double x2, double y2) {
  fprintf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", css, x1,
          y1, x2, y2);
}

void svg_rect(FILE *out, const char *css, double x, double y, double width, double height) {
  fprintf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>\n", css,
          x, y, width, height);
}

void spread(const double *wish, double *ret, size_t count, double gap, double low, double high) {
  double next = low;
  for (size_t i = 0; i < count; i++) {
    ret[i] = fmax(wish[i], next);
    next = ret[i] + gap;
  }
  double room = high;
  for (size_t i = count; i-- > 0; room = ret[i] - gap)
    ret[i] = fmin(ret[i], room);
}
