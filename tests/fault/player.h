/* SPDX-License-Identifier: MIT */
/* player.h - one operation of the library, run again and again with something failing in it.
 *
 * A player runs in a thread of its own, whose system calls and allocations the director (the
 * main thread of the same process) answers: it fails the n-th, once or from there on for ever,
 * for each n and each error. Behind each try it compares what the process holds, what lies in the
 * namespace and what the operation says of itself with what may be; and tries once more, unharmed.
 */
#ifndef RILL_TEST_PLAYER_H
#define RILL_TEST_PLAYER_H

#include "actors.h"
#include "errors.h"

struct operation {
  const char *name;
  const char *subject; /* what the text of an error must name; NULL: it must say something */
  /* The player's: what it opened it has closed again. */
  int (*run)(const void *arg);
  const void *arg;
  /* The director's, each may be NULL. */
  void (*enter)(void);     /* before each try                                       */
  void (*leave)(int code); /* behind it: was it done, or not at all? And takes it back */
  void (*call)(const struct call *call); /* at each call between the marks               */
  int documented[32];                    /* errno values, 0 ends them                             */
};

/* What does not hold: said with the try it was found in, and the sweep goes on, to fail at its
 * end. Where going on makes no sense there is CHECK. */
void found(const char *format, ...) __attribute__((format(printf, 1, 2)));
void fail_if_found(void);
/* The kernel was made to say that a file is not there, or not to be opened, or that somebody holds
 * a lock: that may be believed, and what is told then is not held against what there is. */
int is_misled(void);
#define HOLDS(condition, ...) ((condition) ? (void)0 : found(__VA_ARGS__))

/* The player's, within run: only what lies between the two is failed. Without them, all is. */
void from_here(void);
void to_here(void);

struct tier {
  unsigned stride; /* only every n-th try                                              */
  int allocations; /* they fail, in place of system calls                              */
};
/* In a process of its own; ends it with CHECK. Says what was tried. */
void sweep_operation(const struct operation *operation, const struct tier *tier);

#endif
