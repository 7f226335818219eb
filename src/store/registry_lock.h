/* SPDX-License-Identifier: MIT */
/* registry_lock.h - the lock of the namespace's registry: while it is held, the registry lives. */
#ifndef RILLI_REGISTRY_LOCK_H
#define RILLI_REGISTRY_LOCK_H

/* Returns a descriptor that holds it; -EAGAIN: a registry lives (or another process checks whether
 * it does); without create, -ENOENT: there is no lock file. */
int rilli_registry_claim(int dir, int create);
/* Unlocks it explicitly: a child that was forked meanwhile has the descriptor, too. */
void rilli_registry_unclaim(int lock);

#endif
