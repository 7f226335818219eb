/* SPDX-License-Identifier: MIT */
/* pattern.c - matches names against patterns, without recursion. See pattern.h. */
#include "pattern.h"

#include <stddef.h>

/* Returns the place behind the ']' of a set that begins at `at` (after '['), or NULL: it is not
 * a set. */
static const char *end_of_set(const char *at) {
  if (*at == '!')
    at++;
  if (*at == ']')
    at++;
  while (*at && *at != ']')
    at++;
  return *at ? at + 1 : NULL;
}

static int in_set(const char *at, const char *end, char c) {
  const int without = *at == '!';
  int found = 0;
  at += without;
  for (; at < end - 1; at++)
    if (at[1] == '-' && at + 2 < end - 1) {
      found |= at[0] <= c && c <= at[2];
      at += 2;
    } else {
      found |= *at == c;
    }
  return found != without;
}

/* Does the character match the first element of the pattern? *ret_next is set behind that
 * element. */
static int one_matches(const char *pattern, char c, const char **ret_next) {
  const char *end = *pattern == '[' ? end_of_set(pattern + 1) : NULL;
  *ret_next = end ? end : pattern + 1;
  if (end)
    return in_set(pattern + 1, end, c);
  return *pattern == '?' || (*pattern && *pattern == c);
}

int pattern_matches(const char *pattern, const char *name) {
  const char *star = NULL, *retry = NULL, *next;
  if (!*pattern)
    return 1;
  while (*name) {
    if (*pattern == '*') { /* matches no character for now; on a mismatch the last one is tried
                              again with one more */
      star = ++pattern;
      retry = name;
    } else if (one_matches(pattern, *name, &next)) {
      pattern = next;
      name++;
    } else if (star) {
      pattern = star;
      name = ++retry;
    } else {
      return 0;
    }
  }
  while (*pattern == '*')
    pattern++;
  return !*pattern;
}
