/* SPDX-License-Identifier: MIT */
/* latency.h - how old messages are when a member receives them. */
#ifndef RILLI_LATENCY_H
#define RILLI_LATENCY_H

#include "consumer.h"

/* A message with this time was received. */
void rilli_count_latency(struct rill_consumer *consumer, uint64_t sequence, int64_t time);
void rilli_clear_latency(struct rilli_slot *slot);

#endif
