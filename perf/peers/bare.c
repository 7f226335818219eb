/* SPDX-License-Identifier: MIT */
/* perf/peers/bare.c - the least that passes messages of one size between two processes.
 *
 * A ring of fixed slots, each with its sequence in front of the payload, for one producer
 * and one consumer that never sleep; no header, no other consumers, no process that may die.
 * The raw line is the limit for a signal; this is the limit for a payload: one memcpy in, one
 * out. What a queue costs beyond it is the price of a queue. All inlined. */
#include "drive.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { RING_BYTES = 1 << 20 }; /* as many as a Rill queue has by default          */

struct shared {
  _Alignas(128) _Atomic uint64_t read; /* by the consumer: messages it is done with */
  _Alignas(128) unsigned char slots[RING_BYTES];
};

struct bare {
  struct peer_link link;
  size_t stride;
  uint64_t slots;
  struct shared *shared;
  /* each process for itself */
  uint64_t next; /* message to send or to take                                     */
  uint64_t read; /* of the producer: what it last saw of the consumer            */
};

static int make(struct peer_link *link) {
  struct bare *bare = (struct bare *)link;
  void *shared = mmap(NULL, sizeof *bare->shared, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (shared == MAP_FAILED)
    return pair_error(-errno, "shared memory for a bare ring: %s", strerror(errno));
  bare->shared = shared;
  bare->stride = (sizeof(uint64_t) + link->size + 15) / 16 * 16;
  bare->slots = RING_BYTES / bare->stride;
  return 0;
}

static void remove_(struct peer_link *link) {
  struct bare *bare = (struct bare *)link;
  munmap(bare->shared, sizeof *bare->shared);
}

PEER_FAST _Atomic uint64_t *slot_of(const struct bare *bare) {
  return (_Atomic uint64_t *)(void *)(bare->shared->slots +
                                      bare->next % bare->slots * bare->stride);
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  struct bare *bare = (struct bare *)link;
  while (bare->next - bare->read == bare->slots) {
    bare->read = atomic_load_explicit(&bare->shared->read, memory_order_acquire);
    relax();
  }
  _Atomic uint64_t *slot = slot_of(bare);
  memcpy(slot + 1, data, link->size);
  bare->next++;
  atomic_store_explicit(slot, bare->next, memory_order_release);
  return 0;
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  struct bare *bare = (struct bare *)link;
  _Atomic uint64_t *slot = slot_of(bare);
  if (atomic_load_explicit(slot, memory_order_acquire) != bare->next + 1)
    return -EAGAIN;
  *ret = (struct peer_message){slot + 1, link->size};
  return 0;
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  return drive_spin(poll_, link, ret);
}

/* The producer learns of it after each eighth of the ring. */
PEER_FAST int done(struct peer_link *link) {
  struct bare *bare = (struct bare *)link;
  bare->next++;
  if (bare->next % (bare->slots / 8) == 0)
    atomic_store_explicit(&bare->shared->read, bare->next, memory_order_release);
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct bare), make, remove_, NULL, NULL, send_, take, poll_, done};

DRIVE_PEER(bare, ops, "a ring of fixed slots, inlined: the cost of a memcpy", PEER_LARGEST,
           PEER_SPIN, 0);
