/* SPDX-License-Identifier: MIT */
/* perf/bench/groups.c - how long a publish takes with 1, 8 and 64 groups attached.
 *
 * One process is the producer and all consumers in turn: it publishes a turn, which is
 * timed, and then drains every group, which is not. So nobody ever waits, and what is
 * measured is what the producer itself pays for groups: the scan of their rows, once in
 * capacity/64 bytes. 48 bytes, all attributes at their defaults but RILL_SPIN. The other
 * process has nothing to do. */
#include "rill_link.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

enum { SIZE = 48, FRAME = 64, RING = 1 << 20, MOST = 64 };

struct groups {
  size_t count;
  struct rill_link link;
  rill_consumer *consumers[MOST];
  uint64_t published; /* in the last turn                                        */
  unsigned char fill, taken;
};

static int groups_setup(void *self) {
  struct groups *groups = self;
  return rill_link_make(&groups->link);
}

static void groups_teardown(void *self) {
  struct groups *groups = self;
  rill_link_remove(&groups->link);
}

static int groups_open(void *self, enum pair_side side) {
  struct groups *groups = self;
  if (side != PAIR_PING)
    return 0;
  int rc = rill_link_open_producer(&groups->link);
  const struct rill_consumer_attr attr = {.size = sizeof attr, .wait = RILL_SPIN};
  for (size_t i = 0; i < groups->count && !rc; i++)
    if ((rc = rill_consumer_open(groups->link.queue, &attr, &groups->consumers[i])))
      pair_error(rc, "consumer: %s", rill_error());
  return rc;
}

static void groups_close(void *self, enum pair_side side) {
  struct groups *groups = self;
  if (side != PAIR_PING)
    return;
  for (size_t i = 0; i < groups->count; i++)
    rill_consumer_close(groups->consumers[i]);
  rill_link_close(&groups->link);
}

static int groups_ping(void *self, uint64_t n) {
  struct groups *groups = self;
  unsigned char payload[SIZE];
  groups->published = n;
  for (; n; n--) {
    memset(payload, ++groups->fill, sizeof payload);
    int rc = rill_publish(groups->link.producer, payload, sizeof payload, RILL_NOW);
    if (rc)
      return pair_error(rc, "publish: %s", rill_error());
  }
  return 0;
}

static int groups_pong(void *self, uint64_t n) {
  (void)self;
  (void)n;
  return 0;
}

/* Every group takes every message of the turn, and finds the ring empty then. */
static int groups_rest(void *self) {
  struct groups *groups = self;
  struct rill_message message;
  for (size_t i = 0; i < groups->count; i++) {
    rill_consumer *consumer = groups->consumers[i];
    unsigned char fill = groups->taken;
    for (uint64_t n = groups->published; n; n--) {
      int rc = rill_receive(consumer, RILL_NOW, &message);
      if (rc)
        return pair_error(rc, "receive: %s", rill_error());
      if (message.size != SIZE || *(const unsigned char *)message.data != ++fill)
        return pair_error(-EPROTO, "a message is not what was sent");
    }
    int rc = rill_release(consumer, NULL);
    if (rc)
      return pair_error(rc, "release: %s", rill_error());
    rc = rill_receive(consumer, RILL_NOW, &message);
    if (rc != -EAGAIN)
      return pair_error(rc ? rc : -EPROTO, "the ring is not empty: %s", rill_error());
  }
  groups->taken = groups->fill;
  return 0;
}

static struct groups one = {.count = 1, .link.name = "groups/1"};
static struct groups eight = {.count = 8, .link.name = "groups/8"};
static struct groups sixty_four = {.count = 64, .link.name = "groups/64"};

/* A turn fits the ring: nobody drains it meanwhile. */
/* clang-format off */
#define GROUPS(name_, self_)                                                                       \
  {.name = name_, .self = self_, .longest = RING / FRAME - 64, .setup = groups_setup,              \
   .open = groups_open, .ping = groups_ping, .pong = groups_pong, .rest = groups_rest,             \
   .close = groups_close, .teardown = groups_teardown}
/* clang-format on */

static const struct contender contenders[] = {
    GROUPS("rill/1", &one),
    GROUPS("rill/8", &eight),
    GROUPS("rill/64", &sixty_four),
};

const struct suite bench_suite = {"groups", "message", contenders,
                                  sizeof contenders / sizeof contenders[0]};
