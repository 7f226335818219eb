/* SPDX-License-Identifier: MIT */
/* seat.c - a group's row: finding it by name, taking a free one, removing a kept one.
 *
 * A row belongs to whoever holds its lease byte; while it is set up, its reclaim byte is
 * held too. Members of one name are kept apart by a lock on the name. All are kernel
 * locks, so a process that dies here leaves nothing behind. Models:
 * tests/model/seat.pml, lease.pml. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "error.h"

#define TRIES 2000 /* of half a millisecond: how long another one's moment may last      */

static void breathe(void) {
  const struct timespec span = {.tv_nsec = 500000};
  (void)nanosleep(&span, NULL);
}

static uint32_t hash(const char *name) {
  uint32_t value = 2166136261u;
  for (; *name; name++)
    value = (value ^ (uint8_t)*name) * 16777619u;
  return value;
}

/* Waits a bounded time for a byte that others hold only for moments. */
static int lock_soon(int fd, int64_t byte) {
  for (int tries = 0; tries < TRIES; tries++) {
    const int code = rilli_lock_try(fd, byte, 1, 1);
    if (code != -EAGAIN)
      return code;
    breathe();
  }
  return -EAGAIN;
}

uint32_t rilli_seat_state(const struct rilli_group *group) {
  return RILLI_STATE_STATE(atomic_load_explicit(&group->state, memory_order_acquire)); /* E11 */
}

/* The row of this name, or max_groups. */
static uint32_t find_named(const rill_queue *queue, const char *name) {
  uint32_t i = 0;
  for (; i < queue->geometry.max_groups; i++) {
    if (rilli_seat_state(rilli_group_at(&queue->ring, i)) != RILLI_GROUP_NONE &&
        strncmp(rilli_name_at(&queue->ring, i), name, RILLI_GROUP_NAME_SIZE) == 0)
      break;
  }
  return i;
}

/* Lease and reclaim byte of a row; the latter is given back when the row is set up. */
static int lock_row(int fd, uint32_t index) {
  const int64_t lease = RILLI_LEASE_MEMBER(index, 0);
  int code = rilli_lock_try(fd, lease, 1, 1);
  if (code)
    return code;
  code = lock_soon(fd, RILLI_RECLAIM_OF(lease));
  if (code)
    (void)rilli_lock_drop(fd, lease, 1);
  return code;
}

static void unlock_row(int fd, uint32_t index) {
  (void)rilli_lock_drop(fd, RILLI_LEASE_MEMBER(index, 0), 2);
}

static int group_is_taken(const rill_queue *queue, const char *name) {
  return rilli_fail(EBUSY,
                    "group '%s' has a living member: rill stat %s shows it; use another group, "
                    "or wait until it leaves",
                    name, queue->name);
}

/* A row that exists under this name. -ENOENT: it is gone meanwhile. */
static int take_named(const rill_queue *queue, int fd, const char *name, uint32_t index) {
  const struct rilli_group *group = rilli_group_at(&queue->ring, index);
  for (int tries = 0; tries < TRIES; tries++) {
    const int code = lock_row(fd, index);
    if (code == 0) {
      if (strncmp(rilli_name_at(&queue->ring, index), name, RILLI_GROUP_NAME_SIZE) == 0)
        return 0;
      unlock_row(fd, index);
      return -ENOENT;
    }
    const uint32_t state = rilli_seat_state(group);
    if (code != -EAGAIN || state == RILLI_GROUP_ACTIVE || state == RILLI_GROUP_JOINING)
      return code == -EAGAIN ? group_is_taken(queue, name) : code;
    breathe(); /* its member is just leaving */
  }
  return group_is_taken(queue, name);
}

/* -ENOENT: there is none. */
static int find_free(const rill_queue *queue, int fd, uint32_t *ret_index) {
  for (uint32_t i = 0; i < queue->geometry.max_groups; i++) {
    const struct rilli_group *group = rilli_group_at(&queue->ring, i);
    if (rilli_seat_state(group) != RILLI_GROUP_NONE || lock_row(fd, i))
      continue;
    if (rilli_seat_state(group) == RILLI_GROUP_NONE) {
      *ret_index = i;
      return 0;
    }
    unlock_row(fd, i);
  }
  return -ENOENT;
}

