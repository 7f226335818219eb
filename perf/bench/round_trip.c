/* SPDX-License-Identifier: MIT */
/* perf/bench/round_trip.c - how long a message needs there and back.
 *
 * Two queues, one each way, spinning at both ends. Ping writes every byte of a payload,
 * publishes it and compares every byte of the answer; pong answers with the bytes that
 * it finds in the ring. The limit is the raw round trip of one cache line, and for
 * payloads of many lines the same echo over bare rings. */
#include "bare.h"
#include "rill_link.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

enum { LARGEST = 1000 };

struct echo {
  size_t size;
  struct rill_link there, back; /* ping to pong, pong to ping                     */
  unsigned char fill;           /* of ping: another one in each message           */
};

static int echo_setup(void *self) {
  struct echo *echo = self;
  int rc = rill_link_make(&echo->there);
  if (rc)
    return rc;
  rc = rill_link_make(&echo->back);
  if (rc)
    rill_link_remove(&echo->there);
  return rc;
}

static void echo_teardown(void *self) {
  struct echo *echo = self;
  rill_link_remove(&echo->there);
  rill_link_remove(&echo->back);
}

static int echo_open(void *self, enum pair_side side) {
  struct echo *echo = self;
  int rc = side == PAIR_PING ? rill_link_open_producer(&echo->there)
                             : rill_link_open_consumer(&echo->there);
  if (rc)
    return rc;
  return side == PAIR_PING ? rill_link_open_consumer(&echo->back)
                           : rill_link_open_producer(&echo->back);
}

static void echo_close(void *self, enum pair_side side) {
  struct echo *echo = self;
  (void)side;
  rill_link_close(&echo->there);
  rill_link_close(&echo->back);
}

static int echo_ping(void *self, uint64_t n) {
  struct echo *echo = self;
  unsigned char payload[LARGEST];
  struct rill_message answer;
  for (; n; n--) {
    memset(payload, ++echo->fill, echo->size);
    int rc = rill_publish(echo->there.producer, payload, echo->size, RILL_FOREVER);
    if (rc)
      return pair_error(rc, "publish: %s", rill_error());
    rc = rill_receive(echo->back.consumer, RILL_FOREVER, &answer);
    if (rc)
      return pair_error(rc, "receive: %s", rill_error());
    if (answer.size != echo->size || memcmp(answer.data, payload, echo->size) != 0)
      return pair_error(-EPROTO, "the answer is not what was sent");
    rc = rill_release(echo->back.consumer, &answer);
    if (rc)
      return pair_error(rc, "release: %s", rill_error());
  }
  return 0;
}

static int echo_pong(void *self, uint64_t n) {
  struct echo *echo = self;
  struct rill_message message;
  for (; n; n--) {
    int rc = rill_receive(echo->there.consumer, RILL_FOREVER, &message);
    if (rc)
      return pair_error(rc, "receive: %s", rill_error());
    rc = rill_publish(echo->back.producer, message.data, message.size, RILL_FOREVER);
    if (rc)
      return pair_error(rc, "publish: %s", rill_error());
    rc = rill_release(echo->there.consumer, &message);
    if (rc)
      return pair_error(rc, "release: %s", rill_error());
  }
  return 0;
}

struct bare_echo {
  size_t size;
  struct bare there, back;
  unsigned char fill;
};

static int bare_setup(void *self) {
  struct bare_echo *echo = self;
  int rc = bare_make(&echo->there, echo->size);
  if (rc)
    return rc;
  rc = bare_make(&echo->back, echo->size);
  if (rc)
    bare_remove(&echo->there);
  return rc;
}

static void bare_teardown(void *self) {
  struct bare_echo *echo = self;
  bare_remove(&echo->there);
  bare_remove(&echo->back);
}

static int bare_ping(void *self, uint64_t n) {
  struct bare_echo *echo = self;
  unsigned char payload[LARGEST];
  for (; n; n--) {
    memset(payload, ++echo->fill, echo->size);
    bare_send(&echo->there, payload);
    if (memcmp(bare_receive(&echo->back), payload, echo->size) != 0)
      return pair_error(-EPROTO, "the answer is not what was sent");
    bare_release(&echo->back);
  }
  return 0;
}

static int bare_pong(void *self, uint64_t n) {
  struct bare_echo *echo = self;
  for (; n; n--) {
    bare_send(&echo->back, bare_receive(&echo->there));
    bare_release(&echo->there);
  }
  return 0;
}

static struct echo echoes[] = {
    {.size = 8, .there.name = "there/8", .back.name = "back/8"},
    {.size = 48, .there.name = "there/48", .back.name = "back/48"},
    {.size = 200, .there.name = "there/200", .back.name = "back/200"},
    {.size = 1000, .there.name = "there/1000", .back.name = "back/1000"},
};
static struct bare_echo bare_echoes[] = {{.size = 8}, {.size = 48}, {.size = 200}, {.size = 1000}};

/* clang-format off */
#define RILL(name_, place)                                                                         \
  {.name = name_, .self = &echoes[place], .setup = echo_setup, .open = echo_open,                  \
   .ping = echo_ping, .pong = echo_pong, .close = echo_close, .teardown = echo_teardown}
#define BARE(name_, place)                                                                         \
  {.name = name_, .self = &bare_echoes[place], .setup = bare_setup,                                \
   .ping = bare_ping, .pong = bare_pong, .teardown = bare_teardown}
/* clang-format on */

static const struct contender contenders[] = {
    RILL("rill/8", 0), RILL("rill/48", 1), RILL("rill/200", 2), RILL("rill/1000", 3),
    BARE("bare/8", 0), BARE("bare/48", 1), BARE("bare/200", 2), BARE("bare/1000", 3),
};

const struct suite bench_suite = {"round_trip", "round trip", contenders,
                                  sizeof contenders / sizeof contenders[0]};
