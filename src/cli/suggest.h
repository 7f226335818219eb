/* SPDX-License-Identifier: MIT */
/* suggest.h - which of some words was meant by what was typed. Pure functions. */
#ifndef SUGGEST_H
#define SUGGEST_H

/* Begins as {.typed = ...}; `meant` is then what the nearest word stands for, or NULL if none is
 * near enough to be worth suggesting. Of words that are equally near the first one counts. */
struct suggestion {
  const char *typed;
  const void *meant;
  unsigned distance;
};

void suggest(struct suggestion *suggestion, const char *word, const void *meaning);

#endif
