/* SPDX-License-Identifier: MIT */
/* perf/bench/round_trip.c - how long a message needs there and back.
 *
 * Two links, one each way, spinning at both ends. Ping writes every byte of a payload,
 * sends it and compares every byte of the answer; pong answers with the bytes in the
 * place where the peer has put them. The limit is the raw round trip of one cache line, and for
 * payloads of many lines the same echo over bare rings. */
#include "lineup.h"

static const size_t sizes[] = {8, 48, 200, 1000, 0};

void bench_line_up(struct suite *suite) {
  suite->subject = "round_trip";
  suite->unit = "round trip";
  lineup_add_all(suite, LINEUP_ECHO, PEER_SPIN, sizes);
}
