/* SPDX-License-Identifier: MIT */
/* injector.h - one operation of the library, run again and again with one of its calls failing.
 *
 * The target is a separate thread, whose system calls and allocations the main thread of the same
 * process answers: it fails the n-th, once or from there on for ever, for each n and each error.
 * After each try it checks what the process holds, what is in the namespace, and what the operation
 * reports; and tries once more, without a failure. */
#ifndef RILL_TEST_INJECTOR_H
#define RILL_TEST_INJECTOR_H

#include "bystanders.h"
#include "errors.h"

struct injection {
  const char *name;
  const char *subject; /* what the text of an error must name; NULL: it must say something */
  /* By the target: what it opens, it closes again. */
  int (*run)(const void *arg);
  const void *arg;
  /* By the injector; each may be NULL. */
  void (*enter)(void);     /* before each try                                       */
  void (*leave)(int code); /* after it: was it done, or not at all? And undoes it      */
  void (*call)(const struct call *call); /* at each call between the marks               */
  int documented[32];                    /* errno values, 0 ends them                             */
};

/* Reports a violation with the try it was found in; the sweep continues, and fails at its end.
 * Where continuing is useless, use CHECK. */
void found(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define HOLDS(condition, ...) ((condition) ? (void)0 : found(__VA_ARGS__))
/* The kernel was made to say that a file is not there, or may not be opened, or that a lock is
 * held: the library may accept that, and its report is then not compared with the facts. */
int is_misled(void);

/* By the target, within run: only calls between the two are failed. Without them, all are. */
void from_here(void);
void to_here(void);

/* --- what a try may leave behind it --- */

void others_with_producer(void); /* the bystanders of "q", and its producer              */
void others_alone(void);         /* without a producer: the target may be it             */
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
/* In a process of its own, beside a neighbour whose traffic must not be disturbed. Prints what was
 * tried. */
void inject(const struct suite *suite, const struct tier *tier);

#endif
