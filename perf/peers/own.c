/* SPDX-License-Identifier: MIT */
/* perf/peers/own.c - the peers of `rill bench`: Rill and its limits, which need no package. */
#include "peer.h"

extern const struct peer peer_rill, peer_bare, peer_futex;

const struct peer *const peers[] = {&peer_rill, &peer_bare, &peer_futex, NULL};
const char peers_missing[] = "";
