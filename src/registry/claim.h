/* SPDX-License-Identifier: MIT */
/* claim.h - that one registry at most serves a namespace, and its socket. */
#ifndef RILLD_CLAIM_H
#define RILLD_CLAIM_H

struct claim {
  int lock;     /* the locked file                                                    */
  int listener; /* bound and listening                                                */
  int given;    /* the socket came from whoever started us: it stays                  */
};

/* given: a listening socket from outside (socket activation), or -1. 0 or -errno with its
 * text; -EBUSY: another registry serves the namespace. */
int claim_take(int dir, int given, struct claim *ret);
/* Removes the socket and the lock file: the namespace is as before. */
void claim_release(int dir, struct claim *claim);

/* The socket passed by LISTEN_FDS, -1 if there is none, -EINVAL if it is not one to listen on. */
int claim_given(void);

#endif
