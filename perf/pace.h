/* SPDX-License-Identifier: MIT */
/* perf/pace.h - the open loop: messages that are due at times fixed beforehand.
 *
 * A sender that is held up does not shift the messages after: it sends immediately what is
 * overdue, and each message's latency counts from the moment at which it was due. So a stall
 * of a millisecond shows in the thousand messages that were due meanwhile, and not only in the one
 * that was on its way ("coordinated omission"). Pure: the clock is the caller's. */
#ifndef RILL_PERF_PACE_H
#define RILL_PERF_PACE_H

#include <stdint.h>

/* Sends n messages, the first one due `lead` from now, the others `interval` apart, in the
 * clock's units. Returns 0 or what send returned. */
static inline __attribute__((always_inline)) int pace_send(uint64_t (*clock)(void), uint64_t lead,
                                                           uint64_t interval, uint64_t n,
                                                           int (*send)(void *self, uint64_t due),
                                                           void *self) {
  for (uint64_t due = clock() + lead; n; n--, due += interval) {
    while (clock() < due)
      ;
    const int rc = send(self, due);
    if (rc)
      return rc;
  }
  return 0;
}

/* The latency of a message that was due then and received now. */
static inline uint64_t pace_latency(uint64_t due, uint64_t now) {
  return now > due ? now - due : 0;
}

#endif
