/* SPDX-License-Identifier: MIT */
/* claim.h - makes sure that at most one registry serves a namespace, and makes its socket. */
#ifndef RILLD_CLAIM_H
#define RILLD_CLAIM_H

struct claim {
  int lock;     /* the locked file                                                    */
  int listener; /* bound and listening                                                */
  int given;    /* the starting process passed the socket: it stays */
};

/* given: a listening socket from outside (socket activation), or -1. Returns 0, or -errno with
 * its text; -EBUSY: another registry serves the namespace. */
int claim_take(int dir, int given, struct claim *ret);
/* Removes the socket and the lock file: the namespace is as before. */
void claim_release(int dir, struct claim *claim);

/* The socket passed by LISTEN_FDS, -1 if there is none, -EINVAL if it does not listen. */
int claim_given(void);

#endif
