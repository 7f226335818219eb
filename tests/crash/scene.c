/* SPDX-License-Identifier: MIT */
/* scene.c - the queue of a test: opened briefly, its messages and invariants checked. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "actors.h"

static rill_context *context;

rill_context *context_here(void) {
  if (!context)
    CHECK_CODE(rill_context_open(NULL, &context), 0);
  return context;
}

void forget_context(void) {
  context = NULL;
}

rill_queue *open_queue(const struct rill_queue_attr *attr) {
  static const struct rill_queue_attr small = {.size = sizeof small, .capacity = 65536};
  rill_queue *queue = NULL;
  CHECK_CODE(rill_queue_open(context_here(), "q", RILL_CREATE, attr ? attr : &small, RILL_NOW,
                             &queue),
             0);
  return queue;
}

rill_producer *open_producer(rill_queue *queue, uint32_t wait, rill_time deadline) {
  const struct rill_producer_attr attr = {.size = sizeof attr, .wait = wait};
  rill_producer *producer = NULL;
  CHECK_CODE(rill_producer_open(queue, &attr, deadline, &producer), 0);
  return producer;
}

rill_consumer *open_consumer(rill_queue *queue, struct joining joining) {
  const struct rill_consumer_attr attr = {.size = sizeof attr,
                                          .group = joining.group,
                                          .start = joining.start,
                                          .wait = joining.wait,
                                          .flags = joining.flags};
  rill_consumer *consumer = NULL;
  CHECK_CODE(rill_consumer_open(queue, &attr, &consumer), 0);
  return consumer;
}

static unsigned char byte_of(uint64_t number, size_t i) {
  return (unsigned char)(number * 31 + i * 7 + (number >> 8));
}

size_t fill_message(uint64_t number, unsigned char buffer[MESSAGE_MOST]) {
  const size_t size = 8 + (number * 2654435761u >> 4) % (MESSAGE_MOST - 7);
  memcpy(buffer, &number, 8);
  for (size_t i = 8; i < size; i++)
    buffer[i] = byte_of(number, i);
  return size;
}

void check_message(const struct rill_message *message, uint64_t number) {
  unsigned char expected[MESSAGE_MOST];
  const size_t size = fill_message(number, expected);
  CHECK_THAT(message->size == size, "message %llu has %u bytes, not %zu",
             (unsigned long long)number, message->size, size);
  CHECK_THAT(memcmp(message->data, expected, size) == 0, "message %llu is torn",
             (unsigned long long)number);
}

int publish_number(rill_producer *producer, uint64_t number, rill_time deadline) {
  unsigned char buffer[MESSAGE_MOST];
  const size_t size = fill_message(number, buffer);
  return rill_publish(producer, buffer, size, deadline);
}

void receive_number(rill_consumer *consumer, uint64_t number) {
  struct rill_message message;
  CHECK_CODE(rill_receive(consumer, RILL_FOREVER, &message), 0);
  CHECK_THAT(message.sequence == number && message.lost == 0,
             "message %llu came (%llu lost), not %llu", (unsigned long long)message.sequence,
             (unsigned long long)message.lost, (unsigned long long)number);
  check_message(&message, number);
  CHECK_CODE(rill_release(consumer, &message), 0);
}

struct rill_queue_stat stat_of(rill_queue *queue) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  CHECK_CODE(rill_queue_stat(queue, &stat), 0);
  return stat;
}

void check_invariants(rill_queue *queue) {
  const struct rill_queue_stat first = stat_of(queue);
  struct rill_group_stat group = {.size = sizeof group};
  CHECK(first.position % 16 == 0);
  CHECK(first.depth_bytes <= first.capacity);
  CHECK(first.oldest <= first.sequence);
  CHECK(first.group_count <= first.max_groups);
  for (uint32_t index = 0;;) {
    const int got = rill_group_stat(queue, &index, &group);
    CHECK_THAT(got >= 0, "group %u: %s", index, rill_error());
    if (got == 0)
      break;
    CHECK_THAT(group.state != RILL_GROUP_VOID, "group '%s' is refused", group.name);
    CHECK(index <= first.max_groups && group.lag_bytes <= first.capacity);
  }
  const struct rill_queue_stat second = stat_of(queue);
  CHECK(second.sequence >= first.sequence && second.position >= first.position);
  CHECK(second.limit >= first.limit && second.producer_generation >= first.producer_generation);
}

const char *scene_directory(void) {
  static char path[512];
  const char *directory = getenv("RILL_DIR");
  (void)snprintf(path, sizeof path, "%s/rill.%s", directory ? directory : "/dev/shm",
                 getenv("RILL_NAMESPACE"));
  return path;
}

unsigned files_left(int print) {
  DIR *entries = opendir(scene_directory());
  unsigned count = 0;
  CHECK_THAT(entries, "no directory %s", scene_directory());
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    count++;
    if (print)
      (void)fprintf(stderr, "left: %s\n", entry->d_name);
  }
  (void)closedir(entries);
  return count;
}

void gc_leaves_nothing(void) {
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  CHECK_THAT(files_left(1) == 0, "files are left after gc");
}

unsigned descriptors_open(void) {
  DIR *entries = opendir("/proc/self/fd");
  unsigned count = 0;
  CHECK(entries);
  while (readdir(entries))
    count++;
  (void)closedir(entries);
  return count;
}

unsigned mappings_of_segments(void) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[1024];
  unsigned count = 0;
  CHECK(maps);
  while (fgets(line, sizeof line, maps))
    if (strstr(line, scene_directory()))
      count++;
  (void)fclose(maps);
  return count;
}
