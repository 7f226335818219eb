/* SPDX-License-Identifier: MIT */
/* sweep_meanwhile.c - a group is evicted while its member is stopped behind any instruction of a
 * release, a receive, an open or a close. The member then continues, or continues a little and
 * dies.
 *
 * Two ways: the producer goes round the ring, or it has room that it fills only later. What was
 * read is whole, before and after that, if its release succeeds. */
#include <errno.h>
#include <string.h>

#include "slow_group.h"
#include "sweep.h"

/* Counts of a victim: the messages that are certainly released, and the first one that may be.
 * count[0] is the harness's. */
enum { RELEASED = 1, EVICTED = 2 };

static void know(uint64_t next, int code) {
  CHECK_THAT(code == 0 || code == -ESTALE, "release: %d (%s)", code, rill_error());
  if (code == 0)
    atomic_store(&me->count[RELEASED], next);
  else
    atomic_store(&me->count[EVICTED], 1);
}

/* --- parts ---------------------------------------------------------------------------------- */

static rill_consumer *take_some(rill_queue *here) {
  rill_consumer *mine = open_slow(here);
  mark(); /* the ring is filled up, as far as there is room */
  for (uint64_t i = 0; i < TAKEN; i++)
    receive_number(mine, i);
  know(TAKEN, 0);
  return mine;
}

static void hold(const struct rill_message *message, unsigned char copy[MESSAGE_MOST]) {
  check_message(message, message->sequence);
  memcpy(copy, message->data, message->size);
}

/* Its only message, read just before. */
static void release_one(void *arg) {
  (void)arg;
  unsigned char copy[MESSAGE_MOST];
  struct rill_message message;
  rill_consumer *mine = take_some(open_queue(&others.attr));
  CHECK_EQ(rill_receive(mine, RILL_NOW, &message), 0);
  hold(&message, copy);
  mark(); /* the ring is filled up again */
  mark();
  const int whole = memcmp(copy, message.data, message.size) == 0;
  const int code = rill_release(mine, &message);
  CHECK_THAT(whole || code == -ESTALE, "the release of a torn message holds");
  know(TAKEN + 1, code);
  mark_end();
}

static void receive_and_release(void *arg) {
  (void)arg;
  struct rill_message message;
  unsigned char bytes[MESSAGE_MOST];
  rill_consumer *mine = take_some(open_queue(&others.attr));
  const size_t size = fill_message(TAKEN, bytes);
  mark();
  mark();
  int code = rill_receive(mine, RILL_NOW, &message);
  if (code == 0) {
    const int whole = message.size == size && memcmp(bytes, message.data, size) == 0;
    code = rill_release(mine, &message);
    CHECK_THAT(whole || code == -ESTALE, "the release of a torn message holds");
  }
  know(TAKEN + 1, code);
  mark_end();
}

/* Several together, released in two steps. */
static void take_a_batch(void *arg) {
  (void)arg;
  struct rill_message messages[4];
  rill_consumer *mine = take_some(open_queue(&others.attr));
  mark();
  mark();
  int code = rill_receive_batch(mine, 4, RILL_NOW, messages);
  if (code > 1) {
    code = rill_release(mine, &messages[1]);
    know(TAKEN + 2, code);
    if (code == 0)
      know(TAKEN + 3, rill_release(mine, &messages[2]));
  } else if (code < 0) {
    know(0, code);
  }
  mark_end();
  rill_consumer_close(mine);
  mark();
}

static void close_it(void *arg) {
  (void)arg;
  rill_consumer *mine = take_some(open_queue(&others.attr));
  mark();
  mark();
  rill_consumer_close(mine);
  mark_end();
}

