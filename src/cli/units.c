/* SPDX-License-Identifier: MIT */
/* units.c - sizes, durations and counts between text and numbers (units.h).
 *
 * All values are integers, so that the result is exactly what was typed; each step checks for
 * overflow. Sizes and durations are read by one function with two tables of units. */
#include "units.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

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

struct unit {
  const char *name;
  uint64_t factor;
};

/* In upper or lower case. */
static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"K", 1 << 10},
    {"KB", 1 << 10},
    {"KiB", 1 << 10},
    {"M", 1 << 20},
    {"MB", 1 << 20},
    {"MiB", 1 << 20},
    {"G", 1 << 30},
    {"GB", 1 << 30},
    {"GiB", 1 << 30},
    {"T", UINT64_C(1) << 40},
    {"TB", UINT64_C(1) << 40},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

static const struct unit duration_units[] = {
    {"", 1000000000},  {"ns", 1},           {"us", 1000},          {"ms", 1000000},
    {"s", 1000000000}, {"m", 60000000000u}, {"min", 60000000000u}, {"h", 3600000000000u},
    {NULL, 0},
};

__extension__ typedef unsigned __int128 uint128;

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

static const struct unit *take_unit(const struct unit *units, bool any_case, const char **text) {
  const char *start = *text + (**text == ' '); /* "64 MiB", as it is printed */
  size_t size = 0;
  while ((start[size] | 0x20) >= 'a' && (start[size] | 0x20) <= 'z')
    size++;
  *text = size ? start + size : *text;
  for (; units->name; units++)
    if (strlen(units->name) == size &&
        !(any_case ? strncasecmp : strncmp)(units->name, start, size))
      return units;
  return NULL;
}

/* A number, which may have a decimal point, and its unit, at *text, which moves behind them. */
static bool amount(const struct unit *units, bool any_case, const char **text, uint64_t *ret) {
  uint64_t whole, billionths = 0;
  if (!digits(text, 10, &whole))
    return false;
  bool has_point = **text == '.';
  if (has_point && (++*text, !fraction(text, &billionths)))
    return false;
  const struct unit *unit = take_unit(units, any_case, text);
  if (!unit || (has_point && unit->factor == 1))
    return false;
  uint128 total = (uint128)whole * unit->factor + (uint128)billionths * unit->factor / 1000000000;
  *ret = (uint64_t)total;
  return total <= UINT64_MAX;
}

bool parse_size(const char *text, uint64_t *ret) {
  uint64_t size;
  if (!amount(size_units, true, &text, &size) || *text)
    return false;
  *ret = size;
  return true;
}

bool parse_duration(const char *text, int64_t *ret) {
  uint64_t total = 0, part;
  const char *at = text;
  do {
    bool unit_needed = at != text;
    if (!amount(duration_units, false, &at, &part) || __builtin_add_overflow(total, part, &total))
      return false;
    if ((unit_needed || *at) && at[-1] >= '0' && at[-1] <= '9')
      return false;
  } while (*at);
  if (total >= INT64_MAX)
    return false;
  *ret = (int64_t)total;
  return true;
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
