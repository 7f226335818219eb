/* SPDX-License-Identifier: MIT */
/* perf/bench/latency.c - how long after it was due a message is received, under load.
 *
 * An open loop (pace.h): a message every 1 us or 10 us, both ends spinning, and every 100 us
 * with a taker that sleeps. A message carries the time at which it was due; the taker copies
 * all of it out and then reads the clock (ticks.h). Every message is a sample. A message that
 * is sent late, because the sender was held up or found no room, counts from when it was due.
 * A contender that cannot keep the pace falls behind for as long as the turn lasts: its
 * figures then show that, and nothing else.
 *
 * The limit is `clock`: the number of the messages that are due, on one bare line, polled as
 * the peers poll. */
#include "drive.h"
#include "lineup.h"
#include "pace.h"
#include "ticks.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
  SIZE = 48,
  LEAD_NS = 5000 /* from the start of a turn to its first message: the taker is ready by then */
};

/* What a contender's turns need beside its drive. */
struct setting {
  const char *name;
  unsigned interval_ns;
  enum peer_wait wait;
};

static const struct setting settings[] = {{"1us", 1000, PEER_SPIN},
                                          {"10us", 10000, PEER_SPIN},
                                          {"100us_sleep", 100000, PEER_SLEEP},
                                          {"1us_adaptive", 1000, PEER_ADAPTIVE}};
enum { SETTINGS = sizeof settings / sizeof settings[0] };

struct pacer {
  const struct setting *setting;
  struct samples samples; /* of the taker's process                                */
};

static uint64_t ticks_of(unsigned ns) {
  return (uint64_t)(ns * ticks.per_ns);
}

/* --- a peer's turns --------------------------------------------------------------- */

static int send_due(void *self, uint64_t due) {
  struct drive *drive = self;
  unsigned char payload[SIZE];
  memset(payload, drive_next(drive), SIZE);
  memcpy(payload, &due, sizeof due);
  return drive->peer->ops->send(drive->there, payload);
}

/* For a peer with threads of its own: they need the core while nothing is due. */
static uint64_t ticks_politely(void) {
  sched_yield();
  return ticks_now();
}

static int send_turn(void *self, uint64_t n) {
  const struct drive *drive = self;
  const struct pacer *pacer = drive->own;
  const uint64_t lead = ticks_of(LEAD_NS), interval = ticks_of(pacer->setting->interval_ns);
  return drive->peer->traits & PEER_THREADS
             ? pace_send(ticks_politely, lead, interval, n, send_due, self)
             : pace_send(ticks_now, lead, interval, n, send_due, self);
}

static int take_turn(void *self, uint64_t n) {
  struct drive *drive = self;
  struct pacer *pacer = drive->own;
  const struct peer_ops *ops = drive->peer->ops;
  struct peer_message message = {NULL, 0};
  for (; n; n--) {
    unsigned char copy[SIZE];
    uint64_t due;
    int rc = ops->take(drive->there, &message);
    if (rc)
      return rc;
    if (message.size != SIZE)
      return pair_error(-EPROTO, "a message of %zu bytes came", message.size);
    memcpy(copy, message.data, SIZE);
    __asm__ volatile("" ::"r"(copy) : "memory");
    const uint64_t now = ticks_now();
    memcpy(&due, copy, sizeof due);
    if (copy[sizeof due] != drive_next(drive) || copy[SIZE - 1] != copy[sizeof due])
      return pair_error(-EPROTO, "a message is not what was sent");
    samples_add(&pacer->samples, ticks_ns(pace_latency(due, now)));
    rc = ops->done(drive->there);
    if (rc)
      return rc;
  }
  return 0;
}

/* --- the limit -------------------------------------------------------------------- */

struct line { /* each process has its own copy of all but what is shared                */
  struct pacer pacer;
  struct {
    _Alignas(128) _Atomic uint64_t sent; /* messages, ever                          */
    _Alignas(128) uint64_t first;        /* when the first of this turn is due       */
  } * shared;
  uint64_t count; /* sent, or taken                                                */
};

