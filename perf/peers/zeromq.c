/* SPDX-License-Identifier: MIT */
/* perf/peers/zeromq.c - ZeroMQ, PUSH to PULL over ipc.
 *
 * PUSH and PULL are its guide's sockets for messages that go one way, and those of its own
 * throughput test. One context a process with one I/O thread, which its guide finds enough
 * below a gigabyte a second. Messages are taken as zmq_msg_t, without a copy. High-water
 * marks are the default (1000 messages on each side).
 *
 * The taker binds, the sender connects and waits for it by itself. A link that spins calls
 * with ZMQ_DONTWAIT and yields its core in between (sched_yield) instead of a pause: the I/O
 * thread needs the same core, and with a pause gets it only when the scheduler takes it away
 * (a stream then varies tenfold). One that sleeps blocks in the library. */
#include "drive.h"
#include "place.h"

#include <sched.h>
#include <stdio.h>
#include <unistd.h>
#include <zmq.h>

struct zeromq {
  struct peer_link link;
  void *socket;
  zmq_msg_t message;
};

/* One a process, of as many links as there are. */
static void *context;
static unsigned users;

static int told(const char *what, const struct peer_link *link) {
  return pair_error(-errno, "%s of %s: %s", what, link->name, zmq_strerror(errno));
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
  struct zeromq *zeromq = (struct zeromq *)link;
  char path[128], address[160];
  if (!context)
    context = zmq_ctx_new();
  if (!context)
    return told("context", link);
  zeromq->socket = zmq_socket(context, end == PEER_SEND ? ZMQ_PUSH : ZMQ_PULL);
  if (!zeromq->socket)
    return told("socket", link);
  users++;
  int now = 0, soon = 10;
  zmq_setsockopt(zeromq->socket, ZMQ_LINGER, &now, sizeof now);
  zmq_setsockopt(zeromq->socket, ZMQ_RECONNECT_IVL, &soon, sizeof soon);
  place_path(link->name, path, sizeof path);
  snprintf(address, sizeof address, "ipc://%s", path);
  if (end == PEER_SEND ? zmq_connect(zeromq->socket, address) : zmq_bind(zeromq->socket, address))
    return told("address", link);
  return 0;
}

static void close_(struct peer_link *link, enum peer_end end) {
  (void)end;
  zmq_close(((struct zeromq *)link)->socket);
  if (--users == 0)
    zmq_ctx_term(context);
}

static inline int flags_of(const struct peer_link *link) {
  return link->wait == PEER_SPIN ? ZMQ_DONTWAIT : 0;
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  const struct zeromq *zeromq = (struct zeromq *)link;
  while (zmq_send(zeromq->socket, data, link->size, flags_of(link)) < 0) {
    if (errno != EAGAIN)
      return told("send", link);
    sched_yield();
  }
  return 0;
}

PEER_FAST int receive(struct peer_link *link, int flags, struct peer_message *ret) {
  struct zeromq *zeromq = (struct zeromq *)link;
  zmq_msg_init(&zeromq->message);
  int n = zmq_msg_recv(&zeromq->message, zeromq->socket, flags);
  if (n < 0)
    return errno == EAGAIN ? -EAGAIN : told("receive", link);
  *ret = (struct peer_message){zmq_msg_data(&zeromq->message), (size_t)n};
  return 0;
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  return receive(link, ZMQ_DONTWAIT, ret);
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  int rc;
  while ((rc = receive(link, flags_of(link), ret)) == -EAGAIN)
    sched_yield();
  return rc;
}

PEER_FAST int done(struct peer_link *link) {
  zmq_msg_close(&((struct zeromq *)link)->message);
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct zeromq), make, remove_, open_, close_, send_, take, poll_, done};

DRIVE_PEER(zeromq, ops, PEER_VERSION ": PUSH to PULL over ipc, one I/O thread", PEER_LARGEST,
           PEER_SPIN | PEER_SLEEP, PEER_THREADS);
