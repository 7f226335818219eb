/* SPDX-License-Identifier: MIT */
/* clock.c - the two clocks. See clock.h. */
#include "clock.h"

#include <time.h>

int64_t rilli_wall_clock(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
