/* SPDX-License-Identifier: MIT */
/* open.c - opening a queue: the one that exists, or a new one, or waiting for one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "create.h"
#include "error.h"
#include "lease.h"
#include "open.h"
#include "reclaim.h"
#include "settings.h"
#include "unlink.h"

#define RETRY_FIRST INT64_C(500000) /* ns between two checks whether the queue is there */
#define RETRY_MOST INT64_C(10000000)

int rilli_type_check(const struct rilli_segments *segments, const struct rill_type *type) {
  const struct rilli_geometry *has = &segments->geometry;
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
      segments->name, has->type_id, has->type_version, has->type_size, type->id, type->version,
      type->size);
}

/* Does the existing queue have the requested attributes? */
static int compare(const struct rilli_segments *segments, const struct rill_queue_attr *attr) {
  const int code = rilli_settings_compare(&segments->geometry, attr);
  return code ? code : rilli_type_check(segments, &attr->type);
}

/* Opens the queue that exists, if it is as requested. */
static int open_existing(int dir, const char *name, unsigned flags,
                         const struct rill_queue_attr *attr, struct rilli_segments *ret) {
  struct rilli_pair pair;
  int code = rilli_pair_open(dir, name, (flags & RILL_OBSERVE) != 0, &pair);
  if (code)
    return code;
  if (flags & RILL_EXCLUSIVE) {
    rilli_pair_close(&pair);
    return rilli_fail(EEXIST, "it exists already");
  }
  code = rilli_segments_map(name, &pair, (flags & RILL_OBSERVE) != 0, ret);
  const int mapped = code == 0;
  if (mapped)
    code = compare(ret, attr);
  if (code && mapped && (flags & RILL_CREATE) && ret->geometry.lifetime == RILL_TRANSIENT) {
    /* A transient queue is left: it is replaced, if really no process has it open. */
    const int removed = rilli_remove(dir, pair.control_name, &pair.control, 1);
    if (removed == 0 || removed == -ENOENT)
      code = -ENOENT;
    else
      code = removed == -EAGAIN ? removed : compare(ret, attr); /* for its error text */
  }
  rilli_pair_close(&pair);
  if (code && mapped)
    rilli_segments_close(ret);
  return code;
}

/* Maps files that have no name yet. Children inherit a mapping of the ring, and would keep the
 * creation lock for as long as they live. So it is made through a file description without the
 * lock. */
static int map_made(int dir, const char *name, const struct rilli_making *making,
                    const struct rilli_pair *pair, struct rilli_segments *ret) {
  struct rilli_pair unlocked = *pair;
  int code = rilli_segment_open(dir, making->data, 0, &unlocked.data);
  if (code)
    return code == -ENOENT ? rilli_fail(EAGAIN, "its data segment is gone") : code;
  code = rilli_segments_map(name, &unlocked, 0, ret);
  (void)close(unlocked.data.fd);
  return code;
}

/* Mapped and attached before it is named: a creation that fails leaves no queue. */
static int create(int dir, const char *name, const struct rill_queue_attr *attr,
                  struct rilli_segments *ret) {
  struct rilli_pair pair;
  struct rilli_making making;
  int code = rilli_pair_make(dir, name, attr, &making, &pair);
  if (code)
    return code;
  code = map_made(dir, name, &making, &pair, ret);
  if (code) {
    rilli_pair_abandon(dir, &making, &pair);
    return code;
  }
  code = rilli_pair_name(dir, &making, &pair);
  if (code) {
    rilli_pair_abandon(dir, &making, &pair);
    rilli_segments_close(ret);
    return code;
  }
  rilli_pair_close(&pair);
  return 0;
}

/* Sleeps between two checks; the pause doubles each time. Returns -EINTR when a signal handler
 * ran. */
static int pause_a_little(int64_t *span, rill_time deadline) {
  int64_t until = rilli_now() + *span;
  if (until > deadline)
    until = deadline;
  const struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
  *span = 2 * *span < RETRY_MOST ? 2 * *span : RETRY_MOST;
  if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
    return rilli_fail(EINTR, "a signal came while waiting for the queue");
  return 0;
}

