/* SPDX-License-Identifier: MIT */
/* table.h - text in aligned columns. */
#ifndef TABLE_H
#define TABLE_H

#include <stdio.h>

struct table;

/* columns: the names, one character before each: '<' to the left, '>' to the right.
 * NULL at the end. Returns NULL if there is no memory. */
struct table *table_new(const char *const *columns);

/* The next cell, row by row. The text is copied. color: an SGR code such as "31", or
 * NULL. */
void table_cell(struct table *table, const char *color, const char *text);
__attribute__((format(printf, 3, 4))) void table_print(struct table *table, const char *color,
                                                       const char *format, ...);

/* Prints all rows under a header; colours only if standard output is a terminal and
 * NO_COLOR is not set. Frees the table. Returns 0, or -1: no memory was left. */
int table_finish(struct table *table, FILE *out);

#endif
