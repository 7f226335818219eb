/* SPDX-License-Identifier: MIT */
/* perf/bench/groups.c - how long a publish takes with 1, 8 and 64 groups attached.
 *
 * One process is the producer and all consumers in turn: it publishes a turn, which is
 * timed, and then drains every group, which is not. So no process waits, and the figure is
 * the cost of groups for the producer itself: the scan of their rows, once in capacity/32
 * bytes. 48 bytes, all attributes at their defaults except RILL_SPIN. The other
 * process has nothing to do. Ratios are to one group. */
#include "drive.h"
#include "suite.h"

#include <stdlib.h>

enum { SIZE = 48, FRAME = 64, RING = 1 << 20, MOST = 64 };

struct groups {
  const char *name; /* of the queue                                              */
  size_t count;
  struct drive producer, consumers[MOST];
  uint64_t published; /* in the last turn                                        */
};

static int new_drive(const struct groups *groups, struct drive *drive) {
  drive->peer = peer_find("rill");
  drive->size = SIZE;
  drive->there = peer_link_new(drive->peer, PEER_SPIN, SIZE, groups->name);
  return drive->there ? 0 : pair_error(-ENOMEM, "out of memory");
}

static int groups_setup(void *self) {
  struct groups *groups = self;
  int rc = new_drive(groups, &groups->producer);
  for (size_t i = 0; i < groups->count && !rc; i++)
    rc = new_drive(groups, &groups->consumers[i]);
  return rc ? rc : groups->producer.peer->ops->make(groups->producer.there);
}

static void groups_teardown(void *self) {
  struct groups *groups = self;
  groups->producer.peer->ops->remove(groups->producer.there);
  peer_link_free(groups->producer.there);
  for (size_t i = 0; i < groups->count; i++)
    peer_link_free(groups->consumers[i].there);
}

static int groups_open(void *self, enum pair_side side) {
  struct groups *groups = self;
  const struct peer_ops *ops = groups->producer.peer->ops;
  if (side != PAIR_PING)
    return 0;
  int rc = ops->open(groups->producer.there, PEER_SEND);
  for (size_t i = 0; i < groups->count && !rc; i++)
    rc = ops->open(groups->consumers[i].there, PEER_TAKE);
  return rc;
}

static void groups_close(void *self, enum pair_side side) {
  struct groups *groups = self;
  const struct peer_ops *ops = groups->producer.peer->ops;
  if (side != PAIR_PING)
    return;
  for (size_t i = 0; i < groups->count; i++)
    ops->close(groups->consumers[i].there, PEER_TAKE);
  ops->close(groups->producer.there, PEER_SEND);
}

static int groups_ping(void *self, uint64_t n) {
  struct groups *groups = self;
  groups->published = n;
  return groups->producer.peer->feed(&groups->producer, n);
}

static int groups_pong(void *self, uint64_t n) {
  (void)self;
  (void)n;
  return 0;
}

/* Every group takes every message of the turn, and then finds the ring empty. */
static int groups_rest(void *self) {
  struct groups *groups = self;
  const struct peer *peer = groups->producer.peer;
  struct peer_message message;
  for (size_t i = 0; i < groups->count; i++) {
    int rc = peer->drain(&groups->consumers[i], groups->published);
    if (rc)
      return rc;
    if (peer->ops->poll(groups->consumers[i].there, &message) != -EAGAIN)
      return pair_error(-EPROTO, "the ring is not empty after %llu messages",
                        (unsigned long long)groups->published);
  }
  return 0;
}

static struct groups one = {.name = "groups-1", .count = 1};
static struct groups eight = {.name = "groups-8", .count = 8};
static struct groups sixty_four = {.name = "groups-64", .count = 64};

/* A turn fits the ring: it is not drained meanwhile. */
/* clang-format off */
#define GROUPS(name_, self_)                                                                       \
  {.name = name_, .self = self_, .longest = RING / FRAME - 64, .setup = groups_setup,              \
   .open = groups_open, .ping = groups_ping, .pong = groups_pong, .rest = groups_rest,             \
   .close = groups_close, .teardown = groups_teardown}
/* clang-format on */

static struct contender contenders[] = {
    GROUPS("rill/1", &one),
    GROUPS("rill/8", &eight),
    GROUPS("rill/64", &sixty_four),
};

void bench_line_up(struct suite *suite) {
  suite->subject = "groups";
  suite->unit = "message";
  suite->unit_contender = "rill/1";
  suite->contenders = contenders;
  suite->count = sizeof contenders / sizeof contenders[0];
}
