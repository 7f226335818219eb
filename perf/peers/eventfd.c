/* SPDX-License-Identifier: MIT */
/* perf/peers/eventfd.c - an eventfd, which carries one number of 8 bytes.
 *
 * Not a queue: a number that is written before the last one was read is added to it, so it holds
 * one message. 0 and the greatest number cannot be sent; drive.h never sends them. See descriptor.h
 * for how it spins and sleeps. */
#include "descriptor.h"

#include <sys/eventfd.h>

static int make(struct peer_link *link) {
  struct descriptor *self = (struct descriptor *)link;
  int fd = eventfd(0, EFD_CLOEXEC | descriptor_flag(link, EFD_NONBLOCK));
  if (fd < 0)
    return pair_error(-errno, "eventfd: %s", strerror(errno));
  self->fds[PEER_SEND] = self->fds[PEER_TAKE] = fd;
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

DRIVE_PEER(eventfd, ops, "write and read; EFD_NONBLOCK with a pause, or blocking", 8,
           PEER_SPIN | PEER_SLEEP, PEER_SINGLE);
