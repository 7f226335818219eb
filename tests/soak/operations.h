/* SPDX-License-Identifier: MIT */
/* operations.h - each call of the interface, done once and undone, for tests that disturb it. */
#ifndef RILL_TEST_OPERATIONS_H
#define RILL_TEST_OPERATIONS_H

#include "actors.h"

struct operation {
  const char *name;
  int (*run)(void); /* 0, or what the call answered; what it made is gone again        */
  int system;       /* makes files or mappings: may fail for want of them                */
};
extern const struct operation operations[];
extern const size_t operation_count;

/* What they work on: queue "q" with a producer and two consumers, which are nobody else's, and
 * queue "idle", which is removed with it. */
struct stage_set {
  rill_context *context;
  rill_queue *queue, *idle;
  rill_producer *producer;
  rill_consumer *kept, *passing;
};
extern struct stage_set set;
void open_set(void);
void close_set(void);
#define SET_FILES 4u /* in the namespace, while it is open                              */

#endif
