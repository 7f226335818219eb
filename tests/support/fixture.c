/* SPDX-License-Identifier: MIT */
/* fixture.c - the queue of a test, opened briefly, and its messages. See fixture.h. */
#include "fixture.h"

#include <errno.h>
#include <string.h>

static rill_context *context;

rill_context *context_here(void) {
  if (!context)
    CHECK_EQ(rill_context_open(NULL, &context), 0);
  return context;
}

void forget_context(void) {
  context = NULL;
}

rill_queue *open_named(const char *name, const struct rill_queue_attr *attr) {
  static const struct rill_queue_attr small = {.size = sizeof small, .capacity = 65536};
  rill_queue *queue = NULL;
  CHECK_EQ(
      rill_queue_open(context_here(), name, RILL_CREATE, attr ? attr : &small, RILL_NOW, &queue),
      0);
  return queue;
}

rill_queue *open_queue(const struct rill_queue_attr *attr) {
  return open_named("q", attr);
}

rill_queue *observe_queue(void) {
  rill_queue *queue = NULL;
  CHECK_EQ(rill_queue_open(context_here(), "q", RILL_OBSERVE, NULL, RILL_NOW, &queue), 0);
  return queue;
}

rill_producer *open_producer(rill_queue *queue, uint32_t wait, rill_time deadline) {
  const struct rill_producer_attr attr = {.size = sizeof attr, .wait = wait};
  rill_producer *producer = NULL;
  CHECK_EQ(rill_producer_open(queue, &attr, deadline, &producer), 0);
  return producer;
}

rill_consumer *open_consumer(rill_queue *queue, struct joining joining) {
  const struct rill_consumer_attr attr = {.size = sizeof attr,
                                          .group = joining.group,
                                          .start = joining.start,
                                          .wait = joining.wait,
                                          .flags = joining.flags};
  rill_consumer *consumer = NULL;
  CHECK_EQ(rill_consumer_open(queue, &attr, &consumer), 0);
  return consumer;
}

static size_t size_of(uint64_t number) {
  return 8 + (number * 2654435761u >> 4) % (MESSAGE_MOST - 7);
}

size_t fill_message(uint64_t number, unsigned char buffer[MESSAGE_MOST]) {
  const size_t size = size_of(number);
  support_fill(buffer, size, number);
  return size;
}

void check_message(const struct rill_message *message, uint64_t number) {
  CHECK_THAT(message->size == size_of(number), "message %llu has %u bytes, not %zu",
             (unsigned long long)number, message->size, size_of(number));
  CHECK_THAT(support_is(message->data, message->size, number), "message %llu is torn",
             (unsigned long long)number);
}

int publish_number(rill_producer *producer, uint64_t number, rill_time deadline) {
  unsigned char buffer[MESSAGE_MOST];
  const size_t size = fill_message(number, buffer);
  return rill_publish(producer, buffer, size, deadline);
}

uint64_t fill_ring(rill_producer *producer, uint64_t number) {
  int code;
  while ((code = publish_number(producer, number, RILL_NOW)) == 0)
    number++;
  CHECK_EQ(code, -EAGAIN);
  return number;
}

static void take(rill_consumer *consumer, const struct rill_message *message, uint64_t number) {
  CHECK_THAT(message->sequence == number && message->lost == 0,
             "message %llu came (%llu lost), not %llu", (unsigned long long)message->sequence,
             (unsigned long long)message->lost, (unsigned long long)number);
  check_message(message, number);
  CHECK_EQ(rill_release(consumer, message), 0);
}

void receive_number(rill_consumer *consumer, uint64_t number) {
  struct rill_message message;
  CHECK_EQ(rill_receive(consumer, RILL_FOREVER, &message), 0);
  take(consumer, &message, number);
}

uint64_t receive_all(rill_consumer *consumer, uint64_t number, int expected) {
  struct rill_message message;
  int code;
  for (; (code = rill_receive(consumer, RILL_FOREVER, &message)) == 0; number++) {
    take(consumer, &message, number);
    atomic_store(&me->count[0], number + 1);
  }
  CHECK_EQ(code, expected);
  return number;
}

struct rill_queue_stat stat_of(rill_queue *queue) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  CHECK_EQ(rill_queue_read_stat(queue, &stat), 0);
  return stat;
}

const char *namespace_directory(void) {
  static char path[512];
  const char *directory = getenv("RILL_DIR");
  (void)snprintf(path, sizeof path, "%s/rill.%s", directory ? directory : "/dev/shm",
                 getenv("RILL_NAMESPACE"));
  return path;
}

struct rill_group_stat group_stat_of(rill_queue *queue, const char *name) {
  struct rill_group_stat group = {.size = sizeof group};
  int code;
  for (uint32_t index = 0; (code = rill_group_read_stat(queue, &index, &group)) == 1;)
    if (strcmp(group.name, name) == 0)
      return group;
  CHECK_EQ(code, 0);
  return (struct rill_group_stat){.size = 0};
}

void await_parked(rill_queue *queue, uint32_t groups) {
  struct rill_group_stat group = {.size = sizeof group};
  for (uint32_t parked = 0; parked < groups; breathe()) {
    parked = 0;
    for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;)
      parked += group.lag_messages == 0 && group.parks > 0;
    fail_if_dead();
  }
}
