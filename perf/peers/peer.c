/* SPDX-License-Identifier: MIT */
/* perf/peers/peer.c - finding peers, and memory for their links. */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

const struct peer *peer_find(const char *name) {
  for (size_t i = 0; peers[i]; i++) {
    if (strcmp(peers[i]->name, name) == 0)
      return peers[i];
  }
  return NULL;
}

struct peer_link *peer_link_new(const struct peer *peer, enum peer_wait wait, size_t size,
                                const char *name) {
  /* Away from its neighbours, so that the figures do not depend on where malloc has put it. */
  const size_t line = 128, bytes = (peer->ops->link_size + line - 1) / line * line;
  struct peer_link *link = aligned_alloc(line, bytes);
  if (!link)
    return NULL;
  memset(link, 0, bytes);
  snprintf(link->name, sizeof link->name, "%s", name);
  link->size = size;
  link->wait = wait;
  return link;
}

void peer_link_free(struct peer_link *link) {
  free(link);
}
