/* SPDX-License-Identifier: MIT */
/* perf/peers/pipe.c - an anonymous pipe, one write and one read a message.
 *
 * The kernel's default capacity (64 KiB). Messages are not over PIPE_BUF, so each write is
 * whole. See descriptor.h for how it spins and sleeps. */
#include "descriptor.h"

static int make(struct peer_link *link) {
  struct descriptor *self = (struct descriptor *)link;
  int fds[2];
  if (pipe2(fds, O_CLOEXEC | descriptor_flag(link, O_NONBLOCK)))
    return pair_error(-errno, "pipe: %s", strerror(errno));
  self->fds[PEER_TAKE] = fds[0];
  self->fds[PEER_SEND] = fds[1];
  return 0;
}

static const struct peer_ops ops = {sizeof(struct descriptor),
                                    make,
                                    descriptor_remove,
                                    NULL,
                                    NULL,
                                    descriptor_send,
                                    descriptor_take,
                                    descriptor_poll,
                                    descriptor_done};

DRIVE_PEER(pipe, ops, "write and read; O_NONBLOCK with a pause, or blocking", PEER_LARGEST,
           PEER_SPIN | PEER_SLEEP, 0);
