/* SPDX-License-Identifier: MIT */
/* perf/peers/futex.c - the least that wakes a sleeping process: the unit of `wake`.
 *
 * One word in shared memory with 8 bytes beside it. The sender writes, increments the word
 * and wakes; the taker sleeps while the word is unchanged. No check for sleepers and no spin, so
 * each message costs two system calls, the least for a process that sleeps. It has one place:
 * the next message may come when this one is answered. */
#include "drive.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct shared {
  _Alignas(128) _Atomic uint32_t word;
  uint64_t payload;
};

struct futex {
  struct peer_link link;
  struct shared *shared;
  uint32_t seen; /* each process for itself: what the word was                      */
};

static int make(struct peer_link *link) {
  struct futex *futex = (struct futex *)link;
  void *shared =
      mmap(NULL, sizeof *futex->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return pair_error(-errno, "shared memory for a futex: %s", strerror(errno));
  futex->shared = shared;
  return 0;
}

static void remove_(struct peer_link *link) {
  struct futex *futex = (struct futex *)link;
  munmap(futex->shared, sizeof *futex->shared);
}

/* Not the private kind: it is between processes. */
static inline long call(struct shared *shared, int operation, uint32_t value) {
  return syscall(SYS_futex, &shared->word, operation, value, NULL, NULL, 0);
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  struct futex *futex = (struct futex *)link;
  memcpy(&futex->shared->payload, data, link->size);
  atomic_store_explicit(&futex->shared->word, ++futex->seen, memory_order_release);
  if (call(futex->shared, FUTEX_WAKE, 1) < 0)
    return pair_error(-errno, "futex wake: %s", strerror(errno));
  return 0;
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  struct futex *futex = (struct futex *)link;
  if (atomic_load_explicit(&futex->shared->word, memory_order_acquire) == futex->seen)
    return -EAGAIN;
  futex->seen++;
  *ret = (struct peer_message){&futex->shared->payload, link->size};
  return 0;
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  struct futex *futex = (struct futex *)link;
  while (poll_(link, ret)) {
    if (call(futex->shared, FUTEX_WAIT, futex->seen) < 0 && errno != EAGAIN && errno != EINTR)
      return pair_error(-errno, "futex wait: %s", strerror(errno));
  }
  return 0;
}

static int done(struct peer_link *link) {
  (void)link;
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct futex), make, remove_, NULL, NULL, send_, take, poll_, done};

DRIVE_PEER(futex, ops, "a bare futex word in shared memory, wait and wake each time", 8, PEER_SLEEP,
           PEER_SINGLE);
