/* SPDX-License-Identifier: MIT */
/* perf/report/text.h - text for the page: escaped, shortened, rounded. */
#ifndef RILL_PERF_REPORT_TEXT_H
#define RILL_PERF_REPORT_TEXT_H

#include <stddef.h>
#include <stdio.h>

/* As content or as an attribute's value in double quotes, of HTML and of XML: whatever the
 * text holds, it stays text. */
void put_text(FILE *out, const char *text);

enum { NUMBER_SIZE = 40, LABEL_SIZE = 128 };

/* At most `most` characters (not bytes), the last one an ellipsis if some had to go. */
const char *shortened(char buffer[LABEL_SIZE], const char *text, size_t most);

enum measure { AS_NUMBER, AS_TIME /* of ns */, AS_RATE /* with k, M, G */, MEASURES };

/* Three significant digits, no exponent: "131 ns", "1.07"; "-" for a missing value. As a
 * tick of an axis the zeros at the end are left out. Both return buffer. */
const char *with_unit(char buffer[NUMBER_SIZE], enum measure measure, double value);
const char *as_tick(char buffer[NUMBER_SIZE], enum measure measure, double value);

#endif
