/* SPDX-License-Identifier: MIT */
/* gc.h - lists a namespace, and gives back what no process uses any more. */
#ifndef RILLI_GC_H
#define RILLI_GC_H

#include "rill/queue.h"

/* As rill_queue_list. */
int rilli_list(int dir, const char *pattern, int (*visit)(const char *name, void *arg), void *arg);

struct rilli_collection {
  int dir, dry; /* dry: only reports                                              */
  void (*report)(const struct rill_gc_item *, void *); /* NULL: not wanted          */
  void *arg;
  int count;
};

/* Reports one thing, and counts it. */
void rilli_found(struct rilli_collection *gc, const char *name, const char *what, uint64_t bytes);

/* Collects all queues and files of the namespace; files_only: not the queues. The registry's
 * files are left alone, too. 0 or a negative errno. */
int rilli_collect(struct rilli_collection *gc, int files_only);

/* Removes the data segments of this queue that have no control segment and that no process is
 * creating. Returns how many, or a negative errno. */
int rilli_remove_orphans(int dir, const char *control_name);
int rilli_remove_orphan(int dir, const char *data_name); /* this one, if it is one */

#endif
