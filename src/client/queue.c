/* SPDX-License-Identifier: MIT */
/* queue.c - opening a queue: the one that exists, or a new one, or waiting for one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "error.h"
#include "placement.h"

#define RETRY_FIRST INT64_C(500000) /* ns between two looks whether the queue is there */
#define RETRY_MOST INT64_C(10000000)

const struct rilli_control *rilli_control_page(const rill_queue *queue) {
  return (const struct rilli_control *)(const void *)queue->control.base;
}

void rilli_ring_at(const rill_queue *queue, uint8_t *data, struct rilli_ring *ret) {
  const struct rilli_geometry *geometry = &queue->geometry;
  *ret = (struct rilli_ring){.base = data + geometry->ring_offset,
                             .capacity = geometry->capacity,
                             .quantum = geometry->quantum,
                             .max_message = geometry->max_message,
                             .overwrite = geometry->overflow == RILL_OVERWRITE,
                             .max_groups = geometry->max_groups,
                             .evict_after = geometry->evict_after,
                             .page = (void *)(data + geometry->producer_offset),
                             .seen = (void *)(data + geometry->seen_offset),
                             .index = (void *)(data + geometry->index_offset),
                             .tombstone = &rilli_control_page(queue)->tombstone,
                             .group_stride = queue->control_geometry.group_stride,
                             .name = queue->name};
}

int rilli_queue_check(const rill_queue *queue) {
  return rilli_context_check(queue->context);
}

void rilli_queue_hold(rill_queue *queue) {
  atomic_fetch_add_explicit(&queue->references, 1, memory_order_relaxed);
}

static void free_queue(rill_queue *queue) {
  rilli_unmap(&queue->control);
  rilli_unmap(&queue->data);
  if (queue->announced)
    rilli_link_detach(&queue->context->link, RILLI_KIND_OPEN, queue->name, 0);
  rill_context_close(queue->context);
  free(queue);
}

void rill_queue_close(rill_queue *queue) {
  if (!queue || !*queue->context->alive)
    return;
  if (atomic_fetch_sub_explicit(&queue->references, 1, memory_order_acq_rel) == 1)
    free_queue(queue);
}

static int adopt(rill_context *context, const char *name, unsigned flags,
                 const struct rilli_pair *pair, rill_queue **ret) {
  rill_queue *queue = calloc(1, sizeof *queue);
  if (!queue)
    return rilli_fail(ENOMEM, "no memory for a queue handle");
  atomic_init(&queue->references, 1);
  rilli_context_hold(context);
  queue->context = context;
  queue->flags = flags;
  (void)snprintf(queue->name, sizeof queue->name, "%s", name);
  memcpy(queue->control_name, pair->control_name, sizeof queue->control_name);
  memcpy(queue->data_name, pair->data_name, sizeof queue->data_name);
  queue->control_file = pair->control;
  queue->control_file.fd = -1;
  queue->geometry = pair->geometry;
  queue->control_geometry = pair->control_geometry;
  queue->limited = pair->limited;
  queue->copied = pair->copied;
  queue->data_mode = pair->data.mode;
  const size_t size = pair->control_geometry.file_size;
  int code = queue->limited ? rilli_map_nothing(size, &queue->control)
                            : rilli_lease_map(pair->control.fd, 0, size, 0, &queue->control);
  if (code == 0)
    code = rilli_map_ring(pair->data.fd, pair->geometry.ring_offset, pair->geometry.capacity, 0,
                          &queue->data);
  if (code == 0)
    code = rilli_place(&queue->data, &queue->geometry, !(flags & RILL_OBSERVE));
  if (code) {
    free_queue(queue);
    return code;
  }
  rilli_ring_at(queue, queue->data.base, &queue->ring);
  queue->ring.groups = queue->control.base + queue->control_geometry.group_offset;
  queue->ring.names = (const char *)queue->control.base + queue->control_geometry.names_offset;
  *ret = queue;
  return 0;
}

static const char *overflow_word(uint32_t overflow) {
  return overflow == RILL_OVERWRITE ? "overwrite" : "reliable";
}

