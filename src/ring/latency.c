/* SPDX-License-Identifier: MIT */
/* latency.c - how old messages are when a member receives them: counted in its slot.
 *
 * Only messages that carry a time are counted, and only here, behind the slow path that they
 * take anyway. A clock costs as much as passing a small message, so not every message gets
 * one: all that the member had to wait for do (they count once), and of those that were there
 * already one in 16 does, and counts 16 times. That is true to the distribution, as counting
 * all of the first and a sixteenth of the second with equal weight would not be. Which ones is
 * decided by a multiplicative hash of the sequence: evenly, but with no period in which a
 * stream could have one too.
 *
 * The member alone writes, relaxed, and others only read (shm/histogram.h). A bucket that is
 * full halves them all: the percentiles stay as they are. */
#include "latency.h"

#include "histogram.h"
#include "park.h"

#define ONE_IN_BITS 4u

static void halve(struct rilli_slot *slot) {
  for (uint32_t i = 0; i < RILLI_LATENCY_SIZE; i++) {
    const uint32_t count = atomic_load_explicit(&slot->histogram[i], memory_order_relaxed);
    atomic_store_explicit(&slot->histogram[i], count / 2, memory_order_relaxed);
  }
}

void rilli_count_latency(struct rill_consumer *consumer, uint64_t sequence, int64_t time) {
  struct rilli_slot *slot = consumer->slot;
  const uint32_t waited = consumer->waited;
  consumer->waited = 0;
  if (!slot || time <= 0 ||
      (!waited && sequence * UINT64_C(0x9e3779b97f4a7c15) >> (64 - ONE_IN_BITS) != 0))
    return;
  const int64_t latency = rilli_now() - time;
  if (latency < 0) /* of another clock, or due later */
    return;
  const uint32_t weight = waited ? 1 : 1u << ONE_IN_BITS;
  _Atomic uint32_t *bucket = &slot->histogram[rilli_histogram_bucket(
      RILLI_LATENCY_BITS, RILLI_LATENCY_SIZE, (uint64_t)latency)];
  if (atomic_load_explicit(bucket, memory_order_relaxed) > UINT32_MAX - weight)
    halve(slot);
  atomic_store_explicit(bucket, atomic_load_explicit(bucket, memory_order_relaxed) + weight,
                        memory_order_relaxed);
  if (latency > atomic_load_explicit(&slot->latency_max, memory_order_relaxed))
    atomic_store_explicit(&slot->latency_max, latency, memory_order_relaxed);
}

void rilli_clear_latency(struct rilli_slot *slot) {
  for (uint32_t i = 0; i < RILLI_LATENCY_SIZE; i++)
    atomic_store_explicit(&slot->histogram[i], 0, memory_order_relaxed);
  atomic_store_explicit(&slot->latency_max, 0, memory_order_relaxed);
}
