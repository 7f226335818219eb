/* SPDX-License-Identifier: MIT */
/* stat.h - what can be seen of a queue from outside (rill/stat.h), for open segments. */
#ifndef RILLI_STAT_H
#define RILLI_STAT_H

#include "rill/stat.h"
#include "segments.h"

/* As rill_queue_read_stat and rill_group_read_stat; they fill the whole struct, with its
 * `size`. */
int rilli_queue_stat(int dir, const struct rilli_segments *segments, struct rill_queue_stat *ret);
int rilli_group_stat(int dir, const struct rilli_segments *segments, uint32_t *index,
                     struct rill_group_stat *ret);

#endif