int rilli_type_check(const rill_queue *queue, const struct rill_type *type) {
  const struct rilli_geometry *has = &queue->geometry;
  if (type->id == 0 && type->size == 0 && type->version == 0)
    return 0;
  if (has->type_id == 0 && has->type_size == 0 && has->type_version == 0)
    return 0;
  if (type->id == has->type_id && type->size == has->type_size &&
      type->version == has->type_version)
    return 0;
  return rilli_fail(
      EPROTOTYPE,
      "queue '%s' carries messages of type %u, version %u, %u bytes, but type %u, version "
      "%u, %u bytes was asked for: build both sides from the same definition",
      queue->name, has->type_id, has->type_version, has->type_size, type->id, type->version,
      type->size);
}

static int compare_placement(const rill_queue *queue, const struct rill_queue_attr *attr) {
  static const char *const flags[] = {"RILL_NO_PREFAULT", "RILL_MLOCK", "RILL_HUGE", "RILL_DUMP"};
  const struct rilli_geometry *has = &queue->geometry;
  for (uint32_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
    if (attr->placement & ~has->attributes & 1u << i)
      return rilli_fail(EEXIST, "it exists without %s", flags[i]);
  if (attr->numa && (attr->numa != has->numa || attr->numa_node != has->numa_node))
    return rilli_fail(EEXIST, "it exists with numa %u, node %u, not %u, node %u", has->numa,
                      has->numa_node, attr->numa, attr->numa_node);
  return 0;
}

/* Does what is asked for agree with what there is? */
static int compare(const rill_queue *queue, const struct rill_queue_attr *attr) {
  const struct rilli_geometry *has = &queue->geometry;
  const unsigned long long capacity = rilli_round_capacity(attr->capacity);
  if (attr->capacity && capacity != has->capacity)
    return rilli_fail(EEXIST, "it exists with a capacity of %llu, not %llu",
                      (unsigned long long)has->capacity, capacity);
  if (attr->max_message && attr->max_message != has->max_message)
    return rilli_fail(EEXIST, "it exists with max_message %llu, not %llu",
                      (unsigned long long)has->max_message, (unsigned long long)attr->max_message);
  if (attr->overflow && attr->overflow != has->overflow)
    return rilli_fail(EEXIST, "it exists as %s, not %s", overflow_word(has->overflow),
                      overflow_word(attr->overflow));
  if (attr->lifetime && attr->lifetime != has->lifetime)
    return rilli_fail(EEXIST, "it exists as a transient queue, not a kept one");
  if (attr->max_groups && attr->max_groups != has->max_groups)
    return rilli_fail(EEXIST, "it exists with max_groups %u, not %u", has->max_groups,
                      attr->max_groups);
  if (attr->evict_after && attr->evict_after != has->evict_after)
    return rilli_fail(EEXIST, "it exists with an evict_after of %g s, not %g s",
                      (double)has->evict_after / 1e9, (double)attr->evict_after / 1e9);
  const int code = compare_placement(queue, attr);
  return code ? code : rilli_type_check(queue, &attr->type);
}

/* The queue that exists, if it is the one wanted. */
static int open_existing(rill_context *context, const char *name, unsigned flags,
                         const struct rill_queue_attr *attr, rill_queue **ret) {
  struct rilli_pair pair;
  rill_queue *queue = NULL;
  int code = rilli_pair_open(rilli_context_dir(context), name, (flags & RILL_OBSERVE) != 0, &pair);
  if (code)
    return code;
  if (flags & RILL_EXCLUSIVE)
    code = rilli_fail(EEXIST, "it exists already");
  if (code == 0)
    code = adopt(context, name, flags, &pair, &queue);
  if (code == 0)
    code = compare(queue, attr);
  if (code && (flags & RILL_CREATE) && !(flags & RILL_EXCLUSIVE) && queue &&
      queue->geometry.lifetime == RILL_TRANSIENT) {
    /* Left over by others: replaced, if really nobody has it open. */
    const int removed =
        rilli_remove(rilli_context_dir(context), pair.control_name, &pair.control, 1);
    if (removed == 0 || removed == -ENOENT)
      code = -ENOENT;
    else
      code = removed == -EAGAIN ? removed : compare(queue, attr); /* for its words */
  }
  rilli_pair_close(&pair);
  if (code)
    rill_queue_close(queue);
  else
    *ret = queue;
  return code;
}

/* Maps what has no name yet. A mapping of the ring is inherited by children, and would keep the
 * creation lock for as long as they live: so it is made through a description without one. */
static int adopt_made(rill_context *context, const char *name, unsigned flags,
                      const struct rilli_making *making, const struct rilli_pair *pair,
                      rill_queue **ret) {
  struct rilli_pair unlocked = *pair;
  int code = rilli_segment_open(rilli_context_dir(context), making->data, 0, &unlocked.data);
  if (code)
    return code == -ENOENT ? rilli_fail(EAGAIN, "its data segment is gone") : code;
  code = adopt(context, name, flags, &unlocked, ret);
  (void)close(unlocked.data.fd);
  return code;
}

/* Mapped and attached before it is named: a creation that fails leaves no queue. */
static int create(rill_context *context, const char *name, unsigned flags,
                  const struct rill_queue_attr *attr, rill_queue **ret) {
  const int dir = rilli_context_dir(context);
  struct rilli_pair pair;
  struct rilli_making making;
  rill_queue *queue = NULL;
  int code = rilli_pair_make(dir, name, attr, &making, &pair);
  if (code)
    return code;
  code = adopt_made(context, name, flags, &making, &pair, &queue);
  if (code == 0)
    code = rilli_pair_name(dir, &making, &pair);
  if (code) {
    rilli_pair_abandon(dir, &making, &pair);
    rill_queue_close(queue);
    return code;
  }
  rilli_pair_close(&pair);
  *ret = queue;
  return 0;
}

/* Between two looks; doubles. Returns -EINTR when a signal handler ran. */
static int pause_a_little(int64_t *span, rill_time deadline) {
  int64_t until = rill_after(*span);
  if (until > deadline)
    until = deadline;
  const struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
  *span = 2 * *span < RETRY_MOST ? 2 * *span : RETRY_MOST;
  if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
    return rilli_fail(EINTR, "a signal came while waiting for the queue");
  return 0;
}

static int open_or_create(rill_context *context, const char *name, unsigned flags,
                          const struct rill_queue_attr *attr, rill_time deadline,
                          rill_queue **ret) {
  int64_t span = RETRY_FIRST;
  for (int busy = 0;;) {
    int code = open_existing(context, name, flags, attr, ret);
    if (code == -ENOENT && (flags & RILL_CREATE)) {
      code = create(context, name, flags, attr, ret);
      if (code == -ENOENT) /* no directory to make it in: nothing to wait for */
        return code;
      if (code == -EEXIST && !(flags & RILL_EXCLUSIVE))
        code = -EAGAIN; /* somebody was faster: look at that one */
    }
    const int removing = code == -EAGAIN && busy++ < 1000; /* another one's moment */
    if (code == -EAGAIN && !removing)
      return rilli_fail(EBUSY, "somebody keeps removing it");
    if (!removing && code != -ENOENT)
      return code;
    if (!removing && deadline == RILL_NOW)
      return rilli_fail(ENOENT,
                        "it does not exist: create it (RILL_CREATE, rill create) or wait for it");
    if (!removing && rill_clock() >= deadline)
      return -ETIMEDOUT;
    code = pause_a_little(&span, removing ? RILL_FOREVER : deadline);
    if (code)
      return code;
  }
}

static int check_call(const rill_context *context, const char *name, unsigned flags,
                      const struct rill_queue_attr *attr) {
  int code = rilli_context_check(context);
  if (code == 0)
    code = rilli_name_check(name);
  if (code)
    return code;
  if (flags & ~(unsigned)(RILL_CREATE | RILL_EXCLUSIVE | RILL_OBSERVE))
    return rilli_fail(EINVAL, "unknown flags %x for rill_queue_open", flags);
  if ((flags & RILL_EXCLUSIVE) && !(flags & RILL_CREATE))
    return rilli_fail(EINVAL, "RILL_EXCLUSIVE goes with RILL_CREATE");
  if ((flags & RILL_OBSERVE) && (flags & RILL_CREATE))
    return rilli_fail(EINVAL, "RILL_OBSERVE only looks: it does not go with RILL_CREATE");
  if (rilli_attr_size("rill_queue_attr", attr->size, sizeof *attr))
    return -EINVAL;
  if (attr->overflow > RILL_OVERWRITE || attr->lifetime > RILL_KEPT || attr->type.reserved ||
      !rilli_zero(attr->reserved, sizeof attr->reserved))
    return rilli_fail(EINVAL,
                      "rill_queue_attr for '%s': unknown overflow or lifetime, or a reserved "
                      "field that is not zero",
                      name);
  if (attr->evict_after < 0 || (attr->evict_after && attr->overflow == RILL_OVERWRITE))
    return rilli_fail(EINVAL,
                      "rill_queue_attr for '%s': evict_after is negative, or goes with "
                      "RILL_OVERWRITE, where no group holds the producer up",
                      name);
  if (attr->numa > RILL_NUMA_NODE || (attr->placement & ~RILLI_PLACE_KNOWN) || attr->reserved0)
    return rilli_fail(EINVAL, "rill_queue_attr for '%s': unknown numa or placement", name);
  if (attr->numa_node && (attr->numa != RILL_NUMA_NODE || attr->numa_node >= RILLI_NUMA_NODES))
    return rilli_fail(
        EINVAL,
        "rill_queue_attr for '%s': numa_node %u goes with RILL_NUMA_NODE, and is less "
        "than %u",
        name, attr->numa_node, RILLI_NUMA_NODES);
  for (size_t i = 0; i < attr->group_count; i++) {
    if (!attr->groups || !attr->groups[i])
      return rilli_fail(EINVAL, "group_count is %zu, but group %zu has no name", attr->group_count,
                        i);
    code = rilli_group_name_check(attr->groups[i]);
    for (size_t k = 0; code == 0 && k < i; k++)
      if (strcmp(attr->groups[i], attr->groups[k]) == 0)
        code = rilli_fail(EINVAL, "group '%s' is declared twice", attr->groups[i]);
    if (code)
      return code;
  }
  return 0;
}

int rill_queue_open(rill_context *context, const char *name, unsigned flags,
                    const struct rill_queue_attr *attr, rill_time deadline,
                    rill_queue **ret_queue) {
  static const struct rill_queue_attr defaults = {.size = sizeof defaults};
  if (!attr)
    attr = &defaults;
  int code = check_call(context, name, flags, attr);
  if (code)
    return code;
  rill_queue *queue = NULL;
  code = open_or_create(context, name, flags, attr, deadline, &queue);
  if (code == -ETIMEDOUT || code == -EAGAIN)
    return code;
  if (code)
    return rilli_fail_in(-code, "cannot open queue '%s'", name);
  if (!(flags & RILL_OBSERVE)) {
    (void)rilli_reclaim_queue(rilli_context_dir(context), queue->control_name, &queue->control_file,
                              &queue->control_geometry, 0);
    rilli_link_attach(&context->link, rilli_context_dir(context), RILLI_KIND_OPEN, name, 0);
    queue->announced = 1;
  }
  *ret_queue = queue;
  return 0;
}

int rill_queue_open_files(rill_context *context, const char *control_path, const char *data_path,
                          rill_queue **ret_queue) {
  struct rilli_pair pair;
  char name[RILLI_NAME_SIZE];
  if (rilli_context_check(context))
    return -ECHILD;
  if (!control_path || !*control_path || !data_path || !*data_path)
    return rilli_fail(EINVAL, "rill_queue_open_files takes the paths of two files");
  int code = rilli_pair_open_files(control_path, data_path, &pair);
  if (code == 0) {
    (void)snprintf(name, sizeof name, "%.*s", (int)sizeof name - 1, pair.geometry.name);
    code = adopt(context, name, RILL_OBSERVE, &pair, ret_queue);
    rilli_pair_close(&pair);
  }
  return code ? rilli_fail_in(-code, "cannot open the queue of '%s'", control_path) : 0;
}
