/* SPDX-License-Identifier: MIT */
/* registry_link.h - the library's side of the registry: notices of what it attaches to; requests.
 *
 * Nothing depends on it. It never waits. If there is no registry, the socket is full or a notice
 * is lost, a death is noticed later, by the periodic scan instead of its event. The data path
 * never uses it, and a forked child does not (its context is void). */
#ifndef RILLI_REGISTRY_LINK_H
#define RILLI_REGISTRY_LINK_H

#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

#include "descriptor.h"
#include "protocol.h"

struct rilli_link {
  pthread_mutex_t lock;
  int fd;                  /* -1: not connected                                               */
  int late;                /* it attached to something before it was connected               */
  struct rilli_file_id id; /* of the socket: nothing is written to another file     */
};

/* Tries to connect; silent when there is no registry. dir: the namespace's. */
void rilli_link_open(struct rilli_link *link, int dir);
void rilli_link_close(struct rilli_link *link);
/* Reports a role in a queue; ATTACH connects again when the registry was restarted. */
void rilli_link_attach(struct rilli_link *link, int dir, const char *name, struct rilli_role role);
void rilli_link_detach(struct rilli_link *link, const char *name, struct rilli_role role);

/* Does a process listen on the registry's socket? */
int rilli_registry_listens(int dir);

/* A separate connection, for requests, to be closed by the caller. flags: SOCK_NONBLOCK, or 0.
 * These three leave no text: a registry that is not there is not an error for the library.
 * -ECONNREFUSED, -ENOENT: there is no registry. -EPERM: the registry is not trusted. -EAGAIN: it
 * has no room for another connection now. */
int rilli_registry_connect(int dir, int flags);
/* Sends one message, whole. 0 or a negative errno value. */
int rilli_registry_send(int fd, const void *message);
/* Takes the next message, checked. Returns its type; -EPIPE: the registry has ended;
 * -EPROTONOSUPPORT: it has another version; -EPROTO: its message is invalid; -EAGAIN, -EINTR */
int rilli_registry_receive(int fd, union rilli_wire_message *ret);

#endif
