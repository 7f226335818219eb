/* SPDX-License-Identifier: MIT */
/* perf/bench/rill_link.h - a Rill queue with its producer in one process of a pair and
 * its consumer in the other, through the public interface only. */
#ifndef RILL_PERF_RILL_LINK_H
#define RILL_PERF_RILL_LINK_H

#include "rill/rill.h"

struct rill_link {
  char name[64];           /* of the queue, in the namespace perf-<supervisor's pid> */
  rill_context *context;   /* each process has its own handles                   */
  rill_queue *queue;
  rill_producer *producer; /* NULL in the consumer's process                     */
  rill_consumer *consumer; /* NULL in the producer's process                     */
};

/* All return 0 or a negative errno value, having told pair_error.
 * The supervisor makes the queue, and removes it when both processes are gone. */
int rill_link_make(struct rill_link *link);
void rill_link_remove(struct rill_link *link);

/* The ends, each in its own process, both with RILL_SPIN. */
int rill_link_open_producer(struct rill_link *link);
int rill_link_open_consumer(struct rill_link *link);
void rill_link_close(struct rill_link *link);

#endif
