/* SPDX-License-Identifier: MIT */
/* perf/peers/ck.c - the ring of Concurrency Kit, single producer and many consumers.
 *
 * ck_ring by value (CK_RING_PROTOTYPE), since a pointer is not valid in another process: the
 * payload is in the ring, and no second line is fetched for it. The slots are as large as the
 * payload of the sizes that the benchmarks use, else the next larger. The ring of about
 * 1 MiB lies in shared memory; it has no way to sleep. The head of many consumers is moved
 * by compare-and-swap, as the SPMC kind has it. */
#include "drive.h"

#include <ck_ring.h>
#include <sys/mman.h>

enum { RING_BYTES = 1 << 20 };

/* For each size of a slot: a type, and the functions that ck makes for it. */
#define SIZES(X) X(8) X(48) X(64) X(200) X(1000) X(4096)
#define DEFINE(bytes)                                                                              \
  struct slot_##bytes {                                                                            \
    unsigned char payload[bytes];                                                                  \
  };                                                                                               \
  CK_RING_PROTOTYPE(of_##bytes, slot_##bytes)
SIZES(DEFINE)

struct shared {
  _Alignas(128) ck_ring_t ring;
  _Alignas(128) unsigned char slots[RING_BYTES];
};

struct ck {
  struct peer_link link;
  struct shared *shared;
  _Alignas(16) unsigned char buffer[PEER_LARGEST];
};

/* Of the slots for that payload. */
static size_t slot_size(size_t size) {
#define RETURN_IF(bytes)                                                                           \
  if (size <= (bytes))                                                                             \
    return bytes;
  SIZES(RETURN_IF)
  return PEER_LARGEST;
}

static int make(struct peer_link *link) {
  struct ck *ck = (struct ck *)link;
  void *shared = mmap(NULL, sizeof *ck->shared, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (shared == MAP_FAILED)
    return pair_error(-errno, "shared memory for a ring: %s", strerror(errno));
  ck->shared = shared;
  unsigned slots = 1;
  while (2 * slots * slot_size(link->size) <= RING_BYTES)
    slots *= 2;
  ck_ring_init(&ck->shared->ring, slots);
  return 0;
}

static void remove_(struct peer_link *link) {
  munmap(((struct ck *)link)->shared, sizeof(struct shared));
}

PEER_FAST bool enqueue(struct shared *shared, size_t size, void *data) {
#define ENQUEUE_IF(bytes)                                                                          \
  if (size <= (bytes))                                                                             \
    return ck_ring_enqueue_spmc_of_##bytes(&shared->ring, (void *)shared->slots, data);
  SIZES(ENQUEUE_IF)
  return false;
}

PEER_FAST bool dequeue(struct shared *shared, size_t size, void *ret) {
#define DEQUEUE_IF(bytes)                                                                          \
  if (size <= (bytes))                                                                             \
    return ck_ring_dequeue_spmc_of_##bytes(&shared->ring, (void *)shared->slots, ret);
  SIZES(DEQUEUE_IF)
  return false;
}

/* A slot is copied as a whole: data has its size. */
PEER_FAST int send_(struct peer_link *link, const void *data) {
  struct ck *ck = (struct ck *)link;
  memcpy(ck->buffer, data, link->size);
  while (!enqueue(ck->shared, link->size, ck->buffer))
    relax();
  return 0;
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  struct ck *ck = (struct ck *)link;
  if (!dequeue(ck->shared, link->size, ck->buffer))
    return -EAGAIN;
  *ret = (struct peer_message){ck->buffer, link->size};
  return 0;
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  return drive_spin(poll_, link, ret);
}

PEER_FAST int done(struct peer_link *link) {
  (void)link;
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct ck), make, remove_, NULL, NULL, send_, take, poll_, done};

DRIVE_PEER(ck, ops, PEER_VERSION ": ck_ring, single producer, many consumers, by value",
           PEER_LARGEST, PEER_SPIN, 0);
