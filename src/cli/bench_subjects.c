/* SPDX-License-Identifier: MIT */
/* bench_subjects.c - which contender runs against which limit in each subject of rill bench. */
#include "bench.h"

#include "fan.h"
#include "lineup.h"

enum { FUTEX_SIZE = 8 }; /* the payload beside the bare futex */

static size_t add(struct suite *suite, const char *peer, enum lineup_kind kind, enum peer_wait wait,
                  size_t size) {
  lineup_add(suite, peer_find(peer), NULL, kind, wait, size);
  return HARNESS_FIRST + suite->count - 1;
}

/* There and back; the limit is the raw line, which the rounds measure in any case. */
static size_t round_trip(const size_t *sizes, struct suite *suite,
                         struct bench_row rows[BENCH_ROWS]) {
  size_t count = 0;
  for (; sizes[count]; count++)
    rows[count] =
        (struct bench_row){.size = sizes[count],
                           .column = add(suite, "rill", LINEUP_ECHO, PEER_SPIN, sizes[count]),
                           .limit = HARNESS_RAW_BEST};
  return count;
}

/* One after the other; the limit is the bare ring with the same payload. */
static size_t stream(const size_t *sizes, struct suite *suite, struct bench_row rows[BENCH_ROWS]) {
  size_t count = 0;
  for (; sizes[count]; count++)
    rows[count] =
        (struct bench_row){.size = sizes[count],
                           .column = add(suite, "rill", LINEUP_STREAM, PEER_SPIN, sizes[count]),
                           .limit = add(suite, "bare", LINEUP_STREAM, PEER_SPIN, sizes[count])};
  return count;
}

/* There and back, to processes that have had time to fall asleep; the limit is two bare futex
 * words. */
static size_t wake(const size_t *sizes, struct suite *suite, struct bench_row rows[BENCH_ROWS]) {
  size_t count = 0, limit = add(suite, "futex", LINEUP_WAKE, PEER_SLEEP, FUTEX_SIZE);
  for (; sizes[count]; count++)
    rows[count] =
        (struct bench_row){.size = sizes[count],
                           .column = add(suite, "rill", LINEUP_WAKE, PEER_SLEEP, sizes[count]),
                           .limit = limit};
  return count;
}

/* As stream, but 1, 2 and 4 processes take each message; they sleep when there is none, and
 * share a core. The limit is the same stream with one consumer. */
static size_t fan_out(const size_t *sizes, struct suite *suite, struct bench_row rows[BENCH_ROWS]) {
  size_t count = 0;
  for (; *sizes && count + 2 <= BENCH_ROWS; sizes++) {
    size_t limit = HARNESS_FIRST + suite->count;
    for (unsigned takers = 1; takers <= 4; takers *= 2) {
      fan_add(suite, "rill", takers, PEER_SLEEP, *sizes);
      if (takers > 1)
        rows[count++] = (struct bench_row){.size = *sizes,
                                           .consumers = takers,
                                           .column = HARNESS_FIRST + suite->count - 1,
                                           .limit = limit};
    }
  }
  return count;
}

const struct bench_subject bench_subjects[BENCH_SUBJECTS] = {
    {"round_trip", "spin", "raw line", 250, {8, 48, 200, 1000, 0}, round_trip},
    {"stream", "spin", "bare ring", 250, {8, 48, 200, 1000, 0}, stream},
    {"wake", "park", "bare futex", 1000, {48, 0}, wake},
    {"fan_out", "park", "one consumer", 4000, {48, 0}, fan_out},
};
