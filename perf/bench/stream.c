/* SPDX-License-Identifier: MIT */
/* perf/bench/stream.c - how long a message takes when one follows the other.
 *
 * One sender, one taker, spinning. The sender writes every byte of a payload and sends it;
 * the taker copies every byte out. Without room the sender waits, so the slower one of both
 * sets the pace. A unit is one message; its ratio is to the raw round trip, as everywhere. */
#include "lineup.h"

static const size_t sizes[] = {8, 48, 200, 1000, 0};

void bench_line_up(struct suite *suite) {
  suite->subject = "stream";
  suite->unit = "message";
  lineup_add_all(suite, LINEUP_STREAM, PEER_SPIN, sizes);
  /* The size that other projects quote. */
  lineup_add(suite, peer_find("rill"), NULL, LINEUP_STREAM, PEER_SPIN, 64);
  lineup_add(suite, peer_find("bare"), NULL, LINEUP_STREAM, PEER_SPIN, 64);
}
