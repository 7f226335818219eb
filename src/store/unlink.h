/* SPDX-License-Identifier: MIT */
/* unlink.h - removing a queue. */
#ifndef RILLI_UNLINK_H
#define RILLI_UNLINK_H

#include "segment.h"

/* Removes the queue whose control file is open here, damaged or not. If only_idle: not (-EBUSY)
 * while a process has it open. -ENOENT: it is gone already. -EAGAIN: another process is removing
 * it, and may leave it as it is. */
int rilli_remove(int dir, const char *control_name, const struct rilli_file *control,
                 int only_idle);
/* Removes the queue of this name, or the parts of it that are left. */
int rilli_unlink(int dir, const char *name);

#endif
