/* SPDX-License-Identifier: MIT */
/* perf/bench/stream.c - how long a message takes when one follows the other.
 *
 * One producer, one consumer, spinning. The producer writes every byte of a payload and
 * publishes it; the consumer copies every byte out, and releases. A full ring makes the
 * producer wait, so the slower of both sets the pace. A unit is one message; its ratio
 * is to the raw round trip, as everywhere. */
#include "bare.h"
#include "rill_link.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

enum { LARGEST = 1000 };

struct stream {
  size_t size;
  struct rill_link link;
  struct bare bare;
  unsigned char fill; /* each process for itself, from the same 0                */
};

/* Every byte was read, whatever the compiler thinks of the copy; and it is the one that
 * belongs to this message. */
static inline int take(struct stream *stream, unsigned char *copy, const void *data) {
  memcpy(copy, data, stream->size);
  __asm__ volatile("" ::"r"(copy) : "memory");
  stream->fill++;
  if (copy[0] != stream->fill || copy[stream->size - 1] != stream->fill)
    return pair_error(-EPROTO, "a message is not what was sent");
  return 0;
}

static int stream_setup(void *self) {
  struct stream *stream = self;
  return rill_link_make(&stream->link);
}

static void stream_teardown(void *self) {
  struct stream *stream = self;
  rill_link_remove(&stream->link);
}

static int stream_open(void *self, enum pair_side side) {
  struct stream *stream = self;
  return side == PAIR_PING ? rill_link_open_producer(&stream->link)
                           : rill_link_open_consumer(&stream->link);
}

static void stream_close(void *self, enum pair_side side) {
  struct stream *stream = self;
  (void)side;
  rill_link_close(&stream->link);
}

static int stream_ping(void *self, uint64_t n) {
  struct stream *stream = self;
  unsigned char payload[LARGEST];
  for (; n; n--) {
    memset(payload, ++stream->fill, stream->size);
    int rc = rill_publish(stream->link.producer, payload, stream->size, RILL_FOREVER);
    if (rc)
      return pair_error(rc, "publish: %s", rill_error());
  }
  return 0;
}

static int stream_pong(void *self, uint64_t n) {
  struct stream *stream = self;
  unsigned char copy[LARGEST];
  struct rill_message message;
  for (; n; n--) {
    int rc = rill_receive(stream->link.consumer, RILL_FOREVER, &message);
    if (rc)
      return pair_error(rc, "receive: %s", rill_error());
    if (message.size != stream->size)
      return pair_error(-EPROTO, "a message of %u bytes came", message.size);
    rc = take(stream, copy, message.data);
    if (rc)
      return rc;
    rc = rill_release(stream->link.consumer, &message);
    if (rc)
      return pair_error(rc, "release: %s", rill_error());
  }
  return 0;
}

static int bare_setup(void *self) {
  struct stream *stream = self;
  return bare_make(&stream->bare, stream->size);
}

static void bare_teardown(void *self) {
  struct stream *stream = self;
  bare_remove(&stream->bare);
}

static int bare_ping(void *self, uint64_t n) {
  struct stream *stream = self;
  unsigned char payload[LARGEST];
  for (; n; n--) {
    memset(payload, ++stream->fill, stream->size);
    bare_send(&stream->bare, payload);
  }
  return 0;
}

static int bare_pong(void *self, uint64_t n) {
  struct stream *stream = self;
  unsigned char copy[LARGEST];
  for (; n; n--) {
    int rc = take(stream, copy, bare_receive(&stream->bare));
    if (rc)
      return rc;
    bare_release(&stream->bare);
  }
  return 0;
}

static struct stream streams[] = {
    {.size = 8, .link.name = "stream/8"},
    {.size = 48, .link.name = "stream/48"},
    {.size = 200, .link.name = "stream/200"},
    {.size = 1000, .link.name = "stream/1000"},
};
static struct stream bare_streams[] = {{.size = 8}, {.size = 48}, {.size = 200}, {.size = 1000}};

/* clang-format off */
#define RILL(name_, place)                                                                         \
  {.name = name_, .self = &streams[place], .setup = stream_setup, .open = stream_open,             \
   .ping = stream_ping, .pong = stream_pong, .close = stream_close, .teardown = stream_teardown}
#define BARE(name_, place)                                                                         \
  {.name = name_, .self = &bare_streams[place], .setup = bare_setup,                               \
   .ping = bare_ping, .pong = bare_pong, .teardown = bare_teardown}
/* clang-format on */

static const struct contender contenders[] = {
    RILL("rill/8", 0), RILL("rill/48", 1), RILL("rill/200", 2), RILL("rill/1000", 3),
    BARE("bare/8", 0), BARE("bare/48", 1), BARE("bare/200", 2), BARE("bare/1000", 3),
};

const struct suite bench_suite = {"stream", "message", contenders,
                                  sizeof contenders / sizeof contenders[0]};
