/* SPDX-License-Identifier: MIT */
/* sweep.h - one operation, and a victim that dies at each point of it.
 *
 * A recording run goes through the operation instruction by instruction, and notes behind which of
 * them others see a difference. Then one victim a point is killed exactly there, and the bystanders
 * check what must hold. The points are all instructions, or those behind which others see a
 * difference and those right behind each system call.
 *
 *   PROGRAM [--points N] [TEST...]     at most about N points an operation, spread evenly;
 *                                      else all */
#ifndef RILL_TEST_SWEEP_H
#define RILL_TEST_SWEEP_H

#include "bystanders.h"
#include "trace.h"

struct sweep {
  void (*before)(void);    /* prepares the bystanders; NULL: they stay as they are              */
  void (*run)(void *arg);  /* the victim: prepares, mark(), operates, mark_end()                */
  void (*at_marks)(void);  /* at each mark but the one that is tried; NULL: nothing             */
  void (*asleep)(void);    /* when the victim sleeps in the kernel; NULL: it is not woken       */
  void (*meanwhile)(void); /* what others do when the victim stands at its point, which it then
                              leaves alive: after() ends it; NULL: it dies there                */
  void (*after)(void);     /* the victim is dead: checks, and leaves nothing                    */
  unsigned marks;          /* before the one that is tried                                      */
};

extern struct process *victim; /* the last one */

void sweep_instructions(const struct sweep *sweep);
void sweep_changes(const struct sweep *sweep);
/* Others act at each of its changes, and it dies at each later one. */
void sweep_deaths_after(const struct sweep *sweep);
/* The first dies at each of its changes, and then the second at each of its own. */
void sweep_pairs(const struct sweep *first, const struct sweep *second);

int run_sweeps(const struct test *tests, size_t n, int argc, char **argv);
#define RUN_SWEEPS(argc, argv) run_sweeps(tests, sizeof tests / sizeof *tests, (argc), (argv))

#endif
