/* SPDX-License-Identifier: MIT */
/* reader.c - messages from a consumer to standard output (reader.h).
 *
 * Messages are collected in the buffer of output.h while more are available; before it waits
 * for one, everything is written and then released. */
#include "reader.h"

#include "cli.h"
#include "json.h"
#include "output.h"
#include "signals.h"
#include "units.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 256 };

int reader_start(const char *verb, const char *from, struct rill_consumer_attr *attr) {
  if (!strcmp(from, "oldest"))
    attr->start = RILL_OLDEST;
  else if (!strcmp(from, "latest"))
    attr->start = RILL_LATEST;
  else if (parse_count(from, &attr->sequence))
    attr->start = RILL_SEQUENCE;
  else
    return cli_usage("%s: --from takes oldest, latest or a sequence number, not '%s'", verb, from);
  return 0;
}

/* Reports lost messages, at most once a second while more are lost. */
static void say_lost(struct reader *reader, bool at_once) {
  rill_time now = reader->unsaid ? rill_clock() : 0;
  if (!reader->unsaid || (!at_once && now - reader->said < 1000000000))
    return;
  cli_note("lost %llu messages", (unsigned long long)reader->unsaid);
  reader->unsaid = 0;
  reader->said = now;
}

static void count_message(struct reader *reader, struct rill_message *message, rill_time now) {
  struct traffic *traffic = &reader->traffic;
  if (!traffic->messages) {
    traffic->first = now;
    if (reader->gap_expected)
      message->lost = 0;
  }
  traffic->last = now;
  traffic->messages++;
  traffic->bytes += message->size;
  traffic->lost += message->lost;
  reader->unsaid += message->lost;
  if (traffic->measured && message->time)
    latency_add(&traffic->latency, now - message->time);
}

static int put_json(const struct rill_message *message) {
  char *line = json_message(message);
  int r = line ? output_put(line, strlen(line)) : -ENOMEM;
  free(line);
  return r;
}

static int put_message(enum reader_format format, const struct rill_message *message) {
  int r = 0;
  switch (format) {
  case READER_JSON:
    return put_json(message);
  case READER_LINES:
  case READER_RAW:
    if (message->size)
      r = output_put(message->data, message->size);
    return r || format == READER_RAW ? r : output_put("\n", 1);
  case READER_NOTHING:
    break;
  }
  return 0;
}

static enum reader_end ended(int code) {
  switch (code) {
  case -EPIPE:
    return READER_PRODUCER;
  case -EAGAIN:
    return READER_EMPTY;
  case -ETIMEDOUT:
    return READER_DEADLINE;
  default:
    cli_fail_library(code);
    return READER_FAILED;
  }
}

/* The messages are in the ring, where the producer writes after the group is evicted: so this
 * is checked after they were copied, before the copies are written. 0, or a negative errno
 * value with its text. */
static int is_whole(void *argument) {
  struct reader *reader = argument;
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = reader->row;
  atomic_thread_fence(memory_order_acquire);
  int r = rill_group_read_stat(reader->evicts, &index, &group);
  if (r == 1 && group.state == RILL_GROUP_EVICTED) /* releases nothing, and returns why */
    r = rill_release(reader->consumer, NULL);
  reader->unwhole = r < 0;
  return r < 0 ? r : 0;
}

static enum reader_end write_failed(const struct reader *reader, int code) {
  if (reader->unwhole)
    return ended(code);
  if (code == -EPIPE)
    return READER_CLOSED;
  if (code == -EINTR)
    return READER_SIGNAL;
  output_status(code);
  return READER_FAILED;
}

/* Counts a batch and puts it into the buffer. READER_MORE: continue. */
static enum reader_end take(struct reader *reader, struct rill_message *messages, size_t n) {
  rill_time now = rill_clock();
  int r = 0;
  for (size_t i = 0; i < n && !r; i++) {
    count_message(reader, &messages[i], now);
    r = put_message(reader->format, &messages[i]);
  }
  reader->unreleased = r == 0; /* what cannot be written is not released */
  say_lost(reader, false);
  return r ? write_failed(reader, r) : READER_MORE;
}

/* Writes what is in the buffer, and then releases its messages. */
static enum reader_end settle(struct reader *reader) {
  if (!reader->unreleased)
    return READER_MORE;
  reader->unreleased = false;
  int r = output_flush();
  if (r)
    return write_failed(reader, r);
  r = rill_release(reader->consumer, NULL);
  return r < 0 ? ended(r) : READER_MORE;
}

/* Receives one batch: immediately if there is one, else writes the buffer first and waits. */
static enum reader_end step(struct reader *reader) {
  static struct rill_message messages[BATCH];
  uint64_t left = reader->count - reader->traffic.messages;
  size_t most = left < BATCH ? (size_t)left : BATCH;
  int n = rill_receive_batch(reader->consumer, most, RILL_NOW, messages);
  if (n == -EAGAIN) {
    enum reader_end end = settle(reader);
    if (end != READER_MORE)
      return end;
    n = rill_receive_batch(reader->consumer, most, reader->deadline, messages);
  }
  if (n > 0)
    return take(reader, messages, (size_t)n);
  return n == -EINTR || n == -ECANCELED ? READER_MORE : ended(n);
}

enum reader_end reader_run(struct reader *reader) {
  enum reader_end end = READER_MORE;
  if (reader->evicts)
    output_guard(is_whole, reader);
  while (end == READER_MORE) {
    if (reader->traffic.messages >= reader->count)
      end = READER_COUNT;
    else if (signals_caught())
      end = READER_SIGNAL;
    else
      end = step(reader);
  }
  if (end == READER_FAILED && reader->evicts && is_whole(reader) < 0)
    reader->unreleased = false; /* as was reported */
  enum reader_end settled = settle(reader);
  say_lost(reader, true);
  return settled == READER_MORE ? end : settled;
}
