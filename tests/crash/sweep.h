/* SPDX-License-Identifier: MIT */
/* sweep.h - one operation, and a victim that dies at each point of it.
 *
 * A rehearsal goes through the operation instruction by instruction, and notes behind which of
 * them others see a difference. Then one victim a point is killed exactly there, and those who
 * stay check what must hold. The points are all instructions, or those behind which others see a
 * difference and those right behind each system call.
 *
 *   PROGRAM [--points N] [TEST...]     at most about N points an operation, spread evenly;
 *                                      else all */
#ifndef RILL_TEST_SWEEP_H
#define RILL_TEST_SWEEP_H

#include "survivors.h"
#include "tracer.h"

struct operation {
  void (*before)(void);    /* sets the stage; NULL: it is taken as it stands                  */
  void (*play)(void *arg); /* the victim: prepares, curtain(), operates, curtain_falls()       */
  void (*interval)(void);  /* at each curtain but the one that is tried; NULL: nothing         */
  void (*asleep)(void);    /* when the victim sleeps in the kernel; NULL: nobody wakes it       */
  void (*meanwhile)(void); /* what others do when the victim stands at its point, which it then
                              leaves alive: after() ends it; NULL: it dies there                */
  void (*after)(void);     /* the victim is dead: checks, and clears the stage                 */
  unsigned curtains;       /* that rise before the one that is tried                           */
};

extern struct actor *victim; /* the last one */

void sweep_instructions(const struct operation *operation);
void sweep_changes(const struct operation *operation);
/* Others act at each of its changes, and it dies at each of those that follow. */
void sweep_deaths_after(const struct operation *operation);
/* The first dies at each of its changes, and then the second at each of its own. */
void sweep_pairs(const struct operation *first, const struct operation *second);

int run_sweeps(const struct test *tests, size_t n, int argc, char **argv);
#define RUN_SWEEPS(argc, argv) run_sweeps(tests, sizeof tests / sizeof *tests, (argc), (argv))

#endif
