/* SPDX-License-Identifier: MIT */
/* perf/bench/sleepers.c - what a busy producer pays when others go to sleep.
 *
 * A process about to sleep makes every attached process fence (membarrier), so that publish
 * itself needs no fence: an interrupt for each process that runs. Here one process publishes
 * 48 bytes again and again, to no consumer (so it never waits), and the other one
 *   rill/quiet   does nothing,
 *   rill/parks   parks on another queue, again and again, as 16 consumers in turn, each
 *                until a deadline 10 us ahead: as often as one core can.
 * Ratios are to rill/quiet. A turn lasts milliseconds, since the last park outlasts it. */
#include "drive.h"
#include "suite.h"

#include "rill/rill.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 48, SLEEPERS = 16, NAP_NS = 10000 };

struct sleepers {
  const char *name;
  bool parks;
  struct drive drive;      /* the producer's                                      */
  struct peer_link *idle;  /* where no message comes                              */
  _Atomic uint64_t *turns; /* shared: how many the producer has ended             */
  uint64_t turn;           /* of the sleepers                                     */
  rill_consumer *consumers[SLEEPERS];
};

static int sleepers_setup(void *self) {
  struct sleepers *sleepers = self;
  const struct peer *peer = peer_find("rill");
  sleepers->drive = (struct drive){.peer = peer, .size = SIZE};
  sleepers->drive.there = peer_link_new(peer, PEER_SPIN, SIZE, sleepers->name);
  sleepers->idle = peer_link_new(peer, PEER_SLEEP, SIZE, "sleepers-idle");
  sleepers->turns = mmap(NULL, sizeof *sleepers->turns, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!sleepers->drive.there || !sleepers->idle || sleepers->turns == MAP_FAILED)
    return pair_error(-ENOMEM, "out of memory");
  int rc = peer->ops->make(sleepers->drive.there);
  if (!rc && sleepers->parks && (rc = peer->ops->make(sleepers->idle)))
    peer->ops->remove(sleepers->drive.there);
  return rc;
}

static void sleepers_teardown(void *self) {
  struct sleepers *sleepers = self;
  const struct peer_ops *ops = sleepers->drive.peer->ops;
  ops->remove(sleepers->drive.there);
  if (sleepers->parks)
    ops->remove(sleepers->idle);
  peer_link_free(sleepers->drive.there);
  peer_link_free(sleepers->idle);
  (void)munmap(sleepers->turns, sizeof *sleepers->turns);
}

/* Many consumers in one process; a link has only one. */
static int open_consumers(struct sleepers *sleepers) {
  const struct rill_consumer_attr attr = {
      .size = sizeof attr, .wait = RILL_PARK, .flags = RILL_FOLLOW};
  char space[32];
  rill_context *context = NULL;
  rill_queue *queue = NULL;
  (void)snprintf(space, sizeof space, "perf-%ld", (long)getppid()); /* as peers/rill.c has it */
  const struct rill_context_attr of_context = {.size = sizeof of_context, .name_space = space};
  int rc = rill_context_open(&of_context, &context);
  if (!rc)
    rc = rill_queue_open(context, sleepers->idle->name, 0, NULL, RILL_NOW, &queue);
  for (size_t i = 0; i < SLEEPERS && !rc; i++)
    rc = rill_consumer_open(queue, &attr, &sleepers->consumers[i]);
  rill_queue_close(queue);
  rill_context_close(context);
  return rc ? pair_error(rc, "sleepers: %s", rill_error()) : 0;
}

static int sleepers_open(void *self, enum pair_side side) {
  struct sleepers *sleepers = self;
  if (side == PAIR_PING)
    return sleepers->drive.peer->ops->open(sleepers->drive.there, PEER_SEND);
  return sleepers->parks ? open_consumers(sleepers) : 0;
}

static void sleepers_close(void *self, enum pair_side side) {
  struct sleepers *sleepers = self;
  if (side == PAIR_PING)
    sleepers->drive.peer->ops->close(sleepers->drive.there, PEER_SEND);
  else
    for (size_t i = 0; i < SLEEPERS; i++)
      rill_consumer_close(sleepers->consumers[i]);
}

static int sleepers_ping(void *self, uint64_t n) {
  struct sleepers *sleepers = self;
  int rc = sleepers->drive.peer->feed(&sleepers->drive, n);
  atomic_fetch_add_explicit(sleepers->turns, 1, memory_order_release);
  return rc;
}

static int sleepers_pong(void *self, uint64_t n) {
  struct sleepers *sleepers = self;
  struct rill_message message;
  (void)n;
  sleepers->turn++;
  for (size_t i = 0; atomic_load_explicit(sleepers->turns, memory_order_acquire) < sleepers->turn;
       i++) {
    if (!sleepers->parks) {
      relax();
      continue;
    }
    int rc = rill_receive(sleepers->consumers[i % SLEEPERS], rill_after(NAP_NS), &message);
    if (rc != -ETIMEDOUT)
      return pair_error(rc ? rc : -EPROTO, "a sleeper: %s", rill_error());
  }
  return 0;
}

static struct sleepers quiet = {.name = "sleepers-quiet"};
static struct sleepers parks = {.name = "sleepers-parks", .parks = true};

/* clang-format off */
#define SLEEPERS(name_, self_)                                                                     \
  {.name = name_, .self = self_, .setup = sleepers_setup, .open = sleepers_open,                   \
   .ping = sleepers_ping, .pong = sleepers_pong, .close = sleepers_close,                          \
   .teardown = sleepers_teardown}
/* clang-format on */

static struct contender contenders[] = {
    SLEEPERS("rill/quiet", &quiet),
    SLEEPERS("rill/parks", &parks),
};

void bench_line_up(struct suite *suite) {
  suite->subject = "sleepers";
  suite->unit = "message";
  suite->unit_contender = "rill/quiet";
  suite->rounds = 200;
  suite->slice_us = 10000;
  suite->contenders = contenders;
  suite->count = sizeof contenders / sizeof contenders[0];
}
