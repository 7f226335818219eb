/* SPDX-License-Identifier: MIT */
/* row.h - a group's row: finding it by name, taking a free one, removing a kept one. */
#ifndef RILLI_ROW_H
#define RILLI_ROW_H

#include "segments.h"

struct rilli_row {
  struct rilli_member member; /* group: max_groups, where none was taken           */
  int64_t name_lock;          /* 0: none                                                    */
};

/* Takes the row of this name, or a free one (name NULL: always), with the member's lease and
 * its reclaim byte; a row that does not exist yet is made. fd: of the control file, open for
 * locking. After any result, settle gives back what is only needed for setting up; the lease
 * ends with the file description. */
int rilli_row_take(int dir, const struct rilli_segments *segments, int fd, const char *name,
                   struct rilli_row *ret);
void rilli_row_settle(int fd, const struct rilli_row *row);
uint32_t rilli_row_state(const struct rilli_group *group);
/* Removes a group that has no member. */
int rilli_row_remove(int dir, const struct rilli_segments *segments, int fd, const char *name);

#endif
