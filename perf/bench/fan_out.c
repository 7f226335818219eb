/* SPDX-License-Identifier: MIT */
/* perf/bench/fan_out.c - the cost of a stream that several processes take, each of them all
 * messages.
 *
 * One producer has a core to itself; 1, 2, 4 or 16 consumers, each a process, share the other.
 * 48 bytes, reliable: nothing is lost, every consumer reads every byte of every message.
 *
 * Ratios are to rill_spin/1 of the same rounds: ns a message to ns a message, so the part
 * of its throughput that is left is 1/ratio. Turns are long, since the scheduler is involved. */
#include "fan.h"

enum { SIZE = 48 };

void bench_line_up(struct suite *suite) {
  suite->subject = "fan_out";
  suite->unit = "message";
  suite->unit_contender = "rill_spin/1";
  suite->rounds = 200;
  suite->slice_us = 4000;
  for (size_t takers = 1; takers <= 4; takers *= 2) {
    fan_add(suite, "rill_spin", takers, PEER_SPIN, SIZE);
    fan_add(suite, "rill", takers, PEER_ADAPTIVE, SIZE);
    fan_add(suite, "rill_park", takers, PEER_SLEEP, SIZE);
  }
  fan_add(suite, "rill_park", 16, PEER_SLEEP, SIZE);
}
