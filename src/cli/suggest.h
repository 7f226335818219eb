/* SPDX-License-Identifier: MIT */
/* suggest.h - which of some words the user meant. Pure functions. */
#ifndef SUGGEST_H
#define SUGGEST_H

/* Begins as {.typed = ...}; `meant` is then the meaning of the nearest word, or NULL if none is
 * near enough to suggest. Among equally near words the first one counts. */
struct suggestion {
  const char *typed;
  const void *meant;
  unsigned distance;
};

void suggest(struct suggestion *suggestion, const char *word, const void *meaning);

#endif
