/* SPDX-License-Identifier: MIT */
/* futex.c - the futex system calls. See futex.h and futex(2). */
#include "futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
#ifndef FUTEX_32
#define FUTEX_32 2
#endif

/* struct futex_waitv of linux/futex.h, which older headers lack. */
struct waiter {
  uint64_t value;
  uint64_t address;
  uint32_t flags;
  uint32_t reserved;
};

/* 1: slept, or there was no need; else a negative errno, -ENOSYS if anything forbids the call. */
static int answer(long result) {
  if (result >= 0 || errno == EAGAIN)
    return 1;
  return errno == ETIMEDOUT || errno == EINTR ? -errno : -ENOSYS;
}

/* A short sleep where a sandbox forbids futexes, so that there is no busy loop. */
static int nap(int64_t deadline, const struct timespec *at) {
  struct timespec now, span = {.tv_nsec = 1000000};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  if (deadline - ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec) > span.tv_nsec)
    return nanosleep(&span, NULL) == 0 ? 0 : -EINTR;
  return clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, at, NULL) == 0 ? -ETIMEDOUT : -EINTR;
}

int rilli_futex_wait(const struct rilli_futex *words, unsigned n, int64_t deadline) {
  const struct timespec at = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
  int code = -ENOSYS;
  if (n == 2) {
    struct waiter waiters[2];
    memset(waiters, 0, sizeof waiters);
    for (unsigned i = 0; i < 2; i++) {
      waiters[i].value = words[i].value;
      waiters[i].address = (uint64_t)(uintptr_t)words[i].word;
      waiters[i].flags = FUTEX_32;
    }
    code = answer(syscall(SYS_futex_waitv, waiters, 2, 0, &at, CLOCK_MONOTONIC));
  }
  if (code == -ENOSYS)
    code = answer(syscall(SYS_futex, (uintptr_t)words[0].word, FUTEX_WAIT_BITSET, words[0].value,
                          &at, NULL, FUTEX_BITSET_MATCH_ANY));
  if (code == -ENOSYS)
    code = nap(deadline, &at);
  return code < 0 ? code : 0;
}

void rilli_futex_wake(_Atomic uint32_t *word) {
  const int saved = errno;
  (void)syscall(SYS_futex, (uintptr_t)word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
  errno = saved;
}
