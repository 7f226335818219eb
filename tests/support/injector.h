/* SPDX-License-Identifier: MIT */
/* injector.h - one operation of the library, run again and again with something failing in it.
 *
 * Its target is a thread of its own, whose system calls and allocations the main thread of the same
 * process answers: it fails the n-th, once or from there on for ever, for each n and each error.
 * Behind each try it compares what the process holds, what lies in the namespace and what the
 * operation says of itself with what may be; and tries once more, unharmed. */
#ifndef RILL_TEST_INJECTOR_H
#define RILL_TEST_INJECTOR_H

#include "bystanders.h"
#include "errors.h"

struct injection {
  const char *name;
  const char *subject; /* what the text of an error must name; NULL: it must say something */
  /* The target's: what it opened it has closed again. */
  int (*run)(const void *arg);
  const void *arg;
  /* The injector's, each may be NULL. */
  void (*enter)(void);     /* before each try                                       */
  void (*leave)(int code); /* behind it: was it done, or not at all? And takes it back */
  void (*call)(const struct call *call); /* at each call between the marks               */
  int documented[32];                    /* errno values, 0 ends them                             */
};

/* What does not hold: said with the try it was found in, and the sweep goes on, to fail at its
 * end. Where going on is useless there is CHECK. */
void found(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define HOLDS(condition, ...) ((condition) ? (void)0 : found(__VA_ARGS__))
/* The kernel was made to say that a file is not there, or not to be opened, or that a lock is held:
 * that may be believed, and what is reported then is not held against what there is. */
int is_misled(void);

/* The target's, within run: only what lies between the two is failed. Without them, all is. */
void from_here(void);
void to_here(void);

/* --- what a try may leave behind it --- */

void others_with_producer(void); /* the bystanders of "q", and its producer              */
void others_alone(void);         /* without: the place is free for the target            */
void traffic_is_well(int code);  /* of the bystanders                                    */
void remove_if_there(const char *queue);

/* --- all of them --- */

struct suite {
  const char *name;
  const struct injection *injections;
  size_t count;
  void (*set)(void);   /* what they need                                                  */
  void (*unset)(void); /* and the end of it; each may be NULL                             */
};
struct tier {
  unsigned stride; /* only every n-th try                                              */
  int allocations; /* they fail, in place of system calls                              */
};
/* In a process of its own, beside a neighbour whose traffic must not notice anything. Says what was
 * tried. */
void inject(const struct suite *suite, const struct tier *tier);

#endif
