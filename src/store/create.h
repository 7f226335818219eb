/* SPDX-License-Identifier: MIT */
/* create.h - making a queue: both segments, whole, under random names, then named. */
#ifndef RILLI_CREATE_H
#define RILLI_CREATE_H

#include "pair.h"
#include "rill/queue.h"

struct rilli_making {
  char data[64], control[64]; /* "": it has its final name, or there is no file */
};

/* Returns the pair open. */
int rilli_pair_make(int dir, const char *name, const struct rill_queue_attr *attr,
                    struct rilli_making *ret_making, struct rilli_pair *ret);
/* Attaches, and gives the files their names. It is the last step that can fail, since other
 * processes may use a queue that has its name. -EEXIST: the name is taken (now). */
int rilli_pair_name(int dir, struct rilli_making *making, const struct rilli_pair *pair);
/* In place of rilli_pair_name, or when it failed: removes and closes the files. */
void rilli_pair_abandon(int dir, const struct rilli_making *making, struct rilli_pair *pair);

#endif
