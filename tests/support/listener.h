/* SPDX-License-Identifier: MIT */
/* listener.h - every system call of a thread or a process, reported before it is made and answered
 * by another thread: let through, failed, or not made at all (seccomp user notifications).
 *
 * The kernel stops the caller itself, so inline calls and those within libc are reached as well,
 * and so are the threads that it makes. A call that is failed is not made, not even in part. */
#ifndef RILL_TEST_LISTENER_H
#define RILL_TEST_LISTENER_H

#include <stdint.h>
#include <sys/types.h>

struct call {
  uint64_t id;
  pid_t thread; /* as the listener's process sees it                               */
  long number;  /* of the system call                                              */
  uint64_t arguments[6];
};

/* In the calling thread, for it and what it starts. Returns the listener; -errno: not available.
 * The caller must not be the thread that answers. */
int listener_install(void);
/* In the parent of a process that called listener_install, which stored what it returned there. */
int listener_of(pid_t pid, const _Atomic uint64_t *number);

/* Waits for the next call for at most that time (milliseconds; -1: for ever). 1: there is one, 0:
 * none came, -1: no thread is left that could call. */
int listener_next(int listener, int timeout, struct call *ret);
void call_let(int listener, const struct call *call);                 /* it is made           */
void call_fail(int listener, const struct call *call, int error);     /* it is not: -1, errno  */
void call_skip(int listener, const struct call *call, int64_t value); /* it is not: the value */

#endif
