/* SPDX-License-Identifier: MIT */
/* perf/peers/descriptor.h - links over a pair of file descriptors with read and write.
 *
 * The supervisor opens them, and the processes inherit them: no names, nothing to leave
 * behind. A link that spins has descriptors with O_NONBLOCK, and calls read or write until
 * it does, with a pause in between; one that sleeps calls them once, and they block. */
#ifndef RILL_PERF_DESCRIPTOR_H
#define RILL_PERF_DESCRIPTOR_H

#include "drive.h"

#include <fcntl.h>
#include <unistd.h>

struct descriptor {
  struct peer_link link;
  int fds[2];  /* by enum peer_end                                                  */
  size_t have; /* of a message that came in parts                                  */
  _Alignas(16) unsigned char buffer[PEER_LARGEST];
};

static inline void descriptor_remove(struct peer_link *link) {
  const struct descriptor *self = (struct descriptor *)link;
  close(self->fds[PEER_SEND]);
  if (self->fds[PEER_TAKE] != self->fds[PEER_SEND])
    close(self->fds[PEER_TAKE]);
}

PEER_FAST int descriptor_send(struct peer_link *link, const void *data) {
  const struct descriptor *self = (struct descriptor *)link;
  for (size_t sent = 0; sent < link->size;) {
    ssize_t n = write(self->fds[PEER_SEND], (const char *)data + sent, link->size - sent);
    if (n >= 0)
      sent += (size_t)n;
    else if (errno == EAGAIN)
      relax();
    else
      return pair_error(-errno, "write to %s: %s", link->name, strerror(errno));
  }
  return 0;
}

/* -EAGAIN only from a descriptor with O_NONBLOCK. */
PEER_FAST int descriptor_poll(struct peer_link *link, struct peer_message *ret) {
  struct descriptor *self = (struct descriptor *)link;
  while (self->have < link->size) {
    ssize_t n = read(self->fds[PEER_TAKE], self->buffer + self->have, link->size - self->have);
    if (n < 0 && errno == EAGAIN)
      return -EAGAIN;
    if (n <= 0)
      return pair_error(n ? -errno : -EPIPE, "read from %s: %s", link->name,
                        n ? strerror(errno) : "closed");
    self->have += (size_t)n;
  }
  *ret = (struct peer_message){self->buffer, self->have};
  self->have = 0;
  return 0;
}

PEER_FAST int descriptor_take(struct peer_link *link, struct peer_message *ret) {
  return drive_spin(descriptor_poll, link, ret);
}

PEER_FAST int descriptor_done(struct peer_link *link) {
  (void)link;
  return 0;
}

/* The flag for descriptors of that link. */
static inline int descriptor_flag(const struct peer_link *link, int nonblock) {
  return link->wait == PEER_SPIN ? nonblock : 0;
}

#endif
