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

static int answer(long result) {
  if (result >= 0)
    return 0;
  return errno == ETIMEDOUT || errno == EINTR ? -errno : 0;
}

int rilli_futex_wait(const struct rilli_futex *words, unsigned n, int64_t deadline) {
  const struct timespec at = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
  if (n == 2) {
    struct waiter waiters[2];
    memset(waiters, 0, sizeof waiters);
    for (unsigned i = 0; i < 2; i++) {
      waiters[i].value = words[i].value;
      waiters[i].address = (uint64_t)(uintptr_t)words[i].word;
      waiters[i].flags = FUTEX_32;
    }
    const long result = syscall(SYS_futex_waitv, waiters, 2, 0, &at, CLOCK_MONOTONIC);
    if (result >= 0 || (errno != ENOSYS && errno != EPERM))
      return answer(result);
  }
  return answer(syscall(SYS_futex, (uintptr_t)words[0].word, FUTEX_WAIT_BITSET, words[0].value, &at,
                        NULL, FUTEX_BITSET_MATCH_ANY));
}

void rilli_futex_wake(_Atomic uint32_t *word) {
  const int saved = errno;
  (void)syscall(SYS_futex, (uintptr_t)word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
  errno = saved;
}
