/* SPDX-License-Identifier: MIT */
/* futex.h - sleeping on words in shared memory. Never the private kind: processes share them. */
#ifndef RILLI_FUTEX_H
#define RILLI_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

struct rilli_futex {
  const _Atomic uint32_t *word;
  uint32_t value; /* sleep only while the word has this value */
};

/* Sleeps until one of the words (n is 1 or 2) is woken or differs, or the deadline (ns of
 * CLOCK_MONOTONIC) has come. Returns 0 (check again), -ETIMEDOUT or -EINTR. Where the
 * kernel lacks futex_waitv it sleeps on the first word alone. */
int rilli_futex_wait(const struct rilli_futex *words, unsigned n, int64_t deadline);

/* Wakes all threads that sleep on the word. Async-signal-safe. */
void rilli_futex_wake(_Atomic uint32_t *word);

#endif
