/* SPDX-License-Identifier: MIT */
/* registry_link.c - the library's side of the registry. See registry_link.h; keeps promise 1. */
#include "registry_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "descriptor.h"

/* Through the directory's descriptor: the path may have any length, and it is this directory. */
static void socket_address(int dir, struct sockaddr_un *ret) {
  *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
  (void)snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/" RILLI_SOCKET_FILE, dir);
}

/* A process that listens there must belong to root, to this user or to the directory's owner. */
static int trusted(int fd, int dir) {
  struct ucred peer;
  struct stat status;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || fstat(dir, &status) != 0)
    return 0;
  return peer.uid == 0 || peer.uid == geteuid() || peer.uid == status.st_uid;
}

int rilli_registry_connect(int dir, int flags) {
  struct sockaddr_un address;
  socket_address(dir, &address);
  const int fd = rilli_above_streams(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0));
  if (fd < 0)
    return fd;
  int code = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
  if (code == 0 && !trusted(fd, dir))
    code = -EPERM;
  if (code == 0)
    return fd;
  (void)close(fd);
  return code;
}

/* --- notices ------------------------------------------------------------------------ */

static void drop(struct rilli_link *link, int ours) {
  if (ours)
    (void)close(link->fd);
  link->fd = -1;
}

/* Returns 1 if it was sent, or dropped because the socket was full; 0: not connected any more. */
static int put(struct rilli_link *link, const struct rilli_wire_notice *notice) {
  if (!rilli_is_still(link->fd, &link->id)) {
    drop(link, 0);
    return 0;
  }
  if (send(link->fd, notice, sizeof *notice, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 || errno == EAGAIN ||
      errno == EINTR || errno == ENOBUFS)
    return 1;
  drop(link, 1);
  return 0;
}

static void greet(struct rilli_link *link, int dir) {
  struct rilli_wire_notice hello;
  link->fd = rilli_registry_connect(dir, SOCK_NONBLOCK);
  if (link->fd < 0)
    return;
  if (rilli_file_id_of(link->fd, &link->id)) {
    drop(link, 1);
    return;
  }
  rilli_wire_start(&hello, RILLI_WIRE_HELLO, 0);
  hello.flags = link->late ? RILLI_HELLO_LATE : 0;
  rilli_wire_name(hello.name, program_invocation_short_name);
  (void)put(link, &hello);
}

void rilli_link_open(struct rilli_link *link, int dir) {
  (void)pthread_mutex_init(&link->lock, NULL);
  link->late = 0;
  greet(link, dir);
}

void rilli_link_close(struct rilli_link *link) {
  drop(link, rilli_is_still(link->fd, &link->id));
  (void)pthread_mutex_destroy(&link->lock);
}

static void fill(struct rilli_wire_notice *ret, enum rilli_wire_type type, const char *name,
                 struct rilli_role role) {
  rilli_wire_start(ret, type, 0);
  ret->kind = role.kind;
  ret->group = role.group;
  ret->slot = role.slot;
  rilli_wire_name(ret->name, name);
}

void rilli_link_attach(struct rilli_link *link, int dir, const char *name, struct rilli_role role) {
  struct rilli_wire_notice notice;
  fill(&notice, RILLI_WIRE_ATTACH, name, role);
  (void)pthread_mutex_lock(&link->lock);
  if (!put(link, &notice)) {
    greet(link, dir);
    if (link->fd >= 0)
      (void)put(link, &notice);
  }
  link->late = 1;
  (void)pthread_mutex_unlock(&link->lock);
}

void rilli_link_detach(struct rilli_link *link, const char *name, struct rilli_role role) {
  struct rilli_wire_notice notice;
  fill(&notice, RILLI_WIRE_DETACH, name, role);
  (void)pthread_mutex_lock(&link->lock);
  if (link->fd >= 0)
    (void)put(link, &notice);
  (void)pthread_mutex_unlock(&link->lock);
}

/* --- the registry's life ---------------------------------------------------------------- */

int rilli_registry_listens(int dir) {
  const int fd = rilli_registry_connect(dir, SOCK_NONBLOCK);
  if (fd >= 0)
    (void)close(fd);
  return fd >= 0 || fd == -EAGAIN;
}

/* --- requests ----------------------------------------------------------------------- */

int rilli_registry_send(int fd, const void *message) {
  const struct rilli_wire_head *head = message;
  ssize_t sent;
  do
    sent = send(fd, message, head->size, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent >= 0 ? 0 : -errno;
}

int rilli_registry_receive(int fd, union rilli_wire_message *ret) {
  const ssize_t size = recv(fd, ret, sizeof *ret, MSG_TRUNC);
  if (size < 0)
    return errno == ECONNRESET ? -EPIPE : -errno;
  return size ? rilli_wire_check_registry(ret, (size_t)size) : -EPIPE;
}
