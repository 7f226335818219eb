/* SPDX-License-Identifier: MIT */
/* samples.c - queues as they are while in use. See samples.h. */
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "support.h"

struct recipe {
  uint64_t capacity;
  uint32_t max_groups, overflow, lifetime, stamp;
  uint32_t messages, step; /* sizes: i*step%300                                     */
  uint32_t lag;            /* messages that the reader is behind; 0: it reads none  */
  uint32_t declared;       /* a kept group from the start                           */
  uint32_t readers;
  uint32_t closed; /* the producer closes                                           */
};

static const struct recipe recipes[SAMPLES] = {
    {.capacity = 65536, .max_groups = 4},
    {.capacity = 65536,
     .max_groups = 4,
     .messages = 40,
     .step = 37,
     .lag = 5,
     .declared = 1,
     .readers = 2},
    {.capacity = 65536, .max_groups = 4, .messages = 3000, .step = 53, .lag = 8, .readers = 1},
    {.capacity = 65536, .max_groups = 4, .messages = 9000, .step = 41, .declared = 1, .readers = 1},
    {.capacity = 65536,
     .max_groups = 4,
     .overflow = RILL_OVERWRITE,
     .messages = 2000,
     .step = 29,
     .readers = 2,
     .declared = 1},
    {.capacity = 65536,
     .max_groups = 2,
     .messages = 30,
     .step = 61,
     .lag = 2,
     .stamp = 1,
     .readers = 1,
     .declared = 1,
     .closed = 1},
    {.capacity = 131072,
     .max_groups = 1,
     .overflow = RILL_OVERWRITE,
     .lifetime = RILL_KEPT,
     .messages = 500,
     .step = 17,
     .stamp = 1,
     .readers = 1},
    {.capacity = 65536, .max_groups = 3, .messages = 10, .step = 299, .readers = 3},
};

static void copy_file(const char *name, uint8_t **ret, size_t *ret_size) {
  char path[600];
  (void)snprintf(path, sizeof path, "%s/rill.%s/%s", getenv("RILL_DIR"), getenv("RILL_NAMESPACE"),
                 name);
  FILE *file = fopen(path, "re");
  CHECK(file && fseek(file, 0, SEEK_END) == 0);
  *ret_size = (size_t)ftell(file);
  rewind(file);
  *ret = malloc(*ret_size);
  CHECK(*ret && fread(*ret, 1, *ret_size, file) == *ret_size);
  (void)fclose(file);
}

static void read_some(rill_consumer *consumer, uint64_t up_to) {
  struct rill_message message;
  while (consumer->sequence < up_to && rill_receive(consumer, RILL_NOW, &message) == 0)
    CHECK_EQ(rill_release(consumer, &message), 0);
}

static void fill(const struct recipe *recipe, rill_queue *queue, rill_producer *producer,
                 rill_consumer **readers) {
  static uint8_t bytes[300];
  (void)queue;
  for (uint32_t i = 0; i < recipe->messages; i++) {
    const size_t size = i * recipe->step % sizeof bytes;
    memset(bytes, (int)i, size);
    if (rill_publish(producer, bytes, size, RILL_NOW))
      break; /* full */
    if (recipe->lag && i >= recipe->lag)
      read_some(readers[0], i - recipe->lag);
    for (uint32_t k = 1; k < recipe->readers && recipe->lag; k++)
      read_some(readers[k], i);
  }
}

void samples_make(rill_context *context, unsigned n, struct sample *ret) {
  static const char *const kept[] = {"kept"};
  static const char *const names[] = {"a", NULL, "b"};
  const struct recipe *recipe = &recipes[n];
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = recipe->capacity,
                                       .max_groups = recipe->max_groups,
                                       .overflow = recipe->overflow,
                                       .lifetime = recipe->lifetime,
                                       .groups = kept,
                                       .group_count = recipe->declared};
  rill_queue *queue = NULL;
  rill_producer *producer = NULL;
  rill_consumer *readers[3] = {NULL};
  CHECK_EQ(rill_queue_open(context, "q", RILL_CREATE, &attr, RILL_NOW, &queue), 0);
  const struct rill_producer_attr produce = {.size = sizeof produce, .stamp = recipe->stamp};
  if (recipe->messages)
    CHECK_EQ(rill_producer_open(queue, &produce, RILL_NOW, &producer), 0);
  for (uint32_t i = 0; i < recipe->readers; i++) {
    const struct rill_consumer_attr consume = {.size = sizeof consume, .group = names[i]};
    CHECK_EQ(rill_consumer_open(queue, &consume, &readers[i]), 0);
  }
  fill(recipe, queue, producer, readers);
  if (recipe->closed) {
    rill_producer_close(producer);
    producer = NULL;
  }
  struct rill_queue_stat stat = {.size = sizeof stat};
  CHECK_EQ(rill_queue_read_stat(queue, &stat), 0);
  ret->position = stat.position;
  ret->sequence = stat.sequence;
  ret->limit = stat.limit;
  copy_file(queue->segments.control_name, &ret->control, &ret->control_size);
  copy_file(queue->segments.data_name, &ret->data, &ret->data_size);
  for (uint32_t i = 0; i < recipe->readers; i++)
    rill_consumer_close(readers[i]);
  rill_producer_close(producer);
  rill_queue_close(queue);
  CHECK_EQ(rill_queue_unlink(context, "q"), 0);
}
