/* SPDX-License-Identifier: MIT */
/* supervisor.h - rilld under a listener: a thread of the test lets its calls through, except those
 * that it has to fail, or before which it kills rilld. */
#ifndef RILL_TEST_SUPERVISOR_H
#define RILL_TEST_SUPERVISOR_H

#include "errors.h"
#include "oracle.h"

#define RECORDED 1024

/* Starts rilld in the namespace; its calls go to the supervisor from the first one of its own
 * main() on. listener: a socket passed as LISTEN_FDS, or -1. The plan holds from the start. */
struct process *supervisor_start(const struct plan *plan, int listener);
/* The same without a plan; returns when it serves. */
struct process *supervisor_start_serving(void);

/* A client instead of rilld: a process that runs this, from its first call on. */
struct process *supervisor_start_client(const struct plan *plan, void (*run)(void));

/* Another program, which begins as rilld does; program: its path, its arguments, NULL. */
struct process *supervisor_start_program(const struct plan *plan, const char *const *program);

/* From now on calls are counted, and fail by the plan, or (NULL) are only recorded. */
void supervisor_plan(const struct plan *plan);
/* Ends the plan. Returns how many calls it failed (1: it killed). */
unsigned supervisor_lift(void);
/* What was recorded since the plan; returns how many. all: those that cannot fail as well (NULL).
 */
unsigned supervisor_recorded(const struct kind *ret[RECORDED]);
unsigned supervisor_counted(void);
/* Which calls count: all, including those that cannot fail (to kill at), or those that can. */
void supervisor_count_all(int all);

/* Has it begun to wait for events since the plan? */
int supervisor_waits(void);
/* Has it ended, by itself or killed? */
int supervisor_has_ended(void);
/* Ends it, if it has not, and takes its status (as of waitpid). */
int supervisor_end(struct process *daemon, int signal_number);
/* Its last line on standard error; "" if there is none. */
const char *supervisor_last_words(void);

#endif
