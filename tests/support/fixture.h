/* SPDX-License-Identifier: MIT */
/* fixture.h - the queue "q" of a test, and messages whose content follows from their number.
 *
 * Each function fails the test unless it succeeds. */
#ifndef RILL_TEST_FIXTURE_H
#define RILL_TEST_FIXTURE_H

#include "process.h"

const char *namespace_directory(void); /* where the segments lie, RILL_DIR or not         */
rill_context *context_here(void);      /* a context of this process, opened once          */
void forget_context(void);             /* context_here() opens another one                */
rill_queue *open_queue(const struct rill_queue_attr *attr); /* "q", made if need be     */
/* Another one, made if need be. */
rill_queue *open_named(const char *name, const struct rill_queue_attr *attr);
/* "q", without being attached to it. */
rill_queue *observe_queue(void);
rill_producer *open_producer(rill_queue *queue, uint32_t wait, rill_time deadline);
struct joining {
  const char *group;
  uint32_t wait, flags, start;
};
rill_consumer *open_consumer(rill_queue *queue, struct joining joining);

/* Finds a torn, wrong or foreign message. */
#define MESSAGE_MOST 1000u
size_t fill_message(uint64_t number, unsigned char buffer[MESSAGE_MOST]);
void check_message(const struct rill_message *message, uint64_t number);
int publish_number(rill_producer *producer, uint64_t number, rill_time deadline);
/* Publishes from this number on until the ring is full; returns the first one that did not fit. */
uint64_t fill_ring(rill_producer *producer, uint64_t number);
/* Receives and releases one, whose number is its sequence. */
void receive_number(rill_consumer *consumer, uint64_t number);
/* The same with all from this number on, counting each in count[0] of the process, until `expected`
 * comes instead of a message. Returns how many there were. */
uint64_t receive_all(rill_consumer *consumer, uint64_t number, int expected);

struct rill_queue_stat stat_of(rill_queue *queue);
/* The group of this name; its size is 0 if there is none. */
struct rill_group_stat group_stat_of(rill_queue *queue, const char *name);
/* Waits until that number of groups have read everything and slept. */
void await_parked(rill_queue *queue, uint32_t groups);

#endif
