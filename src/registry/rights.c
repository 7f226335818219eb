/* SPDX-License-Identifier: MIT */
/* rights.c - a client's user, and what it may do. See rights.h. */
#include "rights.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int rights_of_peer(int fd, uid_t owner, struct rights *ret) {
  struct ucred peer;
  socklen_t size = sizeof peer;
  memset(ret, 0, sizeof *ret);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
    return -errno;
  ret->pid = peer.pid;
  ret->uid = peer.uid;
  ret->full = peer.uid == 0 || peer.uid == owner;
  ret->groups[0] = peer.gid;
  ret->group_count = 1;
  size = RIGHTS_GROUPS * sizeof *ret->groups; /* with more groups, none of them counts */
  if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, ret->groups + 1, &size) == 0)
    ret->group_count += (unsigned)(size / sizeof *ret->groups);
  return 0;
}

static int may(const struct rights *rights, uint32_t mode, uint32_t uid, uint32_t gid,
               uint32_t bit) {
  if (rights->full)
    return 1;
  if (rights->uid == uid)
    return (mode & bit << 6) != 0;
  for (unsigned i = 0; i < rights->group_count; i++)
    if (rights->groups[i] == gid)
      return (mode & bit << 3) != 0;
  return (mode & bit) != 0;
}

int rights_may_read(const struct rights *rights, uint32_t mode, uint32_t uid, uint32_t gid) {
  return may(rights, mode, uid, gid, 4);
}

int rights_may_attach(const struct rights *rights, uint32_t mode, uint32_t uid, uint32_t gid) {
  return may(rights, mode, uid, gid, 1);
}
