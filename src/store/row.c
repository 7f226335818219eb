/* SPDX-License-Identifier: MIT */
/* row.c - a group's row: finding it by name, taking a free one, removing a kept one.
 *
 * A row belongs to the process that holds its lease byte; while it is set up, its reclaim byte
 * is held too. A lock on the name lets only one process at a time join a group of that name.
 * All are kernel locks, so a process that dies here leaves nothing behind. Models:
 * tests/model/row.pml, lease.pml. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "hash.h"
#include "lease.h"
#include "reclaim.h"
#include "row.h"

#define TRIES 2000 /* of half a millisecond: longest wait for another process */

static void pause_briefly(void) {
  const struct timespec span = {.tv_nsec = 500000};
  (void)nanosleep(&span, NULL);
}

/* Waits a bounded time for a byte that other processes hold only briefly. */
static int lock_soon(int fd, int64_t byte) {
  for (int tries = 0; tries < TRIES; tries++) {
    const int code = rilli_lock_try(fd, byte, 1, 1);
    if (code != -EAGAIN)
      return code;
    pause_briefly();
  }
  return -EAGAIN;
}

uint32_t rilli_row_state(const struct rilli_group *group) {
  /* E11, acquire: pairs with prepare_row() in consumer.c, join_fresh(), begin() and rilli_leave()
   * in group.c */
  return RILLI_STATE_STATE(atomic_load_explicit(&group->state, memory_order_acquire));
}

/* The row of this name, or max_groups. */
static uint32_t find_named(const struct rilli_segments *segments, const char *name) {
  const struct rilli_ring *ring = &segments->ring;
  uint32_t i;
  RILLI_EACH_ROW(i, ring->rows, ring->max_groups) {
    if (rilli_row_state(rilli_group_at(ring, i)) != RILLI_GROUP_NONE &&
        strncmp(rilli_name_at(ring, i), name, RILLI_GROUP_NAME_SIZE) == 0)
      break;
  }
  return i;
}

/* Takes the lease and reclaim bytes of a member; the latter is unlocked when the row is set up.
 * PROTOCOL G6 */
static int lock_member(int fd, struct rilli_member member) {
  const int64_t lease = RILLI_LEASE_MEMBER(member);
  int code = rilli_lock_try(fd, lease, 1, 1);
  if (code)
    return code;
  code = lock_soon(fd, RILLI_RECLAIM_OF(lease));
  if (code)
    (void)rilli_lock_drop(fd, lease, 1);
  return code;
}

static void unlock_member(int fd, struct rilli_member member) {
  (void)rilli_lock_drop(fd, RILLI_LEASE_MEMBER(member), 2);
}

static int group_is_taken(const struct rilli_segments *segments, const char *name) {
  return rilli_fail(EBUSY,
                    "group '%s' has a living member: rill stat %s shows it; use another group, "
                    "or wait until it leaves",
                    name, segments->name);
}

/* Takes the row of this name. -ENOENT: it was removed meanwhile. */
static int take_named(const struct rilli_segments *segments, int fd, const char *name,
                      struct rilli_member member) {
  const struct rilli_group *group = rilli_group_at(&segments->ring, member.group);
  for (int tries = 0; tries < TRIES; tries++) {
    const int code = lock_member(fd, member);
    if (code == 0) {
      if (strncmp(rilli_name_at(&segments->ring, member.group), name, RILLI_GROUP_NAME_SIZE) == 0)
        return 0;
      unlock_member(fd, member);
      return -ENOENT;
    }
    const uint32_t state = rilli_row_state(group);
    if (code != -EAGAIN || state == RILLI_GROUP_ACTIVE || state == RILLI_GROUP_JOINING)
      return code == -EAGAIN ? group_is_taken(segments, name) : code;
    pause_briefly(); /* its member is leaving now */
  }
  return group_is_taken(segments, name);
}

/* Takes an existing row that no group has. -ENOENT: there is none. */
static int find_free(const struct rilli_segments *segments, int fd, struct rilli_member *ret) {
  const struct rilli_ring *ring = &segments->ring;
  struct rilli_member member = {.slot = 0};
  RILLI_EACH_ROW(member.group, ring->rows, ring->max_groups) {
    const struct rilli_group *group = rilli_group_at(ring, member.group);
    if (rilli_row_state(group) != RILLI_GROUP_NONE || lock_member(fd, member))
      continue;
    if (rilli_row_state(group) == RILLI_GROUP_NONE) {
      *ret = member;
      return 0;
    }
    unlock_member(fd, member);
  }
  return -ENOENT;
}

