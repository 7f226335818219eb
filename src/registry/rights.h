/* SPDX-License-Identifier: MIT */
/* rights.h - a client's user, as the kernel reports it, and what it may do. */
#ifndef RILLD_RIGHTS_H
#define RILLD_RIGHTS_H

#include <stdint.h>
#include <sys/types.h>

#define RIGHTS_GROUPS 32 /* supplementary groups that are checked */

struct rights {
  pid_t pid;
  uid_t uid;
  gid_t groups[RIGHTS_GROUPS + 1];
  unsigned group_count;
  int full; /* root or the namespace's owner: may do everything */
};

/* Gets those of the socket's peer. owner: of the namespace. 0 or -errno. */
int rights_of_peer(int fd, uid_t owner, struct rights *ret);

/* By the queue's rights (rill_queue_attr.mode: 4 look, 2 publish, 1 take), as the kernel would
 * decide. A client that may publish or take may attach. Pure. */
int rights_may_read(const struct rights *rights, uint32_t mode, uint32_t uid, uint32_t gid);
int rights_may_attach(const struct rights *rights, uint32_t mode, uint32_t uid, uint32_t gid);

#endif
