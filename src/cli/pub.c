/* SPDX-License-Identifier: MIT */
/* pub.c - rill pub: publishes lines, blocks or generated messages. */
#include "cli.h"
#include "creation.h"
#include "signals.h"
#include "source.h"
#include "traffic.h"
#include "units.h"

#include <errno.h>
#include <unistd.h>

#define NOT_GIVEN UINT64_MAX

enum { SLICE = 100000000, LOOK = 1000000 }; /* ns: of a long wait; between two checks */

static struct creation creation = CREATION_DEFAULTS;
static bool raw, stamp, no_create, linger, stats;
static uint64_t count = NOT_GIVEN, size = NOT_GIVEN, rate = NOT_GIVEN;
static uint32_t wait_groups;
static int64_t timeout = RILL_FOREVER;
static int wait = RILL_ADAPTIVE;
static const char *stats_file;

struct publisher {
  const char *name;
  rill_queue *queue;
  rill_producer *producer;
  rill_time begin; /* when the first message was due                          */
  rill_time shown; /* when progress was last shown; 0: it is not shown        */
  struct traffic traffic;
  struct source source;
};

static int timed_out(const struct publisher *p, const char *what) {
  cli_note("pub: %s: %s; published %llu messages", p->name, what,
           (unsigned long long)p->traffic.messages);
  return STATUS_TIMEOUT;
}

/* Shows progress on a terminal while another program supplies the messages. */
static void show_progress(struct publisher *p, rill_time now, const char *state) {
  char bytes[UNITS_TEXT];
  if (!p->shown || now - p->shown < 500000000)
    return;
  p->shown = now;
  cli_progress("%llu messages, %s%s", (unsigned long long)p->traffic.messages,
               format_size(bytes, p->traffic.bytes), state);
}

/* When the next message is due at --rate. */
static rill_time due(const struct publisher *p) {
  uint64_t whole = p->traffic.messages / rate, rest = p->traffic.messages % rate;
  return p->begin + (rill_time)(whole * 1000000000 + rest * 1000000000 / rate);
}

/* Sleeps to shortly before it is due, and spins the rest. */
static void wait_until(rill_time when) {
  rill_time now = rill_clock();
  if (when - now > 150000)
    signals_sleep_until(when - 100000);
  while (rill_clock() < when && !signals_caught())
    ;
}

/* At --rate a message carries the time when it was due: what a late producer adds is
 * part of its latency. */
static int put(const struct publisher *p, const void *data, size_t bytes, rill_time when,
               rill_time deadline) {
  if (!when)
    return rill_publish(p->producer, data, bytes, deadline);
  struct rill_meta meta = {.size = sizeof meta, .time = when};
  struct rill_item item = {.data = data, .size = bytes, .meta = &meta};
  int n = rill_publish_batch(p->producer, &item, 1, deadline);
  return n < 0 ? n : 0;
}

static bool not_yet(int code) {
  return code == -EAGAIN || code == -ETIMEDOUT || code == -EINTR;
}

/* Waits for room in slices, so that a signal is seen even while the library spins. */
static int publish(struct publisher *p, const void *data, size_t bytes, rill_time when) {
  int r = put(p, data, bytes, when, RILL_NOW);
  if (r == -EMSGSIZE)
    return cli_fail("message %llu of %zu bytes is larger than the queue's largest, %zu bytes",
                    (unsigned long long)p->traffic.messages + 1, bytes, p->source.longest);
  rill_time limit = not_yet(r) ? cli_deadline(timeout) : 0;
  while (not_yet(r)) {
    rill_time now = rill_clock();
    if (signals_caught())
      return signals_status();
    if (now >= limit)
      return timed_out(p, "the queue stayed full");
    show_progress(p, now, ", waits for room");
    r = put(p, data, bytes, when, limit - now < SLICE ? limit : now + SLICE);
  }
  if (r < 0)
    return cli_fail_library(r);
  p->traffic.messages++;
  p->traffic.bytes += bytes;
  return 0;
}

