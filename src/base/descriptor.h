/* SPDX-License-Identifier: MIT */
/* descriptor.h - descriptors that the library holds: never those of the standard streams. */
#ifndef RILLI_DESCRIPTOR_H
#define RILLI_DESCRIPTOR_H

#include <sys/types.h>

/* For a call that has just returned a new descriptor, or failed with errno: the same file, closed
 * on exec, at a number above 2. A program whose standard streams are closed goes on writing to
 * them, and that must not reach a file of the library. Returns a negative errno value. */
int rilli_above_streams(int fd);

/* Which file a descriptor is. If a program closes all descriptors that it does not know
 * (close_range), the number may belong to a file of its own later. The kernel's anonymous files
 * (eventfd, inotify) are all the same here. */
struct rilli_file_id {
  dev_t device;
  ino_t inode;
};

/* 0 or a negative errno. */
int rilli_file_id_of(int fd, struct rilli_file_id *ret);
/* Is this number still that file? Not known: yes. */
int rilli_is_still(int fd, const struct rilli_file_id *id);
/* Closes it, unless the number is another file by now, and sets *fd to -1. */
void rilli_close_still(int *fd, const struct rilli_file_id *id);

#endif