/* The dead may have left rows that nobody reclaimed yet, for want of room or at an open. */
static int take_free(const rill_queue *queue, int fd, uint32_t *ret_index) {
  if (find_free(queue, fd, ret_index) == 0)
    return 0;
  (void)rilli_reclaim_queue(queue->context->dir, queue->control_name, &queue->control_file,
                            &queue->control_geometry, 0);
  if (find_free(queue, fd, ret_index) == 0)
    return 0;
  return rilli_fail(EUSERS,
                    "all %u groups are in use: remove one, or create the queue with more "
                    "max_groups",
                    queue->geometry.max_groups);
}

/* Under the name's lock, so that two processes do not make one group twice. */
static int take_row(const rill_queue *queue, int fd, const char *name, struct rilli_seat *seat) {
  if (!name)
    return take_free(queue, fd, &seat->index);
  for (int tries = 0; tries < TRIES; tries++) {
    seat->index = find_named(queue, name);
    if (seat->index == queue->geometry.max_groups)
      return take_free(queue, fd, &seat->index);
    const int code = take_named(queue, fd, name, seat->index);
    if (code != -ENOENT)
      return code;
  }
  return group_is_taken(queue, name);
}

int rilli_seat_take(const rill_queue *queue, int fd, const char *name, struct rilli_seat *ret) {
  *ret = (struct rilli_seat){.index = queue->geometry.max_groups};
  if (name) {
    ret->name_lock = RILLI_LOCK_NAME(hash(name));
    const int code = lock_soon(fd, ret->name_lock);
    if (code == -EAGAIN)
      return rilli_fail(
          EBUSY, "another process is just joining group '%s', and seems to be stopped", name);
    if (code)
      return rilli_fail(-code, "cannot lock its control segment: %s", rilli_words(-code));
  }
  return take_row(queue, fd, name, ret);
}

void rilli_seat_settle(int fd, const struct rilli_seat *seat) {
  if (seat->index < RILLI_MAX_GROUPS)
    (void)rilli_lock_drop(fd, RILLI_RECLAIM_OF(RILLI_LEASE_MEMBER(seat->index, 0)), 1);
  if (seat->name_lock)
    (void)rilli_lock_drop(fd, seat->name_lock, 1);
}

static int remove_group(rill_queue *queue, int fd, const char *name) {
  struct rilli_seat seat;
  struct rilli_mapping map;
  if (find_named(queue, name) == queue->geometry.max_groups)
    return rilli_fail(ENOENT, "it has no group '%s'", name);
  int code = rilli_seat_take(queue, fd, name, &seat);
  if (code)
    return code;
  code = rilli_lease_map(fd, 0, queue->control_geometry.file_size, 1, &map);
  if (code)
    return code;
  struct rilli_group *group = rilli_row_at(map.base, &queue->control_geometry, seat.index);
  struct rilli_hints *hints = (void *)(map.base + queue->control_geometry.hints_offset);
  const uint64_t word = atomic_load_explicit(&group->state, memory_order_acquire);
  /* As a member that joins and leaves without wish to keep it. */
  atomic_store_explicit(&group->state,
                        RILLI_STATE(RILLI_STATE_GENERATION(word), 0, RILLI_GROUP_JOINING),
                        memory_order_release);
  rilli_leave(group, 1);
  rilli_wake_producer(hints); /* the gate may rise */
  rilli_unmap(&map);
  return 0;
}

int rill_group_unlink(rill_queue *queue, const char *name) {
  struct rilli_file control;
  if (rilli_queue_check(queue))
    return -ECHILD;
  if (!name || rilli_group_name_check(name))
    return rilli_fail(EINVAL, "the group's name is missing or not 1 to 63 bytes of [A-Za-z0-9._-]");
  if (queue->flags & RILL_OBSERVE)
    return rilli_fail(EPERM, "queue '%s' was opened with RILL_OBSERVE, which only looks",
                      queue->name);
  int code = rilli_control_open_for_lease(queue, &control);
  if (code == 0) {
    code = remove_group(queue, control.fd, name);
    rilli_lease_close(control.fd); /* and all its locks */
  }
  return code ? rilli_fail_in(-code, "cannot remove the group from queue '%s'", queue->name) : 0;
}
