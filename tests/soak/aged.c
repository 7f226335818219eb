/* SPDX-License-Identifier: MIT */
/* aged.c - queues that seem to be old. See aged.h. */
#include "aged.h"

#include <fcntl.h>
#include <unistd.h>

struct age aged;

void __real_rilli_plan_identity(struct rilli_identity *ret, uint64_t capacity, uint64_t max_message,
                                uint32_t max_groups);
void __wrap_rilli_plan_identity(struct rilli_identity *ret, uint64_t capacity, uint64_t max_message,
                                uint32_t max_groups);
void __wrap_rilli_plan_identity(struct rilli_identity *ret, uint64_t capacity, uint64_t max_message,
                                uint32_t max_groups) {
  __real_rilli_plan_identity(ret, capacity, max_message, max_groups);
  ret->base_position = aged.position;
  ret->base_sequence = aged.sequence;
}

rill_queue *open_aged(struct age age, uint32_t overflow) {
  static const char *const groups[] = {"kept", "other"};
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = 65536,
                                       .overflow = overflow,
                                       .max_groups = 4,
                                       .groups = groups,
                                       .group_count = 2};
  aged = age;
  rill_queue *queue = open_queue(&attr);
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(stat.position == age.position && stat.sequence == age.sequence);
  CHECK(stat.group_count == 2 && stat.depth_messages == 0 && stat.depth_bytes == 0);
  return queue;
}

static void map_file(const char *name, struct rilli_mapping *ret) {
  char path[800];
  (void)snprintf(path, sizeof path, "%s/%s", scene_directory(), name);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  const off_t size = lseek(fd, 0, SEEK_END);
  CHECK(rilli_map(fd, 0, (size_t)size, 1, ret) == 0);
  (void)close(fd);
}

void map_parts(const rill_queue *queue, struct parts *ret) {
  map_file(queue->segments.data_name, &ret->data);
  map_file(queue->segments.control_name, &ret->control);
  ret->page = (void *)(ret->data.base + queue->segments.geometry.producer_offset);
  ret->index = (void *)(ret->data.base + queue->segments.geometry.index_offset);
  ret->hints = (void *)(ret->control.base + queue->segments.control_geometry.hints_offset);
}

void unmap_parts(struct parts *parts) {
  rilli_unmap(&parts->data);
  rilli_unmap(&parts->control);
}

struct rilli_group *group_of(const rill_queue *queue, const struct parts *parts, uint32_t row) {
  return (void *)(parts->control.base + queue->segments.control_geometry.group_offset +
                  row * queue->segments.control_geometry.group_stride);
}

static void told(const struct rill_finding *finding, void *when) {
  CHECK_THAT(finding->kind == RILL_FINE, "doctor, %s: %s", (const char *)when, finding->text);
}

void check_sound(const char *when) {
  char copy[160];
  (void)snprintf(copy, sizeof copy, "%s", when);
  CHECK_CODE(rill_queue_examine(context_here(), "q", told, copy), 0);
}