/* Reads its first message before and after the room is filled. */
static void read_twice(rill_consumer *mine) {
  unsigned char copy[MESSAGE_MOST];
  struct rill_message message;
  const uint64_t before = me->count[RELEASED];
  const int code = rill_receive(mine, RILL_NOW, &message);
  if (code == 0) {
    const uint64_t begins = message.sequence - message.lost;
    CHECK_THAT(slow_flags ? begins == before : message.lost == 0,
               "it goes on at message %llu, and lost %llu", (unsigned long long)message.sequence,
               (unsigned long long)message.lost);
    hold(&message, copy);
  } else {
    CHECK_THAT(code == -ESTALE || code == -EAGAIN, "receive: %d (%s)", code, rill_error());
  }
  mark();
  if (code)
    return;
  const int whole = memcmp(copy, message.data, message.size) == 0;
  const int released = rill_release(mine, &message);
  CHECK_THAT(whole || released == -ESTALE, "the release of a torn message holds");
  know(message.sequence + 1, released);
}

static void open_again(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&others.attr);
  rill_consumer_close(take_some(here));
  mark();
  mark();
  rill_consumer *mine = open_slow(here);
  mark_end();
  read_twice(mine);
  rill_consumer_close(mine);
  mark();
}

/* --- the others ------------------------------------------------------------------------------ */

/* A kept group without a member holds up, too; else there is no member yet. */
static void fill_up(void) {
  if (slow_row())
    fill_up_behind_slow();
}

static void end_victim(void) {
  kill_traced(victim);
  commit_reserved();
}

static void released_or_not(void) {
  end_victim();
  examine();
  next_slow_goes_on(victim->count[RELEASED], victim->count[RELEASED]);
}

static void closed(void) {
  run_to_mark(victim);
  released_or_not();
}

static void reader_has_left(void) {
  run_to_mark(victim);
  commit_reserved();
  run_to_mark(victim);
  kill_traced(victim);
  examine();
  next_slow_goes_on_or_begins(victim->count[RELEASED], victim->count[RELEASED]);
}

static void joiner_is_dead(void) {
  examine();
  next_slow_goes_on_or_begins(TAKEN, TAKEN);
}

static void leaver_is_dead(void) {
  examine();
  next_slow_goes_on(TAKEN, TAKEN);
}

/* --- sweeps ----------------------------------------------------------------------------------- */

static void sweep_with(void (*run)(void *arg), void (*after)(void), int deaths) {
  static void (*const ways[])(void) = {evict_and_lap, evict_and_reserve};
  struct sweep sweep = {
      .before = producer_and_consumer, .run = run, .at_marks = fill_up, .after = after, .marks = 2};
  others.attr.evict_after = 1;
  for (unsigned i = 0; i < 4; i++) {
    slow_flags = i & 2 ? RILL_KEEP_GROUP : 0;
    sweep.meanwhile = ways[i & 1];
    if (deaths)
      sweep_deaths_after(&sweep);
    else
      sweep_instructions(&sweep);
  }
}

static void evicted_in_a_release(void) {
  sweep_with(release_one, released_or_not, 0);
}
static void evicted_in_a_receive(void) {
  sweep_with(receive_and_release, released_or_not, 0);
}
static void evicted_in_a_batch(void) {
  sweep_with(take_a_batch, closed, 0);
}
static void evicted_in_a_close(void) {
  sweep_with(close_it, released_or_not, 0);
}
static void evicted_in_an_open(void) {
  sweep_with(open_again, reader_has_left, 0);
}
static void evicted_in_a_close_and_killed(void) {
  sweep_with(close_it, leaver_is_dead, 1);
}
static void evicted_in_an_open_and_killed(void) {
  sweep_with(open_again, joiner_is_dead, 1);
}

static const struct test tests[] = {
    NAMED(evicted_in_a_release),
    NAMED(evicted_in_a_receive),
    NAMED(evicted_in_a_batch),
    NAMED(evicted_in_a_close),
    NAMED(evicted_in_an_open),
    NAMED(evicted_in_a_close_and_killed),
    NAMED(evicted_in_an_open_and_killed),
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
