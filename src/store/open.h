/* SPDX-License-Identifier: MIT */
/* open.h - opening a queue: the one that exists, or a new one, or waiting for one. */
#ifndef RILLI_OPEN_H
#define RILLI_OPEN_H

#include "rill/queue.h"
#include "segments.h"

/* As rill_queue_open, with its errors. directory(arg): the descriptor of the namespace's directory,
 * asked for at each try: a program may close it while this waits. */
int rilli_segments_await(int (*directory)(void *), void *arg, const char *name, unsigned flags,
                         const struct rill_queue_attr *attr, rill_time deadline,
                         struct rilli_segments *ret);
/* The same without waiting. */
int rilli_segments_open(int dir, const char *name, unsigned flags,
                        const struct rill_queue_attr *attr, struct rilli_segments *ret);
/* A copied pair: as rill_queue_open_files. */
int rilli_segments_open_files(const char *control_path, const char *data_path,
                              struct rilli_segments *ret);

/* Is the type the same as the queue's? -EPROTOTYPE. */
int rilli_type_check(const struct rilli_segments *segments, const struct rill_type *type);

#endif
