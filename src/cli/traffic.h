/* SPDX-License-Identifier: MIT */
/* traffic.h - what pub and sub moved: counted, and reported at the end. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include "latency.h"

#include <rill/rill.h>

#include <stdbool.h>

struct traffic {
  uint64_t messages, bytes, lost;
  rill_time first, last; /* when the first and the last message went          */
  uint64_t parks;        /* how often this side slept                          */
  bool measured;         /* whether latency is of interest                     */
  struct latency latency;
};

/* Reports it in words on stderr: "rill: VERB: ...". */
void traffic_report(const struct traffic *traffic, const char *verb);

/* Writes it as JSON; file NULL: does nothing. Returns an exit status. */
int traffic_write(const struct traffic *traffic, const char *file, const char *verb,
                  const char *queue, const char *group);

#endif
