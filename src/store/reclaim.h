/* SPDX-License-Identifier: MIT */
/* reclaim.h - cleans up after dead members. */
#ifndef RILLI_RECLAIM_H
#define RILLI_RECLAIM_H

#include "check.h"
#include "segment.h"

/* If the member is dead: does what it should have done. fd: a description of the
 * control file that holds no lease; control: all of it, mapped. 1: reclaimed, 0: nothing to do. */
int rilli_reclaim_member(int fd, uint8_t *control, const struct rilli_control_geometry *geometry,
                         struct rilli_member member);
/* Does this for all groups of a queue; control is mapped read-only. Returns how many members
 * were dead; dry: only counts them. */
int rilli_reclaim_queue(int dir, const char *control_name, const struct rilli_file *control,
                        const struct rilli_control_geometry *geometry, int dry);
/* Does the member's place belong to a dead process? fd: a file description that holds no lease. */
int rilli_is_dead(int fd, uint8_t *control, const struct rilli_control_geometry *geometry,
                  struct rilli_member member);

#endif
