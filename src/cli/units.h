/* SPDX-License-Identifier: MIT */
/* units.h - sizes, durations and counts between text and numbers. Pure functions. */
#ifndef UNITS_H
#define UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each takes the whole text, or returns false and leaves the result alone. */
bool parse_size(const char *text, uint64_t *ret);    /* K M G T, KiB...: powers of 1024 */
bool parse_duration(const char *text, int64_t *ret); /* ns us ms s m h; bare: seconds   */
bool parse_count(const char *text, uint64_t *ret);
bool parse_mode(const char *text, uint64_t *ret); /* octal, at most 0777              */

enum { UNITS_TEXT = 32 };

/* For people: three or four digits and a unit. Return text. */
const char *format_size(char text[UNITS_TEXT], uint64_t bytes);
const char *format_duration(char text[UNITS_TEXT], int64_t nanoseconds);
const char *format_count(char text[UNITS_TEXT], double count);

#endif
