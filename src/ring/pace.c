/* SPDX-License-Identifier: MIT */
/* pace.c - measuring the pace of messages: see pace.h. */
#include "pace.h"

#define SINGLE 200    /* ns a message: slower messages count as single, */
#define SINGLE_RATE 4 /* if they carry fewer bytes a ns than this */

void rilli_pace_init(struct rill_producer *producer) {
  producer->handed = RILLI_HANDED;
  producer->handings = RILLI_HANDINGS;
  producer->pace_sequence = producer->sequence;
  producer->pace_position = producer->position;
}

/* A far core answers a message after 360 ns or more, and 4 KiB at 2.4 bytes a ns; a stream that is
 * handed down by mistake takes up to 140 ns a message, and runs at 7 bytes a ns. */
void rilli_measure_pace(struct rill_producer *producer, int64_t now) {
  const int64_t took = now - producer->pace_time;
  const uint64_t messages = producer->sequence - producer->pace_sequence;
  const uint64_t bytes = producer->position - producer->pace_position;
  const int single = took >= SINGLE * (int64_t)messages && took >= (int64_t)bytes / SINGLE_RATE;
  producer->handed = single ? RILLI_HANDED : 0;
  producer->handings = RILLI_HANDINGS;
  producer->pace_time = now;
  producer->pace_sequence = producer->sequence;
  producer->pace_position = producer->position;
}
