/* SPDX-License-Identifier: MIT */
/* tail.c - rill tail: shows messages without taking them. */
#include "cli.h"
#include "reader.h"
#include "signals.h"

#include <errno.h>

#define NOT_GIVEN UINT64_MAX

static const char *from, *file;
static uint64_t count = NOT_GIVEN;
static int64_t timeout = RILL_FOREVER;
static bool follow, raw, json_wanted;

/* Without --from: the last messages, as many as requested. */
static int start_at_last(rill_queue *queue, struct rill_consumer_attr *attr) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  uint64_t last = count == NOT_GIVEN ? 10 : count;
  int r = rill_queue_read_stat(queue, &stat);
  if (r < 0)
    return cli_fail_library(r);
  if (last == 0) {
    attr->start = RILL_LATEST;
  } else if (stat.sequence > last) {
    attr->start = RILL_SEQUENCE;
    attr->sequence = stat.sequence - last;
  }
  return 0;
}

static int status_of(enum reader_end end) {
  switch (end) {
  case READER_SIGNAL:
    return signals_status();
  case READER_FAILED:
    return STATUS_FAILED;
  default:
    return STATUS_DONE;
  }
}

static int look(rill_queue *queue) {
  static struct reader reader;
  if (raw && json_wanted)
    return cli_usage("tail: take one of --raw and --json");
  struct rill_consumer_attr attr = {.size = sizeof attr,
                                    .flags = RILL_TAIL | (follow ? RILL_FOLLOW : 0u)};
  int status = from ? reader_start("tail", from, &attr) : start_at_last(queue, &attr);
  if (status)
    return status;
  int r = rill_consumer_open(queue, &attr, &reader.consumer);
  if (r < 0)
    return cli_fail_library(r);
  reader.format = json_wanted ? READER_JSON : raw ? READER_RAW : READER_LINES;
  reader.count = count;
  reader.deadline = follow ? cli_deadline(timeout) : RILL_NOW;
  reader.gap_expected = !from;
  signals_consumer(reader.consumer);
  status = status_of(reader_run(&reader));
  signals_consumer(NULL);
  rill_consumer_close(reader.consumer);
  return status;
}

static int run(struct cli *cli, int operand_count, char **operands) {
  struct observed seen;
  if (file && follow)
    return cli_usage("tail: copied files get no new messages: take one of --file and --follow");
  signals_catch();
  int status = cli_observe_one(cli, &verb_tail, file, operand_count, operands, &seen);
  if (status)
    return status;
  status = look(seen.queue);
  cli_observed_close(&seen);
  return status;
}

static const struct option options[] = {
    OPTION_FILE(&file),
    OPTION_TEXT("from", 0, "oldest|latest|SEQUENCE", &from,
                "begin there (default: with the last N messages of --count, else 10)"),
    OPTION_COUNT("count", 'n', &count,
                 "end after N messages; without --from these are the last ones, or, with "
                 "--follow, those and what comes"),
    OPTION_DURATION("timeout", &timeout, "with --follow: end after that time (default: never)"),
    OPTION_FLAG("follow", 'f', &follow, "wait for more, from this producer and the next ones"),
    OPTION_FLAG("raw", 0, &raw, "write the bytes of the messages and nothing between them"),
    OPTION_FLAG("json", 0, &json_wanted, "a line for each message, an object as of sub"),
    OPTION_END,
};

const struct verb verb_tail = {
    .name = "tail",
    .also = "peek browse",
    .operands = "[QUEUE]",
    .most = 1,
    .summary = "look at messages without taking them",
    .about = "Writes the last messages that are still in the queue, each with a newline. Attaches "
             "to nothing and holds no producer up: no group is made, and a producer that is faster "
             "than tail goes on; what was missed is reported on standard error.",
    .options = options,
    .run = run,
};
