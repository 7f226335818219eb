/* SPDX-License-Identifier: MIT */
/* each.h - a trial under a supervisor, once without failures and then with each of its calls
 * failed. */
#ifndef RILL_TEST_EACH_H
#define RILL_TEST_EACH_H

#include "supervisor.h"
#include "triggers.h"

/* One try, which ends the plan itself. plan NULL: nothing fails, and its calls are recorded. */
typedef void trial(const struct plan *plan, const void *arg);

/* Only every stride-th try; 1: all. */
extern unsigned stride;

/* With each error that the kernel may give, once and for ever, in strides. */
void fail_each(const char *name, trial *try, const void *arg);

/* The body of main: PROGRAM [--stride N] [TEST...] */
int run_in_strides(const struct test *tests, size_t n, int argc, char **argv);
#define RUN_IN_STRIDES(argc, argv)                                                                 \
  run_in_strides(tests, sizeof tests / sizeof *tests, (argc), (argv))

#endif
