/* SPDX-License-Identifier: MIT */
/* reader.h - what sub and tail share: messages from a consumer to standard output. */
#ifndef READER_H
#define READER_H

#include "traffic.h"

#include <rill/rill.h>

#include <stdbool.h>

enum reader_format { READER_LINES, READER_RAW, READER_JSON, READER_NOTHING };

/* Why reader_run returned. */
enum reader_end {
  READER_MORE,  /* it continues (only inside reader.c) */
  READER_COUNT, /* as many as requested */
  READER_EMPTY, /* nothing there, and the deadline was RILL_NOW             */
  READER_DEADLINE,
  READER_PRODUCER, /* everything is read and the producer has ended */
  READER_SIGNAL,
  READER_CLOSED, /* the reader of standard output has ended */
  READER_FAILED  /* reported on stderr */
};

struct reader {
  rill_consumer *consumer;
  rill_queue *evicts; /* its queue, if it may evict the group; else NULL */
  uint32_t row;       /* and the index of the group there                     */
  enum reader_format format;
  uint64_t count; /* at most this many messages                            */
  rill_time deadline;
  bool gap_expected; /* messages lost before the first one were not requested */
  bool unreleased;   /* messages are received and not released                */
  bool unwhole;      /* and may not be written (only inside reader.c) */
  struct traffic traffic;
  uint64_t unsaid; /* lost messages not reported yet                        */
  rill_time said;  /* when lost messages were last reported                 */
};

/* Parses the text of --from: fills start and sequence. Returns 0, or STATUS_USAGE after
 * reporting that the text is not oldest, latest or a number. */
int reader_start(const char *verb, const char *from, struct rill_consumer_attr *attr);

/* Writes messages until one of the ends above. A message is released when all of its bytes are
 * written, so what a reader of standard output did not get stays with a kept group. Messages
 * that an evicted group read too late, and that may be overwritten, are not written. */
enum reader_end reader_run(struct reader *reader);

#endif
