/* SPDX-License-Identifier: MIT */
/* warden.h - rilld under a listener: a thread of the test lets its calls through, but for those
 * that it is told to fail, or to kill it before. */
#ifndef RILL_TEST_WARDEN_H
#define RILL_TEST_WARDEN_H

#include "actors.h"
#include "errors.h"

#define RECORDED 1024

struct plan {
  unsigned at; /* of the calls that count, from 1: that one, or the next of its kind; 0: none */
  const struct kind *kind;
  int error; /* that it fails with; 0: rilld is killed in its place                    */
  int for_ever;
};

/* Starts rilld in the namespace; its calls go to the warden from the first one of its own main()
 * on. listener: a socket passed as LISTEN_FDS, or -1. The plan holds from the start. */
struct actor *warden_start(const struct plan *plan, int listener);
/* The same under no plan; comes back when it serves. */
struct actor *warden_start_serving(void);

/* A client in place of rilld: a process that plays this, from its first call on. */
struct actor *warden_start_client(const struct plan *plan, void (*play)(void));

/* Another program, which begins as rilld does; program: its path, its arguments, NULL. */
struct actor *warden_start_program(const struct plan *plan, const char *const *program);

/* From now on calls are counted; and fail, by the plan (NULL: none), or are just recorded. */
void warden_plan(const struct plan *plan);
/* No more. How many calls the plan failed (or 1: it killed). */
unsigned warden_lift(void);
/* What was recorded since the plan; returns how many. all: those that cannot fail as well (NULL).
 */
unsigned warden_recorded(const struct kind *ret[RECORDED]);
unsigned warden_counted(void);
/* Which calls count: all, also those that cannot fail (to be killed at), or those that can. */
void warden_count_all(int all);

/* Has it begun to wait for events since the plan? */
int warden_waits(void);
/* It has ended, of itself or killed. */
int warden_has_ended(void);
/* Ends it, if it has not, and takes its status (as of waitpid). */
int warden_end(struct actor *daemon, int signal_number);
/* Its last line on standard error; "" if there is none. */
const char *warden_last_words(void);

#endif
