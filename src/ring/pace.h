/* SPDX-License-Identifier: MIT */
/* pace.h - how fast a producer's messages come, and what follows from it: lines of single
 * messages are handed down to the cache that all cores share, where a reader gets them sooner than
 * from this core. Pure: the caller reads the clock. */
#ifndef RILLI_PACE_H
#define RILLI_PACE_H

#include "producer.h"

#ifdef __x86_64__
#define RILLI_HANDED 4352u /* bytes: no gain for longer frames                             */
#else
#define RILLI_HANDED 0u /* rilli_demote does nothing */
#endif
#define RILLI_HANDINGS 8u /* messages handed down between two readings of the clock       */

/* To be called when the producer is at the place of its first message. */
void rilli_pace_init(struct rill_producer *producer);
/* Did messages come singly since this was measured last? Then they are handed down. */
void rilli_measure_pace(struct rill_producer *producer, int64_t now);

#endif
