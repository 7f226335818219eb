/* SPDX-License-Identifier: MIT */
/* sub.c - rill sub: writes messages of a queue to standard output, as a consumer group. */
#include "cli.h"
#include "process.h"
#include "reader.h"
#include "signals.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *group, *from = "oldest", *stats_file;
static uint64_t count = UINT64_MAX;
static int64_t timeout = RILL_FOREVER;
static bool follow, raw, json_wanted, quiet, keep, stats;
static int wait = RILL_ADAPTIVE;

static int open_queue(struct cli *cli, const char *name, rill_time deadline,
                      rill_queue **ret_queue) {
  rill_context *context;
  int status = cli_context(cli, &context), r;
  if (status)
    return status;
  do
    r = rill_queue_open(context, name, 0, NULL, deadline, ret_queue);
  while (r == -EINTR && !signals_caught());
  if (r == -EINTR)
    status = signals_status();
  else if (r == -ETIMEDOUT || r == -EAGAIN) {
    cli_note("sub: queue '%s' did not appear in time", name);
    status = STATUS_TIMEOUT;
  } else if (r < 0)
    status = cli_fail_library(r);
  rill_context_close(context);
  return status;
}

/* Finds this consumer's group, as the queue shows it. */
static bool own_group(rill_queue *queue, struct rill_group_stat *ret) {
  uint32_t index = 0;
  *ret = (struct rill_group_stat){.size = sizeof *ret};
  while (rill_group_read_stat(queue, &index, ret) == 1) {
    const struct process_id id = process_of_member(ret);
    if (id.pid == getpid() && !process_is_elsewhere(&id) && !strcmp(ret->name, group ? group : ""))
      return true;
  }
  return false;
}

/* How often it slept. */
static uint64_t own_parks(rill_queue *queue) {
  struct rill_group_stat stat;
  return own_group(queue, &stat) ? stat.parks : 0;
}

/* A queue that may evict the group is checked before its messages are written. */
static void beware(rill_queue *queue, struct reader *reader) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  struct rill_group_stat own;
  if (rill_queue_read_stat(queue, &stat) < 0 || !stat.evict_after || !own_group(queue, &own))
    return;
  reader->evicts = queue;
  reader->row = own.index;
}

static int status_of(enum reader_end end, const struct traffic *traffic) {
  switch (end) {
  case READER_SIGNAL:
    return signals_status();
  case READER_FAILED:
    return STATUS_FAILED;
  case READER_DEADLINE:
    if (traffic->messages && count == UINT64_MAX)
      return STATUS_DONE;
    if (traffic->messages)
      cli_note("sub: only %llu of %llu messages came in time",
               (unsigned long long)traffic->messages, (unsigned long long)count);
    else
      cli_note("sub: no message came in time");
    return STATUS_TIMEOUT;
  case READER_PRODUCER:
    if (count != UINT64_MAX)
      cli_note("sub: the producer ended after %llu of %llu messages",
               (unsigned long long)traffic->messages, (unsigned long long)count);
    return STATUS_DONE;
  default:
    return STATUS_DONE;
  }
}

static int read_queue(rill_queue *queue, const char *name, struct rill_consumer_attr *attr,
                      rill_time deadline) {
  static struct reader reader;
  int r = rill_consumer_open(queue, attr, &reader.consumer);
  if (r < 0)
    return cli_fail_library(r);
  reader.format = quiet         ? READER_NOTHING
                  : json_wanted ? READER_JSON
                  : raw         ? READER_RAW
                                : READER_LINES;
  reader.count = count;
  reader.deadline = deadline;
  reader.traffic.measured = stats || stats_file;
  beware(queue, &reader);
  signals_consumer(reader.consumer);
  enum reader_end end = reader_run(&reader);
  signals_consumer(NULL);
  if (reader.traffic.measured)
    reader.traffic.parks = own_parks(queue);
  rill_consumer_close(reader.consumer);
  int status = status_of(end, &reader.traffic);
  if (stats)
    traffic_report(&reader.traffic, "sub");
  int written = traffic_write(&reader.traffic, stats_file, "sub", name, group);
  return status ? status : written;
}

