/* SPDX-License-Identifier: MIT */
/* perf/pair.h - two processes, each pinned to a core of its own, under a supervisor.
 *
 * The supervisor (the caller) sleeps meanwhile. When one of the two dies, fails or
 * hangs, the supervisor ends the other one and reports that; when the supervisor dies, the
 * kernel ends both. No process is left behind. */
#ifndef RILL_PERF_PAIR_H
#define RILL_PERF_PAIR_H

#include "pair_error.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum pair_side { PAIR_PING = 0, PAIR_PONG = 1, PAIR_SIDES = 2 };

struct pair_cpus {
  int cpu[PAIR_SIDES]; /* -1: not pinned, since only one CPU is allowed          */
};

/* Two allowed CPUs of different cores, where the kernel shows the cores. 0 or -errno. */
int pair_choose_cpus(struct pair_cpus *ret);

/* The same from "A,B". -EINVAL. */
int pair_parse_cpus(const char *text, struct pair_cpus *ret);

struct pair {
  int (*role)(void *arg, enum pair_side side); /* 0, or a negative errno value      */
  void *arg;
  struct pair_cpus cpus;
  const _Atomic uint64_t *progress; /* shared; changes while they work         */
  unsigned patience;                /* seconds that it may stand still           */
  /* In the supervisor, about ten times a second while the two run; may be NULL. */
  void (*look)(const void *arg);
  /* Writes where the two are, for the message about a hang. */
  void (*where)(const void *arg, char *text, size_t size);
};

/* Signals that end a program are held back from here to pair_release, so that the
 * caller can clean up; then they take effect. */
void pair_hold_signals(void);
void pair_release_signals(void);

/* Runs both to their end, between hold and release. Returns 0; -EIO (one failed or
 * died), -ETIMEDOUT (hang), -EINTR (a signal is held back) or the error of fork, with
 * the reason in *ret_why. Neither process exists afterwards. */
int pair_run(const struct pair *pair, char *ret_why, size_t size);

#endif
