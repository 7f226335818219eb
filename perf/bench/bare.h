/* SPDX-License-Identifier: MIT */
/* perf/bench/bare.h - the least that passes messages of one size between two processes.
 *
 * A ring of fixed slots, each with its sequence in front of the payload, for one producer
 * and one consumer that never sleep; no header, no other consumers, nobody who may die.
 * It is the limit for a payload where the raw line is the limit for a signal: what a
 * queue costs beyond this is the price of being a queue. Everything is inlined. */
#ifndef RILL_PERF_BARE_H
#define RILL_PERF_BARE_H

#include "relax.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { BARE_BYTES = 1 << 20 }; /* as many as a Rill queue has by default          */

struct bare_shared {
  _Alignas(128) _Atomic uint64_t read; /* by the consumer: messages it is done with */
  _Alignas(128) unsigned char slots[BARE_BYTES];
};

struct bare {
  size_t size; /* of a payload                                                   */
  size_t stride;
  uint64_t slots;
  struct bare_shared *shared;
  /* each process for itself */
  uint64_t next; /* message to send or to receive                                */
  uint64_t read; /* of the producer: what it last saw of the consumer            */
};

/* In the supervisor; 0 or a negative errno value, having told pair_error. */
int bare_make(struct bare *bare, size_t size);
void bare_remove(struct bare *bare);

static inline _Atomic uint64_t *bare_slot(const struct bare *bare) {
  return (_Atomic uint64_t *)(void *)(bare->shared->slots +
                                      bare->next % bare->slots * bare->stride);
}

static inline void bare_send(struct bare *bare, const void *data) {
  while (bare->next - bare->read == bare->slots) {
    bare->read = atomic_load_explicit(&bare->shared->read, memory_order_acquire);
    relax();
  }
  _Atomic uint64_t *slot = bare_slot(bare);
  memcpy(slot + 1, data, bare->size);
  bare->next++;
  atomic_store_explicit(slot, bare->next, memory_order_release);
}

/* The payload, valid until bare_release. */
static inline const void *bare_receive(const struct bare *bare) {
  _Atomic uint64_t *slot = bare_slot(bare);
  while (atomic_load_explicit(slot, memory_order_acquire) != bare->next + 1)
    relax();
  return slot + 1;
}

/* The producer sees it after each eighth of the ring. */
static inline void bare_release(struct bare *bare) {
  bare->next++;
  if (bare->next % (bare->slots / 8) == 0)
    atomic_store_explicit(&bare->shared->read, bare->next, memory_order_release);
}

#endif
