/* SPDX-License-Identifier: MIT */
/* perf/peers/lineup.h - peers as contenders of a suite. */
#ifndef RILL_PERF_LINEUP_H
#define RILL_PERF_LINEUP_H

#include "peer.h"
#include "suite.h"

enum lineup_kind {
  LINEUP_ECHO,  /* two links, one each way; a unit is a message there and back      */
  LINEUP_WAKE,  /* the same, and the receiver has had time to fall asleep           */
  LINEUP_STREAM /* one link; a unit is one message                                 */
};

/* Adds NAME/SIZE for a peer that can do it: its own name if name is NULL. A peer that
 * cannot (size, wait, a stream through a single place), or NULL, is left out. Exits when there
 * is no memory: only for the beginning of a program. */
void lineup_add(struct suite *suite, const struct peer *peer, const char *name,
                enum lineup_kind kind, enum peer_wait wait, size_t size);

/* The same for all peers, one size after the other, and notes of how they are configured
 * and which ones are missing. sizes ends with 0. */
void lineup_add_all(struct suite *suite, enum lineup_kind kind, enum peer_wait wait,
                    const size_t *sizes);

#endif
