/* SPDX-License-Identifier: MIT */
/* perf/peers/unix_stream.c - a Unix stream socket pair, one write and one read a message.
 *
 * A stream has no borders: a read asks for the rest of one message, whose size both know. The
 * kernel's default buffers. See descriptor.h for how it spins and sleeps. */
#include "descriptor.h"

#include <sys/socket.h>

static int make(struct peer_link *link) {
  struct descriptor *self = (struct descriptor *)link;
  int type = SOCK_STREAM | SOCK_CLOEXEC | descriptor_flag(link, SOCK_NONBLOCK);
  if (socketpair(AF_UNIX, type, 0, self->fds))
    return pair_error(-errno, "socket pair: %s", strerror(errno));
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

DRIVE_PEER(unix_stream, ops, "socketpair; O_NONBLOCK with a pause, or blocking", PEER_LARGEST,
           PEER_SPIN | PEER_SLEEP, 0);
