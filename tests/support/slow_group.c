/* SPDX-License-Identifier: MIT */
/* slow_group.c - see slow_group.h. */
#include "slow_group.h"

#include <errno.h>
#include <string.h>

uint32_t slow_flags;

rill_consumer *open_slow(rill_queue *here) {
  return open_consumer(
      here,
      (struct joining){.group = "slow", .flags = slow_flags | RILL_FOLLOW, .wait = RILL_PARK});
}

static int row_of_slow(void) {
  const struct rilli_ring *ring = &others.queue->segments.ring;
  uint32_t i;
  RILLI_EACH_ROW(i, ring->rows, ring->max_groups) {
    const struct rilli_group *group = rilli_group_at(ring, i);
    if (RILLI_STATE_STATE(atomic_load(&group->state)) != RILLI_GROUP_NONE &&
        strcmp(rilli_name_at(&others.queue->segments.ring, i), "slow") == 0)
      return (int)i;
  }
  return -1;
}

struct rilli_group *slow_row(void) {
  const int row = row_of_slow();
  return row < 0 ? NULL : rilli_group_at(&others.queue->segments.ring, (uint32_t)row);
}

int slow_is_void(void) {
  const int row = row_of_slow();
  return row >= 0 &&
         rilli_is_void(&others.queue->segments.ring.seen[row], atomic_load(&slow_row()->state));
}

void check_slow_is(uint32_t state) {
  const struct rill_group_stat group = group_stat_of(others.queue, "slow");
  CHECK_THAT(group.size && group.state == state, "\"slow\" is %u, not %u", group.state, state);
}

/* --- the producer ------------------------------------------------------------------------- */

static unsigned reserved; /* 1: a reservation is open */

static void pass_on(void) {
  publish_next(others.due);
  receive_number(others.consumer, others.due++);
}

void fill_up_behind_slow(void) {
  const struct rilli_group *row = slow_row();
  CHECK(row);
  const uint64_t end = atomic_load(&row->cursor) + others.attr.capacity;
  for (uint64_t at_byte = stat_of(others.queue).position;; pass_on()) {
    at_byte += frame_of(others.due);
    if (at_byte + RILLI_FRAME_HEADER > end)
      break;
  }
}

void evict_and_lap(void) {
  for (unsigned i = 0; i < LAP; i++)
    pass_on();
}

static void *reserved_at;

void evict_and_reserve(void) {
  if (reserved)
    return;
  int code = rill_reserve(others.producer, NULL, MESSAGE_MOST, RILL_NOW, &reserved_at);
  if (code == -EAGAIN)
    code = rill_reserve(others.producer, NULL, MESSAGE_MOST, RILL_FOREVER, &reserved_at);
  CHECK_EQ(code, 0);
  reserved = 1;
}

/* All of it is written before the commit shrinks it. */
void commit_reserved(void) {
  unsigned char bytes[MESSAGE_MOST];
  if (!reserved)
    return;
  reserved = 0;
  memset(reserved_at, 0xa5, MESSAGE_MOST);
  const size_t size = fill_message(others.due, bytes);
  memcpy(reserved_at, bytes, size);
  CHECK_EQ(rill_commit(others.producer, size), 0);
  receive_number(others.consumer, others.due++);
  pass_on();
}

/* --- the next member ------------------------------------------------------------------------- */

/* Where the next one must begin, and what it may have lost. */
struct expectation {
  int kept, refused, again;
  uint64_t from, to;
};

static uint64_t first_message(rill_consumer *next, const struct expectation *is) {
  struct rill_message message;
  const int code = rill_receive(next, RILL_NOW, &message);
  if (code == -EAGAIN)
    return others.due;
  CHECK_EQ(code, 0);
  const uint64_t begins = message.sequence - message.lost;
  check_message(&message, message.sequence);
  if (is->kept)
    CHECK_THAT(begins >= is->from && begins <= is->to,
               "it goes on at message %llu, and lost %llu: not behind %llu to %llu",
               (unsigned long long)message.sequence, (unsigned long long)message.lost,
               (unsigned long long)is->from, (unsigned long long)is->to);
  CHECK_THAT((is->kept && is->again && message.lost) || !message.lost == !(is->kept && is->refused),
             "it goes on at message %llu, and lost %llu: %s, %s",
             (unsigned long long)message.sequence, (unsigned long long)message.lost,
             is->kept ? "kept" : "new", is->refused ? "evicted" : "not evicted");
  commit_reserved(); /* nothing writes there now */
  check_message(&message, message.sequence);
  CHECK_EQ(rill_release(next, &message), 0);
  return message.sequence + 1;
}

static void goes_on(uint64_t from, uint64_t to, int again) {
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  const struct rilli_group *row = slow_row();
  const struct expectation is = {row != NULL, slow_is_void(), again, from, to};
  CHECK(!row || RILLI_STATE_STATE(atomic_load(&row->state)) == RILLI_GROUP_KEPT);
  CHECK_THAT((slow_flags != 0) == is.kept, "\"slow\" is %s, where it is %s",
             is.kept ? "kept" : "gone", slow_flags ? "to be kept" : "not to be");
  if (is.refused)
    check_slow_is(RILL_GROUP_EVICTED);
  rill_consumer *next = open_slow(others.queue);
  uint64_t number = first_message(next, &is);
  commit_reserved();
  while (number < others.due)
    receive_number(next, number++);
  const uint64_t evictions = stat_of(others.queue).evictions;
  for (unsigned i = 0; i < LAP; i++) {
    pass_on();
    receive_number(next, number++);
  }
  CHECK_THAT(stat_of(others.queue).evictions == evictions, "a group that keeps up is evicted");
  examine_reclaimed();
  CHECK(stat_of(others.queue).group_count == 2);
  rill_consumer_close(next);
  if (slow_flags)
    CHECK_EQ(rill_group_unlink(others.queue, "slow"), 0);
  all_leave();
}

void next_slow_goes_on(uint64_t from, uint64_t to) {
  goes_on(from, to, 0);
}

void next_slow_goes_on_or_begins(uint64_t from, uint64_t to) {
  goes_on(from, to, 1);
}
