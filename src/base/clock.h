/* SPDX-License-Identifier: MIT */
/* clock.h - the two clocks. */
#ifndef RILLI_CLOCK_H
#define RILLI_CLOCK_H

#include <stdint.h>

/* CLOCK_REALTIME in ns: for display only. */
int64_t rilli_wall_clock(void);

#endif
