/* SPDX-License-Identifier: MIT */
/* supervisor.h - rilld under a listener: a thread of the test lets its calls through, but for those
 * that it has to fail, or to kill it before. */
#ifndef RILL_TEST_SUPERVISOR_H
#define RILL_TEST_SUPERVISOR_H

#include "errors.h"
#include "oracle.h"

#define RECORDED 1024

/* Starts rilld in the namespace; its calls go to the supervisor from the first one of its own
 * main() on. listener: a socket passed as LISTEN_FDS, or -1. The plan holds from the start. */
struct process *supervisor_start(const struct plan *plan, int listener);
/* The same under no plan; comes back when it serves. */
struct process *supervisor_start_serving(void);

/* A client in place of rilld: a process that runs this, from its first call on. */
struct process *supervisor_start_client(const struct plan *plan, void (*run)(void));

/* Another program, which begins as rilld does; program: its path, its arguments, NULL. */
struct process *supervisor_start_program(const struct plan *plan, const char *const *program);

/* From now on calls are counted; and fail, by the plan (NULL: none), or are just recorded. */
void supervisor_plan(const struct plan *plan);
/* No more. How many calls the plan failed (or 1: it killed). */
unsigned supervisor_lift(void);
/* What was recorded since the plan; returns how many. all: those that cannot fail as well (NULL).
 */
unsigned supervisor_recorded(const struct kind *ret[RECORDED]);
unsigned supervisor_counted(void);
/* Which calls count: all, also those that cannot fail (to be killed at), or those that can. */
void supervisor_count_all(int all);

/* Has it begun to wait for events since the plan? */
int supervisor_waits(void);
/* It has ended, of itself or killed. */
int supervisor_has_ended(void);
/* Ends it, if it has not, and takes its status (as of waitpid). */
int supervisor_end(struct process *daemon, int signal_number);
/* Its last line on standard error; "" if there is none. */
const char *supervisor_last_words(void);

#endif
