/* SPDX-License-Identifier: MIT */
/* perf/peers/nanomsg.c - nanomsg, PUSH to PULL over ipc.
 *
 * The pipeline protocol is made for messages that go one way. Messages are taken in
 * nanomsg's own buffers (NN_MSG), without a copy. Buffers are the default (128 KiB).
 *
 * The taker binds, the sender connects and waits for it by itself. A link that spins calls
 * with NN_DONTWAIT and yields its core in between (sched_yield): nanomsg's worker thread
 * needs the same core. One that sleeps blocks in the library. */
#include "drive.h"
#include "place.h"

#include <nanomsg/nn.h>
#include <nanomsg/pipeline.h>
#include <sched.h>
#include <stdio.h>

struct nanomsg {
  struct peer_link link;
  int socket;
  void *message;
};

static int told(const char *what, const struct peer_link *link) {
  return pair_error(-EIO, "%s of %s: %s", what, link->name, nn_strerror(nn_errno()));
}

static int make(struct peer_link *link) {
  (void)link;
  return place_enter();
}

static void remove_(struct peer_link *link) {
  (void)link;
  place_leave();
}

static int open_(struct peer_link *link, enum peer_end end) {
  struct nanomsg *nanomsg = (struct nanomsg *)link;
  char path[128], address[160];
  place_path(link->name, path, sizeof path);
  snprintf(address, sizeof address, "ipc://%s", path);
  nanomsg->socket = nn_socket(AF_SP, end == PEER_SEND ? NN_PUSH : NN_PULL);
  if (nanomsg->socket < 0)
    return told("socket", link);
  int soon = 10;
  nn_setsockopt(nanomsg->socket, NN_SOL_SOCKET, NN_RECONNECT_IVL, &soon, sizeof soon);
  if ((end == PEER_SEND ? nn_connect(nanomsg->socket, address)
                        : nn_bind(nanomsg->socket, address)) < 0)
    return told("address", link);
  return 0;
}

static void close_(struct peer_link *link, enum peer_end end) {
  (void)end;
  nn_close(((struct nanomsg *)link)->socket);
}

static inline int flags_of(const struct peer_link *link) {
  return link->wait == PEER_SPIN ? NN_DONTWAIT : 0;
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  const struct nanomsg *nanomsg = (struct nanomsg *)link;
  while (nn_send(nanomsg->socket, data, link->size, flags_of(link)) < 0) {
    if (nn_errno() != EAGAIN)
      return told("send", link);
    sched_yield();
  }
  return 0;
}

PEER_FAST int receive(struct peer_link *link, int flags, struct peer_message *ret) {
  struct nanomsg *nanomsg = (struct nanomsg *)link;
  int n = nn_recv(nanomsg->socket, &nanomsg->message, NN_MSG, flags);
  if (n < 0)
    return nn_errno() == EAGAIN ? -EAGAIN : told("receive", link);
  *ret = (struct peer_message){nanomsg->message, (size_t)n};
  return 0;
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  return receive(link, NN_DONTWAIT, ret);
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  int rc;
  while ((rc = receive(link, flags_of(link), ret)) == -EAGAIN)
    sched_yield();
  return rc;
}

PEER_FAST int done(struct peer_link *link) {
  nn_freemsg(((struct nanomsg *)link)->message);
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct nanomsg), make, remove_, open_, close_, send_, take, poll_, done};

DRIVE_PEER(nanomsg, ops, PEER_VERSION ": PUSH to PULL over ipc, messages taken without a copy",
           PEER_LARGEST, PEER_SPIN | PEER_SLEEP, PEER_THREADS);
