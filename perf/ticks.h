/* SPDX-License-Identifier: MIT */
/* perf/ticks.h - a clock for single messages: the time stamp counter, where it is usable.
 *
 * It is usable if the processor says that it runs at one rate in all states (invariant), and the
 * kernel has not found that it differs between the processors; then it takes 10 ns to read,
 * and ticks are translated by a calibration against CLOCK_MONOTONIC. Otherwise ticks are
 * nanoseconds of that clock. */
#ifndef RILL_PERF_TICKS_H
#define RILL_PERF_TICKS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct ticks {
  bool counter;      /* the time stamp counter; else CLOCK_MONOTONIC               */
  double per_ns;     /* ticks                                                     */
  uint64_t ns_by_32; /* ns a tick, times 2^32                                     */
};
extern struct ticks ticks;

/* Chooses and calibrates (20 ms), once; before the fork. Returns a description of the choice. */
const char *ticks_init(void);

/* Waits until all loads before it are done: otherwise it could be read before the message. */
static inline uint64_t ticks_now(void) {
#if defined(__x86_64__)
  if (ticks.counter) {
    __builtin_ia32_lfence();
    return __builtin_ia32_rdtsc();
  }
#endif
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static inline uint64_t ticks_ns(uint64_t span) {
  __extension__ typedef unsigned __int128 wide;
  return (uint64_t)((wide)span * ticks.ns_by_32 >> 32);
}

#endif