static int line_setup(void *self) {
  struct line *line = self;
  void *shared =
      mmap(NULL, sizeof *line->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return pair_error(-errno, "shared memory for a line: %s", strerror(errno));
  line->shared = shared;
  line->count = 0;
  return 0;
}

static void line_teardown(void *self) {
  struct line *line = self;
  munmap(line->shared, sizeof *line->shared);
}

static int line_send(void *self, uint64_t due) {
  struct line *line = self;
  if (!line->shared->first)
    line->shared->first = due;
  atomic_store_explicit(&line->shared->sent, ++line->count, memory_order_release);
  return 0;
}

static int line_ping(void *self, uint64_t n) {
  struct line *line = self;
  line->shared->first = 0;
  return pace_send(ticks_now, ticks_of(LEAD_NS), ticks_of(line->pacer.setting->interval_ns), n,
                   line_send, self);
}

static int line_pong(void *self, uint64_t n) {
  struct line *line = self;
  const uint64_t interval = ticks_of(line->pacer.setting->interval_ns);
  for (uint64_t place = 0; place < n;) {
    uint64_t sent;
    while ((sent = atomic_load_explicit(&line->shared->sent, memory_order_acquire)) == line->count)
      relax();
    const uint64_t now = ticks_now(), first = line->shared->first;
    for (; line->count != sent; line->count++, place++)
      samples_add(&line->pacer.samples, ticks_ns(pace_latency(first + place * interval, now)));
  }
  return 0;
}

/* --- the contenders --------------------------------------------------------------- */

static void *need(void *memory) {
  if (memory)
    return memory;
  fprintf(stderr, "out of memory\n");
  exit(1);
}

static char *words(const char *name, const char *separator, const char *setting) {
  char *text;
  if (asprintf(&text, "%s%s%s", name, separator, setting) < 0)
    text = NULL;
  return need(text);
}

/* A streaming contender becomes a paced one. */
static void pace(struct contender *contender, const struct setting *setting) {
  struct drive *drive = contender->self;
  char size[16];
  snprintf(size, sizeof size, "/%d/", SIZE);
  struct pacer *pacer = need(calloc(1, sizeof *pacer));
  pacer->setting = setting;
  drive->own = pacer;
  contender->name = words(drive->peer->name, size, setting->name);
  contender->ping = send_turn;
  contender->pong = take_turn;
  contender->stretch = 0; /* a backlog grows with the turn: all have the same          */
  contender->samples = &pacer->samples;
}

static void add_clock(struct suite *suite, const struct setting *setting) {
  struct line *line = need(calloc(1, sizeof *line));
  line->pacer.setting = setting;
  suite->contenders =
      need(realloc(suite->contenders, (suite->count + 1) * sizeof *suite->contenders));
  suite->contenders[suite->count++] =
      (struct contender){.name = words("clock", "/8/", setting->name),
                         .self = line,
                         .setup = line_setup,
                         .ping = line_ping,
                         .pong = line_pong,
                         .teardown = line_teardown,
                         .samples = &line->pacer.samples};
}

void bench_line_up(struct suite *suite) {
  static const size_t sizes[] = {SIZE, 0};
  suite->subject = "latency";
  suite->unit = "message, from when it was due; ns is the median of a turn";
  suite->rounds = 200;
  suite->slice_us = 5000;
  lineup_add_all(suite, LINEUP_STREAM, PEER_SPIN, sizes);
  for (size_t i = 0; i < suite->count; i++)
    pace(&suite->contenders[i], &settings[0]);
  add_clock(suite, &settings[0]);
  for (size_t s = 1; s < SETTINGS; s++) {
    for (size_t i = 0; peers[i]; i++) {
      char *name = words(peers[i]->name, "_", settings[s].name); /* of its link */
      size_t before = suite->count;
      lineup_add(suite, peers[i], name, LINEUP_STREAM, settings[s].wait, SIZE);
      free(name);
      if (suite->count > before)
        pace(&suite->contenders[before], &settings[s]);
    }
    if (settings[s].wait == PEER_SPIN)
      add_clock(suite, &settings[s]);
  }
  suite->notes = need(realloc(suite->notes, (suite->note_count + 1) * sizeof *suite->notes));
  suite->notes[suite->note_count++] = (struct suite_note){"clock", ticks_init()};
}
