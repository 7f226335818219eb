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

#include "segment.h"

/* Locks [byte, byte+length) through this description, without waiting.
 * Returns 0, -EAGAIN (somebody else holds part of it), or another negative errno. */
int rilli_lock_try(int fd, int64_t byte, int64_t length, int exclusive);
int rilli_lock_drop(int fd, int64_t byte, int64_t length);

/* Does anybody hold it, seen through a description that does not? 1, 0, or negative. */
int rilli_lock_held(int fd, int64_t byte, int64_t length);

/* Between its opening and its closing such a description must not get into a child that another
 * thread forks, where it would keep the lease: a child closes what is noted here. Open and
 * note between hold_forks and let_forks; close takes it off the list, and closes. note
 * returns -EMFILE when too many are on their way. */
void rilli_hold_forks(void);
void rilli_let_forks(void);
int rilli_lease_note(int fd);
void rilli_lease_close(int fd);

/* Opens an existing file in order to lock part of it, for a lease or for a moment: noted. */
int rilli_lease_open(int dir, const char *name, struct rilli_file *ret);

/* Maps part of the file: from now on the mapping keeps this description's locks. A forked child
 * has none of it. */
int rilli_lease_map(int fd, uint64_t offset, size_t size, int writable, struct rilli_mapping *ret);

/* Keeps a mapping that carries no lease from children. */
int rilli_keep_from_children(const struct rilli_mapping *mapping);

#endif
