/* SPDX-License-Identifier: MIT */
/* perf/report/page.h - what the parts of the page share. */
#ifndef RILL_PERF_REPORT_PAGE_H
#define RILL_PERF_REPORT_PAGE_H

#include "report.h"
#include "text.h"

/* What is compared side by side: one size in one setting. */
struct cell {
  long size;
  const char *setting;
};
enum { CELLS_MOST = 32 };

/* The cells with figures in a regime, by setting in order of appearance, then by size; at
 * most CELLS_MOST. */
size_t cells_of(const struct run *run, enum regime regime, struct cell ret[CELLS_MOST]);

/* What the numbers in the names are of: "B"; "consumers" of fan_out, "groups" of groups. */
const char *number_word(const struct run *run);

/* "48 B", "48 B, 1us"; the subject where the name has neither. */
const char *cell_words(const struct run *run, const struct cell *cell, char buffer[LABEL_SIZE]);

/* The figures of a cell, best ratio first, without the raw ones. The caller frees them; NULL:
 * there is none, or no memory. */
const struct figure **figures_of(const struct run *run, enum regime regime, const struct cell *cell,
                                 size_t *ret_count);

/* The figure of a contender in a cell; NULL if there is none. */
const struct figure *figure_at(const struct run *run, enum regime regime, const char *contender,
                               const struct cell *cell);

/* The contenders of a regime, in the order of the (geometric) mean of their results over all
 * cells. The caller frees them; NULL: there is none, or no memory. */
const struct figure **contenders_of(const struct run *run, enum regime regime, size_t *ret_count);

/* "Round trip": the subject as a heading. */
void put_heading(FILE *out, const struct run *run);

/* style.c: the style sheet. glance.c: Rill's place in each subject, a table. section.c: all
 * about one run. */
void put_style(FILE *out);
void put_glance(FILE *out, const struct report *report);
void put_section(FILE *out, const struct report *report, size_t index);

#endif