static int publish_all(struct publisher *p) {
  uint64_t limit = count;
  p->begin = p->traffic.first = rill_clock();
  int status = 0;
  while (!status && p->traffic.messages < limit) {
    const void *data;
    size_t bytes;
    rill_time when = rate == NOT_GIVEN ? 0 : due(p);
    if (when)
      wait_until(when);
    enum source_result result =
        signals_caught() ? SOURCE_SIGNAL : source_next(&p->source, &data, &bytes);
    if (result == SOURCE_END)
      break;
    if (result == SOURCE_MESSAGE)
      status = publish(p, data, bytes, stamp ? when : 0);
    else
      status = result == SOURCE_SIGNAL ? signals_status() : STATUS_FAILED;
    if (p->shown && (when || p->traffic.messages % 1024 == 0))
      show_progress(p, rill_clock(), "");
  }
  p->traffic.last = rill_clock();
  return status;
}

static bool groups_are_there(rill_queue *queue, const struct rill_queue_stat *stat) {
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0, living = 0;
  (void)stat;
  while (rill_group_read_stat(queue, &index, &group) == 1)
    living += group.state == RILL_GROUP_ACTIVE;
  return living >= wait_groups;
}

static bool all_is_read(rill_queue *queue, const struct rill_queue_stat *stat) {
  (void)queue;
  return stat->depth_messages == 0;
}

/* Checks repeatedly until the condition holds. Nothing announces these conditions: they are for
 * scripts. */
static int wait_for(const struct publisher *p,
                    bool (*is_so)(rill_queue *, const struct rill_queue_stat *),
                    const char *otherwise) {
  rill_time limit = cli_deadline(timeout);
  for (;;) {
    struct rill_queue_stat stat = {.size = sizeof stat};
    int r = rill_queue_read_stat(p->queue, &stat);
    if (r < 0)
      return cli_fail_library(r);
    if (is_so(p->queue, &stat))
      return 0;
    if (stat.removed)
      return cli_fail("pub: %s was removed", p->name);
    rill_time now = rill_clock();
    if (signals_caught())
      return signals_status();
    if (now >= limit)
      return timed_out(p, otherwise);
    signals_sleep_until(now + LOOK);
  }
}

static int open_producer(struct publisher *p) {
  struct rill_producer_attr attr = {
      .size = sizeof attr, .wait = (uint32_t)wait, .stamp = stamp, .type = creation.attr.type};
  rill_time limit = cli_deadline(timeout);
  int r;
  do
    r = rill_producer_open(p->queue, &attr, limit, &p->producer);
  while (r == -EINTR && !signals_caught());
  if (r == -EINTR)
    return signals_status();
  if (r == -ETIMEDOUT)
    return timed_out(p, "another producer holds the queue");
  return r < 0 ? cli_fail_library(r) : 0;
}

static int open_queue(struct cli *cli, struct publisher *p) {
  rill_context *context;
  bool made;
  int status = cli_context(cli, &context);
  if (status)
    return status;
  if (no_create) {
    int r = rill_queue_open(context, p->name, 0, NULL, RILL_NOW, &p->queue);
    status = r < 0 ? cli_fail_library(r) : 0;
  } else {
    status = creation_open(context, p->name, &creation, 0, &made, &p->queue);
  }
  rill_context_close(context);
  return status;
}

static int open_source(struct publisher *p, const struct rill_queue_stat *stat) {
  bool generated = !raw && (count != NOT_GIVEN || size != NOT_GIVEN);
  enum source_kind kind = raw ? SOURCE_BLOCKS : generated ? SOURCE_GENERATED : SOURCE_LINES;
  uint64_t bytes = size == NOT_GIVEN ? (raw ? 4096 : 64) : size;
  if (kind != SOURCE_LINES && bytes > stat->max_message)
    return cli_fail("pub: --size %llu is more than the largest message of %s, %llu bytes, which "
                    "is settled when the queue is made (--max-message, --capacity)",
                    (unsigned long long)bytes, stat->name, (unsigned long long)stat->max_message);
  if (kind != SOURCE_GENERATED && isatty(STDERR_FILENO) && !isatty(STDIN_FILENO))
    p->shown = rill_clock();
  return source_open(&p->source, kind, (size_t)bytes, (size_t)stat->max_message);
}

