/* SPDX-License-Identifier: MIT */
/* perf/report/text.c - see text.h. */
#include "text.h"

#include <math.h>
#include <string.h>

void put_text(FILE *out, const char *text) {
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    switch (c) {
    case '&':
      fputs("&amp;", out);
      break;
    case '<':
      fputs("&lt;", out);
      break;
    case '>':
      fputs("&gt;", out);
      break;
    case '"':
      fputs("&quot;", out);
      break;
    default:
      if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
        fputs("\xef\xbf\xbd", out); /* XML has no such characters, not even escaped */
      else
        fputc(c, out);
    }
  }
}

const char *shortened(char buffer[LABEL_SIZE], const char *text, size_t most) {
  size_t characters = 0, bytes = 0, keep = 0;
  for (; text[bytes] && bytes < LABEL_SIZE - 4; bytes++) {
    if (((unsigned char)text[bytes] & 0xc0) == 0x80)
      continue; /* inside of a character */
    if (++characters == most)
      keep = bytes;
    if (characters > most)
      break;
  }
  if (!text[bytes]) {
    memcpy(buffer, text, bytes + 1);
    return buffer;
  }
  if (characters <= most) { /* it has more bytes than characters */
    keep = bytes;
    while (keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80)
      keep--;
  }
  memcpy(buffer, text, keep);
  memcpy(buffer + keep, "\xe2\x80\xa6", 4);
  return buffer;
}

/* Thousands are taken out of *value as the measure has words for. */
static const char *unit_of(enum measure measure, double *value) {
  static const char *const units[MEASURES][4] = {
      {""}, {" ns", " \xc2\xb5s", " ms", " s"}, {"", " k", " M", " G"}};
  size_t i = 0;
  while (i < 3 && units[measure][i + 1] && *value >= 999.5) {
    *value /= 1000;
    i++;
  }
  return units[measure][i];
}

const char *with_unit(char buffer[NUMBER_SIZE], enum measure measure, double value) {
  if (!isfinite(value)) {
    snprintf(buffer, NUMBER_SIZE, "-");
    return buffer;
  }
  const char *unit = unit_of(measure, &value);
  double places = value <= 0 ? 0 : 2 - floor(log10(value) + 0.002); /* 0.9996 is 1.00 */
  places = fmax(0, fmin(places, 6));
  snprintf(buffer, NUMBER_SIZE, "%.*f%s", (int)places, value, unit);
  return buffer;
}

const char *as_tick(char buffer[NUMBER_SIZE], enum measure measure, double value) {
  const char *unit = unit_of(measure, &value);
  snprintf(buffer, NUMBER_SIZE, "%.4g%s", value, unit);
  return buffer;
}
