/* SPDX-License-Identifier: MIT */
/* pattern.h - does a queue's name match a pattern? As fnmatch(3) without flags, but in bounded
 * time for any pattern of a client: at most the product of the two lengths. */
#ifndef RILLD_PATTERN_H
#define RILLD_PATTERN_H

/* '*' (also '/'), '?', [abc], [a-z], [!a]. An empty pattern matches everything. Pure. */
int pattern_matches(const char *pattern, const char *name);

#endif