/* Makes a row exist from now on. The caller holds its lease and reclaim byte. PROTOCOL G8 */
static int make_row(const struct rilli_segments *segments, int fd, uint32_t index) {
  const struct rilli_control_geometry *geometry = &segments->control_geometry;
  struct rilli_mapping map;
  int code = rilli_segment_reserve(fd, rilli_row_offset(geometry, index), RILLI_PAGE);
  if (code == 0)
    code = rilli_lease_map(fd, 0, geometry->file_size, 1, &map);
  if (code)
    return code;
  struct rilli_group *group = rilli_row_at(map.base, geometry, index);
  atomic_store_explicit(&group->state, 0, memory_order_relaxed);
  atomic_store_explicit(&group->cursor, RILLI_NONE, memory_order_relaxed);
  /* E17, release: pairs with rilli_rows_in() in rows.h. The cursor comes before the bit. */
  rilli_row_exists(rilli_rows_at(map.base), index);
  rilli_unmap(&map);
  return 0;
}

/* -ENOENT: other processes hold all of them. */
static int find_fresh(const struct rilli_segments *segments, int fd, struct rilli_member *ret) {
  const struct rilli_ring *ring = &segments->ring;
  struct rilli_member member = {.slot = 0};
  for (; member.group < ring->max_groups; member.group++) {
    if (rilli_has_row(ring->rows, member.group) || lock_member(fd, member))
      continue;
    /* If another process made the row meanwhile, it is an existing row now. */
    const int code =
        rilli_has_row(ring->rows, member.group) ? -ENOENT : make_row(segments, fd, member.group);
    if (code == 0)
      *ret = member;
    else
      unlock_member(fd, member);
    if (code != -ENOENT)
      return code;
  }
  return -ENOENT;
}

/* Dead members may have left rows that are not reclaimed yet: that is done when no row is free,
 * as here, or when the queue is opened. */
static int take_free(int dir, const struct rilli_segments *segments, int fd,
                     struct rilli_member *ret) {
  for (int reclaimed = 0;; reclaimed = 1) {
    int code = find_free(segments, fd, ret);
    if (code == -ENOENT)
      code = find_fresh(segments, fd, ret);
    if (code == 0 || (reclaimed && code != -ENOENT))
      return code;
    if (reclaimed)
      break;
    (void)rilli_reclaim_queue(dir, segments->control_name, &segments->control_file,
                              &segments->control_geometry, 0);
  }
  return rilli_fail(EUSERS,
                    "all %u groups are in use: remove one, or create the queue with more "
                    "max_groups",
                    segments->geometry.max_groups);
}

/* Under the name's lock, so that two processes do not make one group twice. */
static int take_row(int dir, const struct rilli_segments *segments, int fd, const char *name,
                    struct rilli_row *row) {
  if (!name)
    return take_free(dir, segments, fd, &row->member);
  for (int tries = 0; tries < TRIES; tries++) {
    row->member.group = find_named(segments, name);
    if (row->member.group == segments->geometry.max_groups)
      return take_free(dir, segments, fd, &row->member);
    const int code = take_named(segments, fd, name, row->member);
    if (code != -ENOENT)
      return code;
  }
  return group_is_taken(segments, name);
}

int rilli_row_take(int dir, const struct rilli_segments *segments, int fd, const char *name,
                   struct rilli_row *ret) {
  *ret = (struct rilli_row){.member = {segments->geometry.max_groups, 0}};
  if (name) {
    ret->name_lock = RILLI_LOCK_NAME(rilli_hash(name, strlen(name)));
    const int code = lock_soon(fd, ret->name_lock);
    if (code == -EAGAIN)
      return rilli_fail(EBUSY, "another process is joining group '%s', and seems to be stopped",
                        name);
    if (code)
      return rilli_fail(-code, "cannot lock its control segment: %s", rilli_words(-code));
  }
  return take_row(dir, segments, fd, name, ret);
}

void rilli_row_settle(int fd, const struct rilli_row *row) {
  if (row->member.group < RILLI_MAX_GROUPS)
    (void)rilli_lock_drop(fd, RILLI_RECLAIM_OF(RILLI_LEASE_MEMBER(row->member)), 1);
  if (row->name_lock)
    (void)rilli_lock_drop(fd, row->name_lock, 1);
}

int rilli_row_remove(int dir, const struct rilli_segments *segments, int fd, const char *name) {
  struct rilli_row row;
  struct rilli_mapping map;
  if (find_named(segments, name) == segments->geometry.max_groups)
    return rilli_fail(ENOENT, "it has no group '%s'", name);
  int code = rilli_row_take(dir, segments, fd, name, &row);
  if (code)
    return code;
  code = rilli_lease_map(fd, 0, segments->control_geometry.file_size, 1, &map);
  if (code)
    return code;
  struct rilli_group *group = rilli_row_at(map.base, &segments->control_geometry, row.member.group);
  struct rilli_hints *hints = (void *)(map.base + segments->control_geometry.hints_offset);
  const uint64_t word = atomic_load_explicit(&group->state, memory_order_acquire);
  /* Does what a member does that joins, and leaves without keeping the group. */
  atomic_store_explicit(&group->state,
                        RILLI_STATE(RILLI_STATE_GENERATION(word), 0, RILLI_GROUP_JOINING),
                        memory_order_release);
  rilli_leave(group, 1);
  rilli_wake_producer(hints); /* the gate may rise */
  rilli_unmap(&map);
  return 0;
}
