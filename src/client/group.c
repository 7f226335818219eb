/* SPDX-License-Identifier: MIT */
/* group.c - groups as objects: removing one that has no member. */
#include <errno.h>

#include "client.h"
#include "error.h"
#include "lease.h"
#include "row.h"

int rill_group_unlink(rill_queue *queue, const char *name) {
  struct rilli_file control;
  if (rilli_queue_check(queue))
    return -ECHILD;
  if (!name || rilli_group_name_check(name))
    return rilli_fail(EINVAL, "the group's name is missing or not 1 to 63 bytes of [A-Za-z0-9._-]");
  if (queue->flags & RILL_OBSERVE)
    return rilli_fail(EPERM, "queue '%s' was opened with RILL_OBSERVE, which only looks",
                      queue->segments.name);
  const int dir = rilli_context_dir(queue->context);
  int code = rilli_control_open_for_lease(dir, &queue->segments, &control);
  if (code == 0) {
    code = rilli_row_remove(dir, &queue->segments, control.fd, name);
    rilli_lease_close(control.fd); /* and all its locks */
  }
  return code
             ? rilli_fail_in(-code, "cannot remove the group from queue '%s'", queue->segments.name)
             : 0;
}
