/* SPDX-License-Identifier: MIT */
/* perf/raw.c - the raw round trip: one cache line each way, nothing else.
 *
 * The limit that the machine sets to whatever passes between two cores, and so the
 * unit of all other figures. Two poll loops, since which is faster is the machine's
 * affair: bare, and with the instruction that tells the core it is polling. */
#include "harness.h"
#include "relax.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

struct line {
  _Alignas(128) _Atomic uint64_t value; /* written by one side, polled by the other */
};

struct raw {
  struct line *lines; /* shared: [0] by ping, [1] by pong                        */
  uint64_t sent;      /* each process counts for itself, from the same 0         */
};

static struct raw spin, pause_;

static int raw_setup(void *self) {
  struct raw *raw = self;
  void *lines = mmap(NULL, PAIR_SIDES * sizeof *raw->lines, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (lines == MAP_FAILED)
    return pair_error(-errno, "shared memory for the raw line: %s", strerror(errno));
  *raw = (struct raw){lines, 0};
  return 0;
}

static void raw_teardown(void *self) {
  struct raw *raw = self;
  munmap(raw->lines, PAIR_SIDES * sizeof *raw->lines);
  raw->lines = NULL;
}

/* The loops are written out by the compiler for each variant: no test in them. */
static inline __attribute__((always_inline)) void await(struct line *line, uint64_t value,
                                                        bool polite) {
  while (atomic_load_explicit(&line->value, memory_order_acquire) != value) {
    if (polite)
      relax();
  }
}

static inline __attribute__((always_inline)) int ping(void *self, uint64_t n, bool polite) {
  struct raw *raw = self;
  for (uint64_t end = raw->sent + n; raw->sent != end;) {
    raw->sent++;
    atomic_store_explicit(&raw->lines[0].value, raw->sent, memory_order_release);
    await(&raw->lines[1], raw->sent, polite);
  }
  return 0;
}

static inline __attribute__((always_inline)) int pong(void *self, uint64_t n, bool polite) {
  struct raw *raw = self;
  for (uint64_t end = raw->sent + n; raw->sent != end;) {
    raw->sent++;
    await(&raw->lines[0], raw->sent, polite);
    atomic_store_explicit(&raw->lines[1].value, raw->sent, memory_order_release);
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
