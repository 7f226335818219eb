/* SPDX-License-Identifier: MIT */
/* unlink.c - removing a queue: tombstone, control, data, in that order.
 *
 * A process that removes a queue holds the unlink byte and has checked that the name still
 * means this file. Names of living files are never reused, so no process removes another queue.
 * If it dies in between, it leaves a data file without a control file, for gc. Models:
 * tests/model/removal.pml, close.pml. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "error.h"
#include "gc.h"
#include "lease.h"
#include "pair.h"
#include "ring.h"
#include "unlink.h"

#define TRIES 2000 /* of half a millisecond: longest wait for another process */

/* All that sleep on the queue see the tombstone now, not at the end of a slice. PROTOCOL U5 */
static void wake_all(uint8_t *base, const struct rilli_control_geometry *geometry) {
  uint32_t row;
  RILLI_EACH_ROW(row, rilli_rows_at(base), geometry->max_groups) {
    struct rilli_group *group = rilli_row_at(base, geometry, row);
    if (RILLI_STATE_STATE(atomic_load_explicit(&group->state, memory_order_acquire)) !=
        RILLI_GROUP_NONE)
      rilli_kick(group);
  }
  rilli_wake_producer((void *)(base + geometry->hints_offset));
}

/* PROTOCOL U4 */
static int bury(const struct rilli_file *control, const struct rilli_control_geometry *geometry) {
  struct rilli_mapping map;
  const int code = rilli_lease_map(control->fd, 0, geometry->file_size, 1, &map);
  if (code)
    return code;
  struct rilli_control *page = (void *)map.base;
  /* E13, release and full fence: pairs with attach() in pair.c, take_lease() in producer.c,
   * enter() in consumer.c, rilli_check_removed() in park.c. A joiner stores its row, fences, and
   * loads the tombstone: one of the two sees the other. */
  atomic_store_explicit(&page->tombstone, 1, memory_order_release);
  atomic_thread_fence(memory_order_seq_cst);
  wake_all(map.base, geometry);
  rilli_unmap(&map);
  return 0;
}

/* PROTOCOL U2, U3, U6, U7 */
static int remove_locked(int dir, const char *control_name, const struct rilli_file *control,
                         int only_idle) {
  struct rilli_control_geometry geometry;
  char name[RILLI_NAME_SIZE], same[RILLI_FILE_NAME], data_name[RILLI_FILE_NAME];
  uint32_t tombstone;
  const int still = rilli_segment_same(dir, control_name, control);
  if (still < 0)
    return still;
  if (!still || !rilli_name_of_control(control_name, name))
    return rilli_fail(ENOENT, "it is gone already");
  if (only_idle && rilli_lock_try(control->fd, RILLI_LEASE_BASE, RILLI_LEASE_RANGE, 1))
    return rilli_fail(EBUSY, "some process has it open");
  int code = rilli_control_check(control, &geometry, &tombstone);
  const int damaged = rilli_is_damage(code);
  if (code == 0)
    code = bury(control, &geometry);
  else if (damaged)
    code = 0;
  if (code)
    return code;
  if (!damaged)
    rilli_name_files(name, geometry.uuid, same, data_name);
  if (unlinkat(dir, control_name, 0) != 0)
    return rilli_fail(errno, "cannot remove its control segment: %s", rilli_words(errno));
  if (!damaged && unlinkat(dir, data_name, 0) != 0 && errno != ENOENT)
    return rilli_fail(errno, "cannot remove its data segment: %s", rilli_words(errno));
  return 0;
}

/* PROTOCOL U1 */
int rilli_remove(int dir, const char *control_name, const struct rilli_file *control,
                 int only_idle) {
  int code = rilli_lock_try(control->fd, RILLI_LOCK_UNLINK, 1, 1);
  if (code == -EAGAIN)
    return rilli_fail(EAGAIN, "another process is removing it, and seems to be stopped");
  if (code)
    return rilli_fail(-code, "cannot lock its control segment: %s", rilli_words(-code));
  code = remove_locked(dir, control_name, control, only_idle);
  (void)rilli_lock_drop(control->fd, RILLI_LOCK_UNLINK, 1);
  return code;
}

/* The process that holds the unlink byte may only be checking whether the queue is idle, and
 * leave it. So this waits briefly, and then removes the queue, if it is still there. */
static int remove_soon(int dir, const char *control_name, const struct rilli_file *control) {
  const struct timespec span = {.tv_nsec = 500000};
  int code = rilli_remove(dir, control_name, control, 0);
  for (int tries = 0; code == -EAGAIN && tries < TRIES; tries++) {
    (void)nanosleep(&span, NULL);
    code = rilli_remove(dir, control_name, control, 0);
  }
  if (code == -ENOENT) /* by another process, after it was opened here */
    return 0;
  return code == -EAGAIN ? -EBUSY : code;
}

/* For a sound queue the name of its data file is known; for others the directory has to be
 * read, which takes longer with more queues. */
static int data_is_known(const struct rilli_file *control, const char *name, char *ret_data) {
  struct rilli_control_geometry geometry;
  char same[RILLI_FILE_NAME];
  uint32_t tombstone;
  if (rilli_control_check(control, &geometry, &tombstone))
    return 0;
  rilli_name_files(name, geometry.uuid, same, ret_data);
  return 1;
}

/* PROTOCOL U8 */
int rilli_unlink(int dir, const char *name) {
  char control_name[RILLI_FILE_NAME], data_name[RILLI_FILE_NAME];
  struct rilli_file control;
  int known = 0;
  rilli_name_files(name, NULL, control_name, NULL);
  int code = rilli_lease_open(dir, control_name, &control);
  if (code == 0) {
    known = data_is_known(&control, name, data_name);
    code = remove_soon(dir, control_name, &control);
    rilli_lease_close(control.fd);
  } else if (code == -EPROTO) { /* a link, or not a file */
    code = unlinkat(dir, control_name, 0) == 0 ||
                   (errno == EISDIR && unlinkat(dir, control_name, AT_REMOVEDIR) == 0)
               ? 0
               : rilli_fail(errno, "cannot remove '%s': %s", control_name, rilli_words(errno));
  }
  if (code == 0 || code == -ENOENT) {
    const int halves =
        known ? rilli_remove_orphan(dir, data_name) /* of an earlier remover that died */
              : rilli_remove_orphans(dir, control_name);
    if (halves < 0)
      return rilli_fail_in(-halves, "cannot remove all of queue '%s'", name);
    if (code && !halves)
      return rilli_fail(ENOENT, "cannot remove queue '%s': there is no such queue", name);
    return 0;
  }
  return rilli_fail_in(-code, "cannot remove queue '%s'", name);
}
