/* SPDX-License-Identifier: MIT */
/* units.h - sizes, durations and counts between text and numbers. Pure functions. */
#ifndef UNITS_H
#define UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each takes the whole text, or returns false and leaves the result alone.
 *
 * A size is a number and a unit: B, or K, M, G, T and KB, KiB, ... in either case, all powers of
 * 1024. A duration is one or more numbers, each with a unit: ns, us, ms, s, m (or min), h; a bare
 * number is seconds. A number with a unit of more than one byte or nanosecond may have a decimal
 * point; what is less than a byte or nanosecond is dropped. */
bool parse_size(const char *text, uint64_t *ret);
bool parse_duration(const char *text, int64_t *ret);
#define SIZE_EXAMPLES "4096, 64K, 64MB or 1.5GiB"
#define DURATION_EXAMPLES "100ms, 5s, 2m or 1m30s"

bool parse_count(const char *text, uint64_t *ret);
bool parse_mode(const char *text, uint64_t *ret); /* octal, at most 0777              */

enum { UNITS_TEXT = 32 };

/* Text for people: three or four digits and a unit. Return text. */
const char *format_size(char text[UNITS_TEXT], uint64_t bytes);
const char *format_duration(char text[UNITS_TEXT], int64_t nanoseconds);
const char *format_count(char text[UNITS_TEXT], double count);

#endif