/* PROTOCOL M8 */
static int open_or_create(int (*directory)(void *), void *arg, const char *name, unsigned flags,
                          const struct rill_queue_attr *attr, rill_time deadline,
                          struct rilli_segments *ret) {
  int64_t span = RETRY_FIRST;
  for (int busy = 0;;) {
    const int dir = directory(arg);
    int code = open_existing(dir, name, flags, attr, ret);
    if (code == -ENOENT && (flags & RILL_CREATE)) {
      code = create(dir, name, attr, ret);
      if (code == -ENOENT) /* no directory to make it in: nothing to wait for */
        return code;
      if (code == -EEXIST && !(flags & RILL_EXCLUSIVE))
        code = -EAGAIN; /* another process was faster: open its queue */
    }
    const int removing = code == -EAGAIN && busy++ < 1000; /* another process is removing it now */
    if (code == -EAGAIN && !removing)
      return rilli_fail(EBUSY, "another process removes it again and again");
    if (!removing && code != -ENOENT)
      return code;
    if (!removing && deadline == RILL_NOW)
      return rilli_fail(ENOENT,
                        "it does not exist: create it (RILL_CREATE, rill create) or wait for it");
    if (!removing && rilli_now() >= deadline)
      return -ETIMEDOUT;
    code = pause_a_little(&span, removing ? RILL_FOREVER : deadline);
    if (code)
      return code;
  }
}

static int check_call(const char *name, unsigned flags, const struct rill_queue_attr *attr) {
  int code = rilli_name_check(name);
  if (code)
    return code;
  if (flags & ~(unsigned)(RILL_CREATE | RILL_EXCLUSIVE | RILL_OBSERVE))
    return rilli_fail(EINVAL, "unknown flags %x for rill_queue_open", flags);
  if ((flags & RILL_EXCLUSIVE) && !(flags & RILL_CREATE))
    return rilli_fail(EINVAL, "RILL_EXCLUSIVE needs RILL_CREATE");
  if ((flags & RILL_OBSERVE) && (flags & RILL_CREATE))
    return rilli_fail(EINVAL, "RILL_OBSERVE only reads: it cannot be used with RILL_CREATE");
  if (attr->type.reserved || attr->reserved0)
    return rilli_fail(EINVAL, "rill_queue_attr for '%s': a reserved field is not zero", name);
  if (rilli_settings_check(name, attr))
    return -EINVAL;
  if (attr->evict_after && attr->overflow == RILL_OVERWRITE)
    return rilli_fail(EINVAL,
                      "rill_queue_attr for '%s': evict_after needs RILL_RELIABLE: with "
                      "RILL_OVERWRITE no group holds the producer up",
                      name);
  if (attr->numa_node && attr->numa != RILL_NUMA_NODE)
    return rilli_fail(EINVAL, "rill_queue_attr for '%s': numa_node needs RILL_NUMA_NODE", name);
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

int rilli_segments_await(int (*directory)(void *), void *arg, const char *name, unsigned flags,
                         const struct rill_queue_attr *attr, rill_time deadline,
                         struct rilli_segments *ret) {
  static const struct rill_queue_attr defaults = RILL_QUEUE_ATTR_INIT;
  if (!attr)
    attr = &defaults;
  int code = check_call(name, flags, attr);
  if (code)
    return code;
  code = open_or_create(directory, arg, name, flags, attr, deadline, ret);
  if (code == -ETIMEDOUT || code == -EAGAIN)
    return code;
  if (code)
    return rilli_fail_in(-code, "cannot open queue '%s'", name);
  if (!(flags & RILL_OBSERVE))
    (void)rilli_reclaim_queue(directory(arg), ret->control_name, &ret->control_file,
                              &ret->control_geometry, 0);
  return 0;
}

static int this_one(void *dir) {
  return *(const int *)dir;
}

int rilli_segments_open(int dir, const char *name, unsigned flags,
                        const struct rill_queue_attr *attr, struct rilli_segments *ret) {
  return rilli_segments_await(this_one, &dir, name, flags, attr, RILL_NOW, ret);
}

int rilli_segments_open_files(const char *control_path, const char *data_path,
                              struct rilli_segments *ret) {
  struct rilli_pair pair;
  char name[RILLI_NAME_SIZE];
  if (!control_path || !*control_path || !data_path || !*data_path)
    return rilli_fail(EINVAL, "rill_queue_open_files takes the paths of two files");
  int code = rilli_pair_open_files(control_path, data_path, &pair);
  if (code == 0) {
    (void)snprintf(name, sizeof name, "%.*s", (int)sizeof name - 1, pair.geometry.name);
    code = rilli_segments_map(name, &pair, 1, ret);
    rilli_pair_close(&pair);
  }
  return code ? rilli_fail_in(-code, "cannot open the queue of '%s'", control_path) : 0;
}
