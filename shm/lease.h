/* SPDX-License-Identifier: MIT */
/* lease.h - "this process lives", as a kernel lock.
 *
 * A lease is an open-file-description lock on one byte of the control file, held by a
 * mapping: the file is opened, mapped with MADV_DONTFORK, locked, and the descriptor
 * closed. The lock lives as long as the mapping, so it ends with the process, however
 * the process dies, or at exec; close_range cannot drop it, and a forked child does not keep
 * it. No heartbeat, no pid. Finding it free is an ordering edge (E10): everything that the
 * dead process stored is visible. */
#ifndef RILLI_LEASE_H
#define RILLI_LEASE_H

#include <stddef.h>
#include <stdint.h>

#include "segment.h"

/* Locks [byte, byte+length) through this description, without waiting.
 * Returns 0, -EAGAIN (another process holds part of it), or another negative errno. */
int rilli_lock_try(int fd, int64_t byte, int64_t length, int exclusive);
int rilli_lock_drop(int fd, int64_t byte, int64_t length);

/* Does another open file description hold it? 1, 0, or a negative errno. */
int rilli_lock_held(int fd, int64_t byte, int64_t length);

/* While it is open, such a description must not be inherited by a child that another thread
 * forks, since it would keep the lease there: a child closes the descriptors noted here. Open
 * and note between hold_forks and let_forks; close removes it from the list, and closes it. note
 * returns -EMFILE if too many are open at the same time. */
void rilli_hold_forks(void);
void rilli_let_forks(void);
int rilli_lease_note(int fd);
void rilli_lease_close(int fd);

/* Opens an existing file to lock part of it, for a lease or for a moment. It is noted. */
int rilli_lease_open(int dir, const char *name, struct rilli_file *ret);

/* Maps part of the file: from now on the mapping keeps this description's locks. A forked child
 * has none of it. */
int rilli_lease_map(int fd, uint64_t offset, size_t size, int writable, struct rilli_mapping *ret);

/* Makes sure that forked children do not inherit a mapping without a lease. */
int rilli_keep_from_children(const struct rilli_mapping *mapping);

#endif
