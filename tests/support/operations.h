/* SPDX-License-Identifier: MIT */
/* operations.h - each call of the public interface, done once and undone, for tests that disturb
 * it. */
#ifndef RILL_TEST_OPERATIONS_H
#define RILL_TEST_OPERATIONS_H

#include "oracle.h"

struct operation {
  const char *name;
  int (*run)(const void *arg); /* 0, or the call's error; what it made is removed again    */
  const void *arg;
};
extern const struct operation operations[];
extern const size_t operation_count;
int operate(const struct operation *operation);

/* What they work on: queue "q" with a producer and two consumers, which are used for nothing else,
 * and queue "idle", which is removed with it. */
extern struct operands {
  rill_context *context;
  rill_queue *queue, *idle;
  rill_producer *producer;
  rill_consumer *kept, *passing;
} set;
void open_set(void);
void close_set(void);
#define SET_FILES 4u /* in the namespace, while it is open                              */

/* Operations that need no set. */
int operate_context(const void *unused);
int operate_open(const void *flags); /* of rill_queue_open, an unsigned: "q"                */
int operate_files(const void *of);   /* struct files of forge.h                             */

#endif
