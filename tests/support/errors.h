/* SPDX-License-Identifier: MIT */
/* errors.h - which errors the kernel may give for which system call. */
#ifndef RILL_TEST_ERRORS_H
#define RILL_TEST_ERRORS_H

#include "listener.h"

#define ERRORS_MOST 8

struct kind {
  const char *name;
  long number;
  int errors[ERRORS_MOST]; /* 0 ends them */
};

/* What is to fail: the at-th call that counts, from 1 (0: none), or the next one of its kind, since
 * their order may depend on random names. */
struct plan {
  unsigned at;
  const struct kind *kind;
  int error; /* the error; 0: the process is killed instead                                */
  int for_ever;
};
/* Does the n-th call, of this kind, fail, after `failed` failures? */
int plan_hits(const struct plan *plan, const struct kind *kind, unsigned n, unsigned failed);

/* NULL: this call cannot fail, or the failure has no effect (close frees the descriptor whatever it
 * returns; an unlock that splits nothing allocates nothing). */
const struct kind *kind_of(const struct call *call);
/* "openat", or "a call" that has no entry. */
const char *kind_name(const struct kind *kind);
int call_is_a_nap(const struct call *call);   /* until a time                              */
int call_is_a_sleep(const struct call *call); /* on a futex that is shared                 */

#endif
