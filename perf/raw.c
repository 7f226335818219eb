/* SPDX-License-Identifier: MIT */
/* perf/raw.c - the raw round trip: one cache line each way, nothing else.
 *
 * The limit that the machine sets for all that passes between two cores, and so the
 * unit of all other figures. Two poll loops, since it depends on the machine which one is
 * faster: a bare one, and one with the pause instruction.
 *
 * How far a line has to go depends on its address (which slice of the last-level cache
 * keeps its directory entry): one pair of lines may be a third faster than another, for
 * a whole run. A ring goes over many lines, and so does this: it takes another pair every few
 * trips, in an order that no prefetcher guesses. */
#include "harness.h"
#include "relax.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct line {
  _Alignas(128) _Atomic uint64_t value; /* written by one side, polled by the other */
};

enum { PAIRS = 1024, STAY = 16 }; /* pairs of lines; trips on each at a time    */

struct raw {
  struct line *lines; /* shared: pairs, the first by ping, the second by pong     */
  uint64_t sent;      /* each process counts for itself, from the same 0         */
};

static struct raw spin, pause_;

static int raw_setup(void *self) {
  struct raw *raw = self;
  void *lines = mmap(NULL, PAIRS * PAIR_SIDES * sizeof *raw->lines, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (lines == MAP_FAILED)
    return pair_error(-errno, "shared memory for the raw line: %s", strerror(errno));
  *raw = (struct raw){lines, 0};
  return 0;
}

static void raw_teardown(void *self) {
  struct raw *raw = self;
  munmap(raw->lines, PAIRS * PAIR_SIDES * sizeof *raw->lines);
  raw->lines = NULL;
}

/* The compiler makes a loop for each variant: there is no test in them. */
static inline __attribute__((always_inline)) void await(struct line *line, uint64_t value,
                                                        bool polite) {
  while (atomic_load_explicit(&line->value, memory_order_acquire) != value) {
    if (polite)
      relax();
  }
}

/* The pair of the n-th trip: both sides count the same way. An odd factor visits all pairs. */
static inline struct line *pair_of(const struct raw *raw, uint64_t n) {
  return raw->lines + n / STAY * 389 % PAIRS * PAIR_SIDES;
}

static inline __attribute__((always_inline)) int ping(void *self, uint64_t n, bool polite) {
  struct raw *raw = self;
  for (uint64_t end = raw->sent + n; raw->sent != end;) {
    struct line *pair = pair_of(raw, ++raw->sent);
    atomic_store_explicit(&pair[0].value, raw->sent, memory_order_release);
    await(&pair[1], raw->sent, polite);
  }
  return 0;
}

static inline __attribute__((always_inline)) int pong(void *self, uint64_t n, bool polite) {
  struct raw *raw = self;
  for (uint64_t end = raw->sent + n; raw->sent != end;) {
    struct line *pair = pair_of(raw, ++raw->sent);
    await(&pair[0], raw->sent, polite);
    atomic_store_explicit(&pair[1].value, raw->sent, memory_order_release);
  }
  return 0;
}

static int ping_spin(void *self, uint64_t n) {
  return ping(self, n, false);
}

static int pong_spin(void *self, uint64_t n) {
  return pong(self, n, false);
}

static int ping_pause(void *self, uint64_t n) {
  return ping(self, n, true);
}

static int pong_pause(void *self, uint64_t n) {
  return pong(self, n, true);
}

const struct contender raw_contenders[2] = {
    {.name = "raw/spin",
     .self = &spin,
     .setup = raw_setup,
     .ping = ping_spin,
     .pong = pong_spin,
     .teardown = raw_teardown},
    {.name = "raw/pause",
     .self = &pause_,
     .setup = raw_setup,
     .ping = ping_pause,
     .pong = pong_pause,
     .teardown = raw_teardown},
};
