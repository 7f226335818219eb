/* SPDX-License-Identifier: MIT */
/* perf/report/cells.c - which figures of a run belong side by side, and in which order. */
#include "page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool shown(const struct figure *figure, enum regime regime) {
  return figure->regime == regime && !figure->error && !is_raw(figure);
}

static bool is_in(const struct figure *figure, const struct cell *cell) {
  return figure->size == cell->size && strcmp(figure->setting, cell->setting) == 0;
}

size_t cells_of(const struct run *run, enum regime regime, struct cell ret[CELLS_MOST]) {
  size_t count = 0;
  for (size_t i = 0; i < run->count; i++) {
    const struct figure *figure = &run->figures[i];
    struct cell cell = {figure->size, figure->setting};
    size_t place = 0, like = count; /* behind the last one of its setting                */
    bool known = !shown(figure, regime) || count == CELLS_MOST;
    for (; place < count && !known; place++) {
      known = is_in(figure, &ret[place]);
      if (strcmp(ret[place].setting, cell.setting) == 0 && ret[place].size < cell.size)
        like = place + 1;
      else if (strcmp(ret[place].setting, cell.setting) == 0 && like > place)
        like = place;
    }
    if (known)
      continue;
    memmove(&ret[like + 1], &ret[like], (count - like) * sizeof *ret);
    ret[like] = cell;
    count++;
  }
  return count;
}

const char *number_word(const struct run *run) {
  return strcmp(run->subject, "groups") == 0    ? "groups"
         : strcmp(run->subject, "fan_out") == 0 ? "consumers"
                                                : "B";
}

const char *cell_words(const struct run *run, const struct cell *cell, char buffer[LABEL_SIZE]) {
  char setting[LABEL_SIZE];
  const char *word = number_word(run);
  int length = (int)strlen(word) - (cell->size == 1 && word[1]); /* 1 group */
  shortened(setting, cell->setting, 40);
  if (cell->size < 0)
    snprintf(buffer, LABEL_SIZE, "%.100s", *setting ? setting : run->subject);
  else
    snprintf(buffer, LABEL_SIZE, "%ld %.*s%s%.90s", cell->size, length, word, *setting ? ", " : "",
             setting);
  return buffer;
}

static double result_of(const struct figure *figure) {
  static const enum counter order[] = {RATIO, NS, P50};
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
    if (figure->value[order[i]] >= 0)
      return figure->value[order[i]];
  return HUGE_VAL;
}

static int by_result(const void *a, const void *b) {
  const struct figure *one = *(const struct figure *const *)a;
  const struct figure *other = *(const struct figure *const *)b;
  double x = result_of(one), y = result_of(other);
  return x < y ? -1 : x > y ? 1 : strcmp(one->contender, other->contender);
}

const struct figure **figures_of(const struct run *run, enum regime regime, const struct cell *cell,
                                 size_t *ret_count) {
  const struct figure **list = calloc(run->count + 1, sizeof *list);
  *ret_count = 0;
  for (size_t i = 0; list && i < run->count; i++)
    if (shown(&run->figures[i], regime) && is_in(&run->figures[i], cell))
      list[(*ret_count)++] = &run->figures[i];
  if (*ret_count)
    qsort(list, *ret_count, sizeof *list, by_result);
  return list;
}

const struct figure *figure_at(const struct run *run, enum regime regime, const char *contender,
                               const struct cell *cell) {
  for (size_t i = 0; i < run->count; i++) {
    const struct figure *figure = &run->figures[i];
    if (shown(figure, regime) && is_in(figure, cell) && strcmp(figure->contender, contender) == 0)
      return figure;
  }
  return NULL;
}

struct rank {
  const struct figure *figure;
  double mean; /* of the logarithms of its results                                */
};

static int by_mean(const void *a, const void *b) {
  double x = ((const struct rank *)a)->mean, y = ((const struct rank *)b)->mean;
  return x < y ? -1 : x > y;
}

static double mean_of(const struct run *run, enum regime regime, const char *contender) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < run->count; i++) {
    const struct figure *figure = &run->figures[i];
    if (shown(figure, regime) && strcmp(figure->contender, contender) == 0) {
      sum += log(result_of(figure));
      count++;
    }
  }
  return sum / count;
}

const struct figure **contenders_of(const struct run *run, enum regime regime, size_t *ret_count) {
  const struct figure **list = calloc(run->count + 1, sizeof *list);
  struct rank *ranks = calloc(run->count + 1, sizeof *ranks);
  size_t count = 0;
  for (size_t i = 0; list && ranks && i < run->count; i++) {
    const struct figure *figure = &run->figures[i];
    bool known = !shown(figure, regime);
    for (size_t j = 0; j < count && !known; j++)
      known = strcmp(ranks[j].figure->contender, figure->contender) == 0;
    if (!known)
      ranks[count++] = (struct rank){figure, mean_of(run, regime, figure->contender)};
  }
  if (count)
    qsort(ranks, count, sizeof *ranks, by_mean);
  for (size_t i = 0; i < count; i++)
    list[i] = ranks[i].figure;
  free(ranks);
  *ret_count = count;
  return list;
}
