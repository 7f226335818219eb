/* SPDX-License-Identifier: MIT */
/* perf/peers/mq.c - a POSIX message queue of the kernel.
 *
 * 10 messages deep, the most that a user gets without a change of the system's limits. A
 * link that spins has O_NONBLOCK and calls until it works, with a pause. The name is removed
 * as soon as the queue is open: the processes inherit the descriptor. */
#include "drive.h"

#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <unistd.h>

enum { DEPTH = 10 };

struct mq {
  struct peer_link link;
  mqd_t queue;
  _Alignas(16) char buffer[PEER_LARGEST];
};

static int make(struct peer_link *link) {
  struct mq *mq = (struct mq *)link;
  char name[PEER_NAME_SIZE + 32];
  snprintf(name, sizeof name, "/rill-perf-%ld-%s", (long)getpid(), link->name);
  struct mq_attr attr = {.mq_maxmsg = DEPTH, .mq_msgsize = (long)link->size};
  int flags = O_RDWR | O_CREAT | O_EXCL | (link->wait == PEER_SPIN ? O_NONBLOCK : 0);
  mq->queue = mq_open(name, flags, 0600, &attr);
  if (mq->queue < 0)
    return pair_error(-errno, "POSIX message queue (see mq_overview(7), ulimit -q): %s",
                      strerror(errno));
  mq_unlink(name);
  return 0;
}

static void remove_(struct peer_link *link) {
  mq_close(((struct mq *)link)->queue);
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  const struct mq *mq = (struct mq *)link;
  while (mq_send(mq->queue, data, link->size, 0)) {
    if (errno != EAGAIN)
      return pair_error(-errno, "mq_send: %s", strerror(errno));
    relax();
  }
  return 0;
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  struct mq *mq = (struct mq *)link;
  ssize_t n = mq_receive(mq->queue, mq->buffer, link->size, NULL);
  if (n < 0)
    return errno == EAGAIN ? -EAGAIN : pair_error(-errno, "mq_receive: %s", strerror(errno));
  *ret = (struct peer_message){mq->buffer, (size_t)n};
  return 0;
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  return drive_spin(poll_, link, ret);
}

PEER_FAST int done(struct peer_link *link) {
  (void)link;
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct mq), make, remove_, NULL, NULL, send_, take, poll_, done};

DRIVE_PEER(mq, ops, "POSIX message queue, 10 deep; O_NONBLOCK with a pause, or blocking",
           PEER_LARGEST, PEER_SPIN | PEER_SLEEP, 0);
