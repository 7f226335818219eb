/* SPDX-License-Identifier: MIT */
/* units.c - sizes, durations and counts between text and numbers (units.h).
 *
 * Integers throughout, so that what was typed is what is meant; each step checks for
 * overflow. */
#include "units.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* Digits of `base` at *text, which moves behind them; at least one. */
static bool digits(const char **text, unsigned base, uint64_t *ret) {
  uint64_t number = 0;
  const char *at = *text;
  for (; *at >= '0' && *at < (char)('0' + base); at++)
    if (__builtin_mul_overflow(number, base, &number) ||
        __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number))
      return false;
  if (at == *text)
    return false;
  *text = at;
  *ret = number;
  return true;
}

bool parse_count(const char *text, uint64_t *ret) {
  uint64_t number;
  if (!digits(&text, 10, &number) || *text)
    return false;
  *ret = number;
  return true;
}

bool parse_mode(const char *text, uint64_t *ret) {
  uint64_t number;
  if (!digits(&text, 8, &number) || *text || number > 0777)
    return false;
  *ret = number;
  return true;
}

bool parse_size(const char *text, uint64_t *ret) {
  uint64_t number, unit = 1;
  if (!digits(&text, 10, &number))
    return false;
  const char *const letters = "KMGT";
  char upper = *text == 'k' ? 'K' : *text;
  const char *found = upper ? strchr(letters, upper) : NULL;
  if (found) {
    unit = UINT64_C(1) << (10 * (found - letters + 1));
    text++;
    if (!strcmp(text, "iB"))
      text += 2;
  } else if (*text == 'B') {
    text++;
  }
  if (*text || __builtin_mul_overflow(number, unit, &number))
    return false;
  *ret = number;
  return true;
}

static const struct {
  const char *name;
  uint64_t nanoseconds;
} spans[] = {
    {"ns", 1},        {"us", 1000},        {"ms", 1000000},       {"s", 1000000000},
    {"", 1000000000}, {"m", 60000000000u}, {"h", 3600000000000u},
};

/* The digits behind a decimal point, as billionths. */
static bool fraction(const char **text, uint64_t *ret) {
  uint64_t billionths = 0, place = 100000000;
  const char *at = *text;
  for (; *at >= '0' && *at <= '9'; at++, place /= 10)
    billionths += place * (uint64_t)(*at - '0');
  if (at == *text)
    return false;
  *text = at;
  *ret = billionths;
  return true;
}

bool parse_duration(const char *text, int64_t *ret) {
  uint64_t whole, billionths = 0, total;
  if (!digits(&text, 10, &whole))
    return false;
  if (*text == '.' && (text++, !fraction(&text, &billionths)))
    return false;
  for (size_t i = 0; i < COUNT_OF(spans); i++) {
    if (strcmp(text, spans[i].name))
      continue;
    /* at most 3.6e12 * 1e9 would not fit: take the part below a second apart */
    uint64_t unit = spans[i].nanoseconds;
    uint64_t part =
        unit >= 1000000000 ? unit / 1000000000 * billionths : billionths * unit / 1000000000;
    if (__builtin_mul_overflow(whole, unit, &total) ||
        __builtin_add_overflow(total, part, &total) || total >= INT64_MAX)
      return false;
    *ret = (int64_t)total;
    return true;
  }
  return false;
}

const char *format_size(char text[UNITS_TEXT], uint64_t bytes) {
  static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t unit = 0;
  double number = (double)bytes;
  while (number >= 1024 && unit + 1 < COUNT_OF(names)) {
    number /= 1024;
    unit++;
  }
  int decimals = unit == 0 || number >= 100 || number == (double)(uint64_t)number ? 0 : 1;
  snprintf(text, UNITS_TEXT, "%.*f %s", decimals, number, names[unit]);
  return text;
}

const char *format_duration(char text[UNITS_TEXT], int64_t nanoseconds) {
  double number = (double)nanoseconds;
  if (nanoseconds < 1000)
    snprintf(text, UNITS_TEXT, "%d ns", (int)nanoseconds);
  else if (nanoseconds < 1000000)
    snprintf(text, UNITS_TEXT, "%.1f us", number / 1e3);
  else if (nanoseconds < 1000000000)
    snprintf(text, UNITS_TEXT, "%.1f ms", number / 1e6);
  else if (nanoseconds < 120000000000)
    snprintf(text, UNITS_TEXT, "%.1f s", number / 1e9);
  else
    snprintf(text, UNITS_TEXT, "%.1f min", number / 60e9);
  return text;
}

const char *format_count(char text[UNITS_TEXT], double count) {
  static const char *const names[] = {"", "k", "M", "G", "T"};
  size_t unit = 0;
  while (count >= 10000 && unit + 1 < COUNT_OF(names)) {
    count /= 1000;
    unit++;
  }
  snprintf(text, UNITS_TEXT, "%.*f%s%s", unit && count < 100 ? 1 : 0, count, unit ? " " : "",
           names[unit]);
  return text;
}
