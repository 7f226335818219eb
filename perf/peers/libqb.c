/* SPDX-License-Identifier: MIT */
/* perf/peers/libqb.c - the ring buffer of libqb (qbrb.h), for one writer and one reader.
 *
 * 1 MiB, as a Rill queue has by default. Chunks are read where they lie
 * (qb_rb_chunk_peek) and then given back. A link that spins has no semaphore
 * (QB_RB_FLAG_NO_SEMAPHORE), which is its fast kind, and polls with a pause; one that sleeps
 * has the semaphore, which is posted for each chunk. The supervisor makes the ring, and the
 * processes inherit its mappings: libqb removes the files with the last reference. */
#include "drive.h"
#include "place.h"

#include <qb/qbrb.h>
#include <stdio.h>

enum { RING_BYTES = 1 << 20 };

struct libqb {
  struct peer_link link;
  qb_ringbuffer_t *ring;
};

static int make(struct peer_link *link) {
  struct libqb *libqb = (struct libqb *)link;
  int rc = place_enter();
  if (rc)
    return rc;
  char path[128];
  place_path(link->name, path, sizeof path);
  uint32_t flags = QB_RB_FLAG_CREATE | QB_RB_FLAG_SHARED_PROCESS;
  if (link->wait == PEER_SPIN)
    flags |= QB_RB_FLAG_NO_SEMAPHORE;
  libqb->ring = qb_rb_open(path, RING_BYTES, flags, 0);
  if (!libqb->ring) {
    rc = pair_error(-errno, "ring '%s': %s", path, strerror(errno));
    place_leave();
  }
  return rc;
}

static void remove_(struct peer_link *link) {
  qb_rb_close(((struct libqb *)link)->ring);
  place_leave();
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  const struct libqb *libqb = (struct libqb *)link;
  ssize_t n;
  while ((n = qb_rb_chunk_write(libqb->ring, data, link->size)) == -EAGAIN)
    relax();
  return n < 0 ? pair_error((int)n, "write to %s: %s", link->name, strerror((int)-n)) : 0;
}

PEER_FAST int peek(struct peer_link *link, int32_t timeout, struct peer_message *ret) {
  const struct libqb *libqb = (struct libqb *)link;
  void *data;
  ssize_t n = qb_rb_chunk_peek(libqb->ring, &data, timeout);
  if (n > 0) {
    *ret = (struct peer_message){data, (size_t)n};
    return 0;
  }
  /* An empty ring without a semaphore is "no message" (EBADMSG), with one it is 0. */
  if (n == 0 || n == -EBADMSG || n == -ETIMEDOUT)
    return -EAGAIN;
  return pair_error((int)n, "read from %s: %s", link->name, strerror((int)-n));
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  return peek(link, 0, ret);
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  int rc;
  while ((rc = peek(link, -1, ret)) == -EAGAIN)
    relax();
  return rc;
}

PEER_FAST int done(struct peer_link *link) {
  qb_rb_chunk_reclaim(((struct libqb *)link)->ring);
  return 0;
}

static const struct peer_ops ops = {
    sizeof(struct libqb), make, remove_, NULL, NULL, send_, take, poll_, done};

DRIVE_PEER(libqb, ops,
           PEER_VERSION ": ring buffer of 1 MiB, read in place; no semaphore if it spins",
           PEER_LARGEST, PEER_SPIN | PEER_SLEEP, 0);
