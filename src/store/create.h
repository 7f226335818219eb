/* SPDX-License-Identifier: MIT */
/* create.h - making a queue: both segments, whole, under random names, then named. */
#ifndef RILLI_CREATE_H
#define RILLI_CREATE_H

#include "pair.h"
#include "rill/queue.h"

struct rilli_making {
  char data[64], control[64]; /* "": it has its own name, or there is none         */
};

/* The pair comes back open. */
int rilli_pair_make(int dir, const char *name, const struct rill_queue_attr *attr,
                    struct rilli_making *ret_making, struct rilli_pair *ret);
/* Attaches and gives them their names: the last that can fail, since what has its name may be
 * in use by others. -EEXIST: it is taken (now). */
int rilli_pair_name(int dir, struct rilli_making *making, const struct rilli_pair *pair);
/* In place of that, or when it failed: removes and closes them. */
void rilli_pair_abandon(int dir, const struct rilli_making *making, struct rilli_pair *pair);

#endif