/* The steps of a publisher that has its queue. */
static int work(struct publisher *p) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  int r = rill_queue_read_stat(p->queue, &stat);
  if (r < 0)
    return cli_fail_library(r);
  int status = open_source(p, &stat);
  if (!status)
    status = open_producer(p);
  if (!status && wait_groups)
    status = wait_for(p, groups_are_there, "too few groups have joined");
  if (!status)
    status = publish_all(p);
  cli_progress_end();
  if (!status && linger)
    status = wait_for(p, all_is_read, "not everything was read");
  uint64_t before = stat.producer_parks;
  if (rill_queue_read_stat(p->queue, &stat) == 0)
    p->traffic.parks = stat.producer_parks - before;
  return status;
}

static int run(struct cli *cli, int operand_count, char **operands) {
  (void)operand_count;
  static struct publisher publisher;
  struct publisher *p = &publisher;
  p->name = operands[0];
  if (rate == 0)
    return cli_usage("pub: --rate takes at least 1");
  if (raw && size == 0)
    return cli_usage("pub: --raw takes a --size of at least 1");
  signals_catch();
  int status = open_queue(cli, p);
  if (status)
    return status;
  status = work(p);
  rill_producer_close(p->producer);
  rill_queue_close(p->queue);
  source_close(&p->source);
  if (stats)
    traffic_report(&p->traffic, "pub");
  int written = traffic_write(&p->traffic, stats_file, "pub", p->name, NULL);
  return status ? status : written;
}

static const struct option options[] = {
    OPTION_FLAG("raw", 0, &raw, "messages are blocks of --size bytes of standard input"),
    OPTION_COUNT("count", 'n', &count,
                 "publish N messages and end; without --raw they are generated"),
    OPTION_SIZE("size", &size,
                "bytes of each message (default 4096 with --raw, else 64); without --raw the "
                "messages are generated"),
    OPTION_COUNT("rate", 0, &rate, "N messages a second (default: as fast as they come)"),
    OPTION_FLAG("stamp", 0, &stamp,
                "each message carries its time: when it was committed, or, with --rate, when it "
                "was due"),
    OPTION_COUNT32("wait-groups", &wait_groups, "publish only when N groups have a living member"),
    OPTION_FLAG("linger", 0, &linger,
                "after the last message wait until every group has read everything"),
    OPTION_DURATION("timeout", &timeout,
                    "longest wait for one thing: the role of producer, the groups, room for a "
                    "message, the end of --linger (default: for ever)"),
    OPTION_CHOICE("wait", "adaptive|spin|park", &wait,
                  "how to wait for room (default adaptive: spin while waits are short, then park)"),
#include "creation_options.def"
    OPTION_TRANSIENT(&creation.transient),
    OPTION_FLAG("no-create", 0, &no_create, "fail if the queue does not exist"),
    OPTION_FLAG("stats", 0, &stats, "print a summary at the end, on standard error"),
    OPTION_TEXT("stats-file", 0, "FILE", &stats_file,
                "write that as a JSON object with the keys of sub; group is null, and there are "
                "no latencies"),
    OPTION_END,
};

const struct verb verb_pub = {
    .name = "pub",
    .also = "publish send put produce write",
    .operands = "QUEUE",
    .least = 1,
    .most = 1,
    .summary = "publish lines, blocks or generated messages",
    .about = "Publishes each line of standard input, without its newline, as a message; an empty "
             "line is an empty message. With --raw, blocks of any bytes; with --count or --size, "
             "generated messages. Makes the queue if it does not exist.\n\n"
             "A queue has one producer at a time: pub waits until no other one holds "
             "the queue, and goes on where that one ended. It waits for room in a full reliable "
             "queue. When pub ends, "
             "readers that have read everything end (sub), or get the end of the stream.",
    .options = options,
    .run = run,
};
