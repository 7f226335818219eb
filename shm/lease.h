/* SPDX-License-Identifier: MIT */
/* lease.h - "this process lives", as a kernel lock.
 *
 * A lease is an open-file-description lock on one byte of the control file, held by a
 * mapping: the file is opened, mapped with MADV_DONTFORK, locked, and the descriptor
 * closed. The lock lives as long as the mapping, so it ends with the process however
 * that dies, or at exec; close_range cannot drop it, a forked child does not keep it.
 * No heartbeat, no pid. Seen free, it is an ordering edge (E10): what the dead process
 * stored is visible. */
#ifndef RILLI_LEASE_H
#define RILLI_LEASE_H

#include <stddef.h>
#include <stdint.h>

/* Locks [byte, byte+length) through this description, without waiting.
 * Returns 0, -EAGAIN (somebody else holds part of it), or another negative errno. */
int rilli_lock_try(int fd, int64_t byte, int64_t length, int exclusive);
int rilli_lock_drop(int fd, int64_t byte, int64_t length);

/* Does anybody hold it, seen through a description that does not? 1, 0, or negative. */
int rilli_lock_held(int fd, int64_t byte, int64_t length);

/* From now on the mapping of this description keeps its locks; a child has none of it. */
int rilli_lease_bind(void *mapping, size_t size);

#endif
