/* SPDX-License-Identifier: MIT */
/* perf/report/glance.c - the first table: where Rill stands in each subject. */
#include "page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_SIZE = 48 };

/* Of each setting the cell that stands for it: the usual size, or the smallest. Where sizes are
 * not of bytes they are the point, and each is shown. */
static bool stands_for(const struct run *run, const struct cell *cells, size_t count,
                       size_t index) {
  size_t best = index;
  if (strcmp(number_word(run), "B") != 0)
    return true;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(cells[i].setting, cells[index].setting) != 0)
      continue;
    if (cells[i].size == USUAL_SIZE || (cells[best].size != USUAL_SIZE && i < best))
      best = i;
  }
  return best == index;
}

static void put_figure(FILE *out, const struct figure *figure) {
  char ratio[NUMBER_SIZE], low[NUMBER_SIZE], high[NUMBER_SIZE], time[NUMBER_SIZE];
  const double *value = figure->value;
  if (value[RATIO] > 0)
    fputs(with_unit(ratio, AS_NUMBER, value[RATIO]), out);
  if (value[RATIO_Q1] > 0 && value[RATIO_Q3] > 0)
    fprintf(out, " <small>%s to %s</small>", with_unit(low, AS_NUMBER, value[RATIO_Q1]),
            with_unit(high, AS_NUMBER, value[RATIO_Q3]));
  double shown = value[NS] > 0 ? value[NS] : value[P50];
  if (shown > 0)
    fprintf(out, " <small>(%s)</small>", with_unit(time, AS_TIME, shown));
}

static void put_row(FILE *out, const struct report *report, size_t index, enum regime regime,
                    const struct cell *cell) {
  size_t count, others = 0, better = 0;
  const struct run *run = &report->runs[index];
  const struct figure **list = figures_of(run, regime, cell, &count);
  const struct figure *rill = NULL, *best = NULL;
  for (size_t i = 0; list && i < count; i++) {
    /* The default before its variants. */
    if (is_rill(list[i]) && (!rill || strcmp(list[i]->contender, "rill") == 0))
      rill = list[i];
  }
  for (size_t i = 0; rill && i < count; i++) {
    if (is_rill(list[i]) || is_limit(list[i]))
      continue;
    others++;
    best = best ? best : list[i];
    better += list[i]->value[RATIO] < rill->value[RATIO];
  }
  if (rill) {
    char words[LABEL_SIZE];
    fprintf(out, "<tr><th scope=\"row\"><a href=\"#run-%zu\">", index);
    put_heading(out, run);
    fputs("</a></th><td>", out);
    put_text(out, cell_words(run, cell, words));
    fprintf(out, "</td><td>%s</td><td class=\"number rill\">", regime_names[regime]);
    put_figure(out, rill);
    fputs("</td><td class=\"number\">", out);
    if (others)
      fprintf(out, "%zu of %zu", better + 1, others + 1);
    fputs("</td><td>", out);
    if (best) {
      put_text(out, best->contender);
      fputs(" ", out);
      put_figure(out, best);
    }
    fputs("</td></tr>\n", out);
  }
  free(list);
}

void put_glance(FILE *out, const struct report *report) {
  fputs("<section>\n<h2>At a glance</h2>\n"
        "<p>Ratio: median, lower to upper quartile, and the time itself. Limits (raw, bare, futex) "
        "are not among the places.</p>\n"
        "<table><tr><th scope=\"col\">subject</th><th scope=\"col\">size</th>"
        "<th scope=\"col\">regime</th><th scope=\"col\" class=\"number\">Rill</th>"
        "<th scope=\"col\" class=\"number\">place</th><th scope=\"col\">best of the others</th>"
        "</tr>\n",
        out);
  for (size_t i = 0; i < report->count; i++)
    for (enum regime regime = REGIME_NEAR; regime < REGIMES; regime++) {
      struct cell cells[CELLS_MOST];
      size_t count = cells_of(&report->runs[i], regime, cells);
      for (size_t j = 0; j < count; j++)
        if (stands_for(&report->runs[i], cells, count, j))
          put_row(out, report, i, regime, &cells[j]);
    }
  fputs("</table>\n</section>\n", out);
}
