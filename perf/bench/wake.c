/* SPDX-License-Identifier: MIT */
/* perf/bench/wake.c - how long a message needs there and back when both ends sleep.
 *
 * As round_trip, but both ends sleep in the kernel immediately: every message wakes a process,
 * and most of the time is spent in the scheduler. Each side works for a while before it sends
 * (drive.h), so that the other one is really asleep. The unit is not the raw line but
 * the least that can wake a process: the round trip over two bare futex words of the same
 * rounds. A turn takes 1 ms without that work: a round trip takes about 50 us. */
#include "lineup.h"

static const size_t sizes[] = {8, 0};

void bench_line_up(struct suite *suite) {
  suite->subject = "wake";
  suite->unit = "round trip";
  suite->unit_contender = "futex/8";
  suite->rounds = 500;
  suite->slice_us = 1000;
  lineup_add_all(suite, LINEUP_WAKE, PEER_SLEEP, sizes);
  lineup_add(suite, peer_find("rill"), "rill_adaptive", LINEUP_WAKE, PEER_ADAPTIVE, 8);
  static const char *const large[] = {"rill", "pipe", "unix_seqpacket", "zeromq"};
  for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
    lineup_add(suite, peer_find(large[i]), NULL, LINEUP_WAKE, PEER_SLEEP, 1000);
}
