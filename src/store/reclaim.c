/* SPDX-License-Identifier: MIT */
/* reclaim.c - cleans up after dead members. Any process does it, and may die meanwhile.
 *
 * It takes the reclaim byte's lock, and probes again that the lease is free. Then it does the
 * stores that the member itself would have done on leaving. Each is idempotent: if a reclaimer
 * dies half-way, the next one repeats them. A joiner holds the same byte while it sets its row
 * up. Keeps promise 3. Model: tests/model/lease.pml. */
#include <errno.h>
#include <unistd.h>

#include "lease.h"
#include "reclaim.h"
#include "ring.h"

static int is_named(const uint8_t *control, const struct rilli_control_geometry *geometry,
                    uint32_t index) {
  return control[geometry->names_offset + (size_t)index * RILLI_GROUP_NAME_SIZE] != 0;
}

/* Does, or did, a member use this row? It has any state except that of a kept group; or it has
 * no state but a cursor, which limits the producer. */
static int is_taken(const struct rilli_group *group, int named) {
  /* E11, acquire: pairs with join_fresh(), begin() and rilli_leave() in group.c */
  const uint32_t state =
      RILLI_STATE_STATE(atomic_load_explicit(&group->state, memory_order_acquire));
  if (state == RILLI_GROUP_NONE)
    return atomic_load_explicit(&group->cursor, memory_order_acquire) != RILLI_NONE;
  return state != RILLI_GROUP_KEPT || !named; /* a member cannot return to it without a name */
}

/* PROTOCOL G1 */
int rilli_is_dead(int fd, uint8_t *control, const struct rilli_control_geometry *geometry,
                  struct rilli_member member) {
  return is_taken(rilli_row_at(control, geometry, member.group),
                  is_named(control, geometry, member.group)) &&
         rilli_lock_held(fd, RILLI_LEASE_MEMBER(member), 1) == 0;
}

/* PROTOCOL G2, G3, G5 */
int rilli_reclaim_member(int fd, uint8_t *control, const struct rilli_control_geometry *geometry,
                         struct rilli_member member) {
  const int64_t guard = RILLI_RECLAIM_OF(RILLI_LEASE_MEMBER(member));
  if (!rilli_is_dead(fd, control, geometry, member) || rilli_lock_try(fd, guard, 1, 1))
    return 0;
  struct rilli_group *group = rilli_row_at(control, geometry, member.group);
  /* E10, E11: the lease and the state again, under the guard */
  const int dead = rilli_is_dead(fd, control, geometry, member);
  if (dead)
    rilli_leave(group, is_named(control, geometry, member.group));
  (void)rilli_lock_drop(fd, guard, 1);
  if (!dead)
    return 0;
  rilli_kick(group);
  rilli_wake_producer((void *)(control + geometry->hints_offset)); /* the gate may rise */
  return 1;
}

int rilli_reclaim_queue(int dir, const char *control_name, const struct rilli_file *control,
                        const struct rilli_control_geometry *geometry, int dry) {
  struct rilli_file file;
  struct rilli_mapping map = {NULL, 0};
  if (rilli_lease_open(dir, control_name, &file))
    return 0;
  struct rilli_member member = {.slot = 0};
  int count = 0;
  if (file.inode == control->inode && file.size >= geometry->file_size &&
      rilli_lease_map(file.fd, 0, geometry->file_size, 1, &map) == 0)
    RILLI_EACH_ROW(member.group, rilli_rows_at(map.base), geometry->max_groups)
      count += dry ? rilli_is_dead(file.fd, map.base, geometry, member)
                   : rilli_reclaim_member(file.fd, map.base, geometry, member);
  rilli_unmap(&map);
  rilli_lease_close(file.fd);
  return count;
}
