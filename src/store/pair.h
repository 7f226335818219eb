/* SPDX-License-Identifier: MIT */
/* pair.h - the two segment files of a queue: open, checked, attached. */
#ifndef RILLI_PAIR_H
#define RILLI_PAIR_H

#include "check.h"
#include "name.h"
#include "segment.h"

struct rilli_pair {
  struct rilli_file control, data; /* fd -1: not open                               */
  char control_name[RILLI_FILE_NAME], data_name[RILLI_FILE_NAME];
  struct rilli_geometry geometry;
  struct rilli_control_geometry control_geometry;
  int limited; /* the control segment may not be opened: it is described by stat alone */
  int copied;  /* files by their paths                                              */
};

void rilli_pair_init(struct rilli_pair *pair);
void rilli_pair_close(struct rilli_pair *pair);
/* Opens an existing pair; attaches (takes the shared lease) unless it only observes. An
 * observer without the right to publish or take gets the data segment alone. -ENOENT: there is
 * none. -EAGAIN: it is being removed; try again. */
int rilli_pair_open(int dir, const char *name, int observe, struct rilli_pair *ret);
/* A copied pair, by the paths of its files. */
int rilli_pair_open_files(const char *control_path, const char *data_path, struct rilli_pair *ret);

/* Reads and checks the first pages. */
int rilli_control_check(const struct rilli_file *file, struct rilli_control_geometry *ret,
                        uint32_t *ret_tombstone);
int rilli_data_check(const struct rilli_file *file, struct rilli_geometry *ret);

#endif
