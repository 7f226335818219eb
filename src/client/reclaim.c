/* SPDX-License-Identifier: MIT */
/* reclaim.c - what the dead left: anyone does it, and may die doing it.
 *
 * Under the reclaim byte's lock, after the lease was probed free once more: then the
 * stores that the member itself would have made on leaving. Each is idempotent, so that
 * a reclaimer that dies half-way means that somebody repeats it. A joiner holds the same
 * byte while it sets its row up. Keeps promise 3. Model: tests/model/lease.pml. */
#include <errno.h>
#include <unistd.h>

#include "client.h"
#include "futex.h"

/* Somebody is, or was, in this row: any state but that of a kept group; or none, and yet a
 * cursor, which gates. */
static int is_taken(const struct rilli_group *group) {
  const uint32_t state =
      RILLI_STATE_STATE(atomic_load_explicit(&group->state, memory_order_acquire));
  if (state == RILLI_GROUP_NONE)
    return atomic_load_explicit(&group->cursor, memory_order_acquire) != RILLI_NONE;
  return state != RILLI_GROUP_KEPT || !group->name[0]; /* nobody could come back to that one */
}

int rilli_is_dead(int fd, const struct rilli_group *group, uint32_t index) {
  return is_taken(group) && rilli_lock_held(fd, RILLI_LEASE_MEMBER(index, 0), 1) == 0;
}

int rilli_reclaim_group(int fd, struct rilli_group *group, uint32_t index,
                        struct rilli_hints *hints) {
  const int64_t guard = RILLI_RECLAIM_OF(RILLI_LEASE_MEMBER(index, 0));
  if (!rilli_is_dead(fd, group, index) || rilli_lock_try(fd, guard, 1, 1))
    return 0;
  const int dead = rilli_is_dead(fd, group, index); /* E10; E11: the state again, under the guard */
  if (dead)
    rilli_leave(group);
  (void)rilli_lock_drop(fd, guard, 1);
  if (!dead)
    return 0;
  rilli_kick(group);
  rilli_wake_producer(hints); /* the gate may rise */
  return 1;
}

int rilli_reclaim_queue(int dir, const char *control_name, const struct rilli_file *control,
                        const struct rilli_control_geometry *geometry, int dry) {
  struct rilli_file file;
  struct rilli_mapping map = {NULL, 0};
  if (rilli_lease_open(dir, control_name, &file))
    return 0;
  int count = 0;
  if (file.inode == control->inode && file.size >= geometry->file_size &&
      rilli_lease_map(file.fd, 0, geometry->file_size, 1, &map) == 0) {
    struct rilli_hints *hints = (void *)(map.base + geometry->hints_offset);
    for (uint32_t i = 0; i < geometry->max_groups; i++) {
      struct rilli_group *group =
          (void *)(map.base + geometry->group_offset + i * geometry->group_stride);
      count +=
          dry ? rilli_is_dead(file.fd, group, i) : rilli_reclaim_group(file.fd, group, i, hints);
    }
  }
  rilli_unmap(&map);
  rilli_lease_close(file.fd);
  return count;
}
