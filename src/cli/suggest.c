/* SPDX-License-Identifier: MIT */
/* suggest.c - which of some words the user meant (suggest.h): the word with the fewest changes
 * from what was typed, or one of which the other is the beginning. */
#include "suggest.h"

#include <limits.h>
#include <string.h>

/* How many single changes (insert, drop, replace, swap neighbours) lead from one word
 * to the other. */
static unsigned edit_distance(const char *from, const char *to) {
  enum { LONGEST = 40 };
  unsigned rows[3][LONGEST + 1];
  size_t n = strlen(from), m = strlen(to);
  if (n > LONGEST || m > LONGEST)
    return UINT_MAX;
  unsigned *above2 = rows[0], *above = rows[1], *row = rows[2];
  for (size_t j = 0; j <= m; j++)
    above[j] = (unsigned)j;
  for (size_t i = 1; i <= n; i++) {
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= m; j++) {
      unsigned best = above[j - 1] + (from[i - 1] != to[j - 1]);
      if (above[j] + 1 < best)
        best = above[j] + 1;
      if (row[j - 1] + 1 < best)
        best = row[j - 1] + 1;
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] &&
          above2[j - 2] + 1 < best)
        best = above2[j - 2] + 1;
      row[j] = best;
    }
    unsigned *spare = above2;
    above2 = above;
    above = row;
    row = spare;
  }
  return above[m];
}

static unsigned distance(const char *typed, const char *word) {
  size_t n = strlen(typed), m = strlen(word), shorter = n < m ? n : m;
  unsigned changes = edit_distance(typed, word);
  return changes > 1 && shorter > 1 && !memcmp(typed, word, shorter) ? 1 : changes;
}

void suggest(struct suggestion *suggestion, const char *word, const void *meaning) {
  unsigned found = distance(suggestion->typed, word);
  if (found > 1 + strlen(suggestion->typed) / 4 ||
      (suggestion->meant && found >= suggestion->distance))
    return;
  suggestion->meant = meaning;
  suggestion->distance = found;
}
