/* SPDX-License-Identifier: MIT */
/* each.h - a trial under a warden, once unharmed and then with each of its calls failed. */
#ifndef RILL_TEST_EACH_H
#define RILL_TEST_EACH_H

#include "occasions.h"

/* One try: it lifts the plan itself. plan NULL: unharmed, and its calls are recorded. */
typedef void trial(const struct plan *plan, const void *arg);

/* With each error that the kernel may give, once and for ever; every stride-th of these tries. */
void fail_each(const char *name, trial *try, const void *arg, unsigned stride);

#endif
