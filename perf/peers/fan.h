/* SPDX-License-Identifier: MIT */
/* perf/peers/fan.h - contenders in which several processes take each message of Rill. */
#ifndef RILL_PERF_FAN_H
#define RILL_PERF_FAN_H

#include "peer.h"
#include "suite.h"

enum { FAN_MOST = 16 };

/* Adds NAME/TAKERS, a stream of messages of that size to 1 to FAN_MOST processes, which share
 * a core. A unit is one message, taken by all. Exits when there is no memory. */
void fan_add(struct suite *suite, const char *name, size_t takers, enum peer_wait wait,
             size_t size);

#endif
