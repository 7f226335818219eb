/* SPDX-License-Identifier: MIT */
/* api.h - short words for tests of the public interface: handles with the attributes that
 * matter, everything else by default. */
#ifndef RILL_TESTS_API_H
#define RILL_TESTS_API_H

#include "unit.h"

static inline rill_context *open_context(uint32_t fence) {
  const struct rill_context_attr attr = {.size = sizeof attr, .fence = fence};
  rill_context *context = NULL;
  assert_code(rill_context_open(&attr, &context), 0);
  return context;
}

static inline rill_queue *open_queue(rill_context *context, const char *name, unsigned flags,
                                     const struct rill_queue_attr *attr) {
  rill_queue *queue = NULL;
  assert_code(rill_queue_open(context, name, flags, attr, RILL_NOW, &queue), 0);
  return queue;
}

/* A queue of 64 KiB in a context of its own. */
static inline rill_queue *small_queue(const char *name, uint32_t overflow) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .overflow = overflow};
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queue = open_queue(context, name, RILL_CREATE, &attr);
  rill_context_close(context);
  return queue;
}

static inline rill_producer *open_producer(rill_queue *queue, uint32_t wait) {
  const struct rill_producer_attr attr = {.size = sizeof attr, .wait = wait};
  rill_producer *producer = NULL;
  assert_code(rill_producer_open(queue, &attr, RILL_NOW, &producer), 0);
  return producer;
}

static inline int try_consumer(rill_queue *queue, const char *group, uint32_t start, uint32_t flags,
                               rill_consumer **ret) {
  const struct rill_consumer_attr attr = {
      .size = sizeof attr, .group = group, .start = start, .flags = flags};
  return rill_consumer_open(queue, &attr, ret);
}

static inline rill_consumer *open_consumer(rill_queue *queue, const char *group, uint32_t start,
                                           uint32_t flags) {
  rill_consumer *consumer = NULL;
  assert_code(try_consumer(queue, group, start, flags, &consumer), 0);
  return consumer;
}

static inline void publish_text(rill_producer *producer, const char *text) {
  assert_code(rill_publish(producer, text, strlen(text), RILL_NOW), 0);
}

static inline void expect_text(rill_consumer *consumer, uint64_t sequence, const char *text) {
  struct rill_message message;
  assert_code(rill_receive(consumer, rill_after(10000000000), &message), 0);
  assert_true(message.sequence == sequence);
  assert_true(message.size == strlen(text));
  assert_memory_equal(message.data, text, message.size);
}

static inline void expect_nothing(rill_consumer *consumer, int code) {
  struct rill_message message;
  assert_code(rill_receive(consumer, RILL_NOW, &message), code);
}

static inline struct rill_queue_stat stat_of(rill_queue *queue) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  assert_code(rill_queue_read_stat(queue, &stat), 0);
  return stat;
}

/* The group of this name; its state is 0 if there is none. */
static inline struct rill_group_stat group_of(rill_queue *queue, const char *name) {
  struct rill_group_stat stat = {.size = sizeof stat};
  int code;
  for (uint32_t index = 0; (code = rill_group_read_stat(queue, &index, &stat)) == 1;)
    if (strcmp(stat.name, name) == 0)
      return stat;
  assert_code(code, 0);
  return (struct rill_group_stat){.size = 0};
}

#endif
