/* SPDX-License-Identifier: MIT */
/* registry_lock.h - the lock of the namespace's registry, by which it is known to live. */
#ifndef RILLI_REGISTRY_LOCK_H
#define RILLI_REGISTRY_LOCK_H

/* Returns a descriptor that holds it; -EAGAIN: a registry lives (or another process checks whether
 * it does); without create, -ENOENT: there is no lock file. */
int rilli_registry_claim(int dir, int create);
/* Gives it up, by name: a child that was forked meanwhile has the descriptor, too. */
void rilli_registry_unclaim(int lock);

#endif
