/* SPDX-License-Identifier: MIT */
/* perf/peers/nng.c - nng, push to pull over ipc.
 *
 * The pipeline protocol is made for messages that go one way. Messages are nng_msg, which
 * it takes and gives without a copy. The sender buffers 1000 of them (NNG_OPT_SENDBUF, 0 by
 * default), as many as ZeroMQ does, and so does the taker if its protocol has a buffer.
 * The calls are the synchronous ones, which most programs use: inside, each waits for a
 * thread of nng, even with NNG_FLAG_NONBLOCK, and a stream pays for that with every message.
 * Many asynchronous operations (nng_aio) together would share this cost.
 *
 * The taker listens, the sender dials and waits for it by itself. A link that spins calls
 * with NNG_FLAG_NONBLOCK and yields its core in between (sched_yield): nng hands every
 * message from thread to thread, and all of them need the same core. One that sleeps blocks
 * in the library. */
#include "drive.h"
#include "place.h"

#include <nng/nng.h>
#include <nng/protocol/pipeline0/pull.h>
#include <nng/protocol/pipeline0/push.h>
#include <sched.h>
#include <stdio.h>

struct nng {
  struct peer_link link;
  nng_socket socket;
  nng_msg *message;
};

static int told(int code, const char *what, const struct peer_link *link) {
  return pair_error(-EIO, "%s of %s: %s", what, link->name, nng_strerror(code));
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
  struct nng *nng = (struct nng *)link;
  char path[128], address[160];
  place_path(link->name, path, sizeof path);
  snprintf(address, sizeof address, "ipc://%s", path);
  int rc = end == PEER_SEND ? nng_push0_open(&nng->socket) : nng_pull0_open(&nng->socket);
  if (rc)
    return told(rc, "socket", link);
  rc = nng_socket_set_int(nng->socket, end == PEER_SEND ? NNG_OPT_SENDBUF : NNG_OPT_RECVBUF, 1000);
  if (rc && rc != NNG_ENOTSUP)
    return told(rc, "buffer", link);
  if (end == PEER_TAKE)
    rc = nng_listen(nng->socket, address, NULL, 0);
  else if ((rc = nng_socket_set_ms(nng->socket, NNG_OPT_RECONNMINT, 10)) == 0)
    rc = nng_dial(nng->socket, address, NULL, NNG_FLAG_NONBLOCK);
  return rc ? told(rc, "address", link) : 0;
}

static void close_(struct peer_link *link, enum peer_end end) {
  (void)end;
  nng_close(((struct nng *)link)->socket);
}

static inline int flags_of(const struct peer_link *link) {
  return link->wait == PEER_SPIN ? NNG_FLAG_NONBLOCK : 0;
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  const struct nng *nng = (struct nng *)link;
  nng_msg *message;
  int rc = nng_msg_alloc(&message, link->size);
  if (rc)
    return told(rc, "message", link);
  memcpy(nng_msg_body(message), data, link->size);
  while ((rc = nng_sendmsg(nng->socket, message, flags_of(link))) == NNG_EAGAIN)
    sched_yield();
  if (rc)
    nng_msg_free(message);
  return rc ? told(rc, "send", link) : 0;
}

PEER_FAST int receive(struct peer_link *link, int flags, struct peer_message *ret) {
  struct nng *nng = (struct nng *)link;
  int rc = nng_recvmsg(nng->socket, &nng->message, flags);
  if (rc)
    return rc == NNG_EAGAIN ? -EAGAIN : told(rc, "receive", link);
  *ret = (struct peer_message){nng_msg_body(nng->message), nng_msg_len(nng->message)};
  return 0;
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  return receive(link, NNG_FLAG_NONBLOCK, ret);
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  int rc;
  while ((rc = receive(link, flags_of(link), ret)) == -EAGAIN)
    sched_yield();
  return rc;
}

PEER_FAST int done(struct peer_link *link) {
  nng_msg_free(((struct nng *)link)->message);
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct nng), make, remove_, open_, close_, send_, take, poll_, done};

DRIVE_PEER(nng, ops, PEER_VERSION ": push to pull over ipc, messages without a copy", PEER_LARGEST,
           PEER_SPIN | PEER_SLEEP, PEER_THREADS);