static int run(struct cli *cli, int operand_count, char **operands) {
  (void)operand_count;
  struct rill_consumer_attr attr = {.size = sizeof attr,
                                    .group = group,
                                    .wait = (uint32_t)wait,
                                    .flags = (keep ? RILL_KEEP_GROUP : 0u) |
                                             (follow ? RILL_FOLLOW : 0u)};
  int status = reader_start("sub", from, &attr);
  if (status)
    return status;
  if (raw + json_wanted + quiet > 1)
    return cli_usage("sub: take one of --raw, --json and --quiet");
  if (keep && !group)
    return cli_usage("sub: --keep takes a --group to keep");
  rill_queue *queue;
  rill_time deadline = cli_deadline(timeout);
  signals_catch();
  status = open_queue(cli, operands[0], deadline, &queue);
  if (status)
    return status;
  status = read_queue(queue, operands[0], &attr, deadline);
  rill_queue_close(queue);
  return status;
}

static const struct option options[] = {
    OPTION_TEXT("group", 'g', "GROUP", &group,
                "read as the member of this group (default: a group of its own, which ends with "
                "it)"),
    OPTION_FLAG("keep", 0, &keep,
                "the group stays when this reader ends: a reliable queue holds its messages until "
                "it comes back"),
    OPTION_TEXT("from", 0, "oldest|latest|SEQUENCE", &from,
                "where a new group begins (default oldest); one that exists goes on where it was"),
    OPTION_COUNT("count", 'n', &count, "end after N messages"),
    OPTION_DURATION("timeout", &timeout,
                    "end after that time, counted from the start (default: never)"),
    OPTION_FLAG("follow", 'f', &follow, "when the producer ends wait for the next one"),
    OPTION_FLAG("raw", 0, &raw, "write the bytes of the messages and nothing between them"),
    OPTION_FLAG("json", 0, &json_wanted,
                "a line for each message, an object: sequence, size, time (ns of the monotonic "
                "clock; 0: not stamped), lost (messages just before it), deliveries, type, "
                "encoding (utf-8 or base64), data"),
    OPTION_FLAG("quiet", 'q', &quiet, "write nothing: only read"),
    OPTION_CHOICE("wait", "adaptive|spin|park", &wait,
                  "how to wait for messages (default adaptive: spin while waits are short, then "
                  "park)"),
    OPTION_FLAG("stats", 0, &stats, "print a summary at the end, on standard error"),
    OPTION_TEXT("stats-file", 0, "FILE", &stats_file,
                "write that as a JSON object: verb, queue, group, messages, bytes, lost, seconds, "
                "messages_per_second, parks, latency_count (stamped messages), latency_min_ns, "
                "latency_p50_ns, latency_p99_ns, latency_p999_ns, latency_max_ns (null without "
                "any)"),
    OPTION_END,
};

const struct verb verb_sub = {
    .name = "sub",
    .also = "subscribe consume receive read get",
    .operands = "QUEUE",
    .least = 1,
    .most = 1,
    .summary = "messages to standard output, as a consumer group",
    .about =
        "Writes each message and a newline. Waits until the queue exists. Ends when the "
        "producer has ended and everything is read, after --count messages, or at --timeout: "
        "then with status 3 if no message came, or fewer than --count.\n\n"
        "A message is released when all of its bytes are written. So a group that is kept "
        "(--keep, or create --group) sees again what its reader could not hand on. What an "
        "overwrite queue lost is reported on standard error.\n\n"
        "A queue made with --evict-after evicts a group that holds its producer up for "
        "that long, as when no process takes what its reader writes. The reader then fails, with "
        "status 1. A group that is kept goes on, when it is read again, at the oldest message, "
        "and the reader says how many were lost.",
    .options = options,
    .run = run,
};
