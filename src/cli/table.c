/* SPDX-License-Identifier: MIT */
/* table.c - text in aligned columns (table.h). Names and numbers of queues are ASCII,
 * so a byte is a column. */
#include "table.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cell {
  char *text;
  const char *color;
};

struct table {
  const char *const *columns;
  size_t width, count, room;
  struct cell *cells;
  bool failed;
};

struct table *table_new(const char *const *columns) {
  struct table *table = calloc(1, sizeof *table);
  if (!table)
    return NULL;
  table->columns = columns;
  while (columns[table->width])
    table->width++;
  for (size_t i = 0; i < table->width; i++)
    table_cell(table, "1", columns[i] + 1);
  return table;
}

static void take_cell(struct table *table, const char *color, char *text) {
  if (table->count == table->room) {
    size_t room = table->room ? 2 * table->room : 64;
    struct cell *cells = reallocarray(table->cells, room, sizeof *cells);
    if (!cells) {
      table->failed = true;
      free(text);
      return;
    }
    table->cells = cells;
    table->room = room;
  }
  table->failed |= !text;
  table->cells[table->count++] = (struct cell){text, color};
}

void table_cell(struct table *table, const char *color, const char *text) {
  take_cell(table, color, strdup(text));
}

void table_print(struct table *table, const char *color, const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  if (vasprintf(&text, format, arguments) < 0)
    text = NULL;
  va_end(arguments);
  take_cell(table, color, text);
}

static int column_width(const struct table *table, size_t column) {
  size_t widest = 0;
  for (size_t i = column; i < table->count; i += table->width) {
    size_t size = strlen(table->cells[i].text);
    widest = size > widest ? size : widest;
  }
  return (int)widest;
}

static void print_cell(const struct table *table, size_t i, int width, bool colors, FILE *out) {
  const struct cell *cell = &table->cells[i];
  size_t column = i % table->width;
  int padding = width - (int)strlen(cell->text);
  bool last = column + 1 == table->width, right = table->columns[column][0] == '>';
  if (right)
    fprintf(out, "%*s", padding, "");
  if (colors && cell->color)
    fprintf(out, "\033[%sm%s\033[0m", cell->color, cell->text);
  else
    fputs(cell->text, out);
  if (last)
    putc('\n', out);
  else
    fprintf(out, "%*s", right ? 2 : padding + 2, "");
}

int table_finish(struct table *table, FILE *out) {
  const char *no_color = getenv("NO_COLOR");
  bool colors = isatty(STDOUT_FILENO) && !(no_color && *no_color);
  int *widths = calloc(table->width, sizeof *widths);
  int status = table->failed || !widths ? -1 : 0;
  for (size_t column = 0; !status && column < table->width; column++)
    widths[column] = column_width(table, column);
  for (size_t i = 0; !status && i < table->count; i++)
    print_cell(table, i, widths[i % table->width], colors, out);
  for (size_t i = 0; i < table->count; i++)
    free(table->cells[i].text);
  free(widths);
  free(table->cells);
  free(table);
  return status;
}
