/* SPDX-License-Identifier: MIT */
/* ring_groups.c - joining late, leaving, coming back, and invalid cursors; the
 * index and walks behind it. */
#include "unit.h"

#include "plain_ring.h"

#define MOST 200000
static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer, other;
static uint8_t bytes[1 << 16];
static uint64_t base, next;
static uint64_t places[MOST]; /* of each sequence, from base on */

static void begin(uint64_t first) {
  base = next = first;
  plain_open(&plain, &(struct plain_options){.base_position = first * 16, .base_sequence = first});
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  places[0] = producer.position;
}

static int publish(size_t size) {
  support_fill(bytes, size, next);
  const int code = rill_publish(&producer, bytes, size, RILL_NOW);
  if (code == 0)
    next++;
  places[next - base] = producer.position;
  return code;
}

static void stream(int n) {
  while (n--)
    assert_code(publish(support_size(next, 1000)), 0);
}

static int join(struct rill_consumer *who, uint32_t row, uint32_t start, uint64_t sequence) {
  return plain_consumer(&plain, who, row, start, sequence, 0);
}

static void expect_from(struct rill_consumer *who, uint64_t sequence, uint64_t lost) {
  struct rill_message message;
  for (; sequence != next; sequence++, lost = 0) {
    assert_code(rill_receive(who, RILL_NOW, &message), 0);
    assert_true(message.sequence == sequence && message.lost == lost);
    assert_true(support_is(message.data, message.size, sequence));
  }
  assert_code(rill_receive(who, RILL_NOW, &message), -EAGAIN);
  assert_code(rill_release(who, NULL), 0);
}

static void groups_join_an_empty_queue_at_its_first_message(void **state) {
  (void)state;
  for (uint32_t start = RILL_OLDEST; start <= RILL_SEQUENCE; start++) {
    begin(77);
    assert_code(join(&consumer, 0, start, 77), 0);
    assert_true(consumer.sequence == 77 && consumer.position == 77 * 16);
    stream(10);
    expect_from(&consumer, 77, 0);
    plain_leave(&consumer);
    plain_close(&plain);
  }
}

static void a_late_joiner_gets_what_the_ring_still_has(void **state) {
  (void)state;
  for (int laps = 0; laps < 5; laps++) {
    begin(0);
    stream(10 + laps * 250);
    assert_code(join(&consumer, 0, RILL_OLDEST, 0), 0);
    const uint64_t oldest = consumer.sequence;
    assert_true(consumer.position == places[oldest - base]);
    if (laps == 0)
      assert_true(oldest == 0);
    else /* no less than the ring, but the write limit's quantum and one message */
      assert_true(producer.position - consumer.position > RILLI_MIN_CAPACITY - 3 * 2048);
    assert_code(join(&other, 1, RILL_LATEST, 0), 0);
    assert_true(other.sequence == next);
    expect_from(&consumer, oldest, 0);
    stream(5);
    expect_from(&other, next - 5, 0);
    plain_leave(&consumer);
    plain_leave(&other);
    plain_close(&plain);
  }
}

static void a_joiner_at_a_sequence_begins_exactly_there(void **state) {
  (void)state;
  begin(0 - UINT64_C(300));
  stream(1000);
  assert_code(join(&other, 1, RILL_OLDEST, 0), 0);
  for (uint64_t sequence = other.sequence; sequence != next + 1; sequence++) {
    assert_code(join(&consumer, 0, RILL_SEQUENCE, sequence), 0);
    assert_true(consumer.sequence == sequence);
    assert_true(sequence == next || consumer.position == places[sequence - base]);
    expect_from(&consumer, sequence, 0);
    plain_leave(&consumer);
  }
  const uint64_t gone = other.sequence - 5;
  assert_code(join(&consumer, 0, RILL_SEQUENCE, gone), 0);
  expect_from(&consumer, other.sequence, 5);
  plain_leave(&consumer);
  plain_leave(&other);
  plain_close(&plain);
}

static void a_sequence_of_the_future_is_refused_and_the_row_free_again(void **state) {
  (void)state;
  begin(0);
  stream(10);
  consumer.group = rilli_group_at(&plain.ring, 0);
  for (int i = 1; i < 5; i++) {
    uint64_t head = 0;
    const struct rilli_start start = {RILL_SEQUENCE, next + (uint64_t)i};
    consumer.ring = plain.ring;
    assert_code(rilli_join(&consumer, 0, &start, &head), -ERANGE);
    assert_true(head == next);
    assert_true(atomic_load(&consumer.group->cursor) == RILLI_NONE);
    assert_true(RILLI_STATE_STATE(atomic_load(&consumer.group->state)) == RILLI_GROUP_NONE);
  }
  plain_close(&plain);
}

static void a_group_holds_the_producer_until_it_leaves(void **state) {
  (void)state;
  begin(0);
  assert_code(join(&consumer, 3, RILL_OLDEST, 0), 0);
  while (publish(500) == 0)
    ;
  assert_true(producer.position - consumer.position <= RILLI_MIN_CAPACITY);
  assert_true(producer.position - consumer.position > RILLI_MIN_CAPACITY - 2048);
  plain_leave(&consumer);
  stream(1000);
  plain_close(&plain);
}

static void the_slowest_of_all_rows_counts(void **state) {
  (void)state;
  begin(0);
  struct rill_consumer all[4];
  for (uint32_t i = 0; i < 4; i++)
    assert_code(join(&all[i], i, RILL_OLDEST, 0), 0);
  for (uint32_t slow = 0; slow < 4; slow++) {
    while (publish(500) == 0)
      ;
    for (uint32_t i = 0; i < 4; i++)
      if (i != slow)
        expect_from(&all[i], all[i].sequence, 0);
    assert_code(publish(500), -EAGAIN);
    expect_from(&all[slow], all[slow].sequence, 0);
    assert_code(publish(500), 0);
  }
  for (uint32_t i = 0; i < 4; i++)
    plain_leave(&all[i]);
  plain_close(&plain);
}

static void a_kept_group_goes_on_exactly_where_it_was(void **state) {
  (void)state;
  begin(0 - UINT64_C(500));
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, RILLI_GROUP_KEEP), 0);
  uint64_t due = consumer.sequence;
  for (int round = 0; round < 300; round++) {
    while (publish(support_size(next, 1000)) == 0 && round % 3)
      ;
    for (int i = 0; i < round % 23 && due != next; i++, due++) {
      struct rill_message message;
      assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
      assert_true(message.sequence == due && message.lost == 0);
      assert_true(support_is(message.data, message.size, due));
    }
    assert_code(rill_release(&consumer, NULL), 0);
    struct rill_message unreleased;
    (void)rill_receive(&consumer, RILL_NOW, &unreleased); /* it comes again */
    plain_leave(&consumer);
    const uint64_t state_word = atomic_load(&consumer.group->state);
    assert_true(RILLI_STATE_STATE(state_word) == RILLI_GROUP_KEPT);
    if (round % 2)
      while (publish(700) == 0) /* up to where the group holds the producer back */
        ;
    assert_code(join(&consumer, 0, (uint32_t)round % 3, 1), 0); /* start has no effect now */
    assert_true(consumer.sequence == due && consumer.position == places[due - base]);
  }
  plain_leave(&consumer);
  plain_close(&plain);
}

static void a_declared_group_holds_messages_before_its_first_member(void **state) {
  (void)state;
  begin(0);
  const struct rilli_place start = {0, 0, 0};
  rilli_declare(rilli_group_at(&plain.ring, 2), &start);
  while (publish(600) == 0)
    ;
  assert_true(producer.position <= RILLI_MIN_CAPACITY);
  assert_code(join(&consumer, 2, RILL_LATEST, 0), 0);
  expect_from(&consumer, 0, 0);
  plain_leave(&consumer);
  plain_close(&plain);
}

/* E14. */
static void an_invalid_cursor_is_refused_and_no_other_group_harmed(void **state) {
  (void)state;
  for (int kind = 0; kind < 6; kind++) {
    begin(1000);
    assert_code(join(&consumer, 0, RILL_OLDEST, 0), 0);
    assert_code(join(&other, 1, RILL_OLDEST, 0), 0);
    stream(40);
    struct rill_message message;
    for (int i = 0; i < 20; i++)
      assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_code(rill_release(&consumer, NULL), 0);
    rilli_publish_cursor(&consumer);
    (void)rilli_scan_groups(&producer, producer.position); /* the gate is noted now */
    const uint64_t good = atomic_load(&consumer.group->cursor);
    const uint64_t bad[6] = {good + 8,          good - 16, producer.position + (1u << 19),
                             good - (1u << 20), 0,         good + (UINT64_C(1) << 63)};
    atomic_store(&consumer.group->cursor, bad[kind]);
    while (publish(500) == 0)
      ;
    const struct rilli_view *seen = plain.ring.seen;
    assert_true(atomic_load(&seen[0].void_state) == consumer.tenancy);
    assert_true(atomic_load(&seen[1].void_state) == 0);
    expect_from(&other, 1000, 0); /* held back for it alone */
    stream(40);
    expect_from(&other, next - 40, 0);
    int code;
    while ((code = rill_receive(&consumer, RILL_NOW, &message)) == 0)
      ;
    assert_true(code == -ESTALE || code == -EPROTO); /* nothing protects what it reads */
    atomic_store(&plain.ring.page->waiting, RILLI_SPINS);
    assert_code(rill_release(&consumer, NULL), -ESTALE);
    atomic_store(&plain.ring.page->waiting, RILLI_NONE);
    plain_leave(&consumer);
    assert_code(join(&consumer, 0, RILL_LATEST, 0), 0); /* the next tenancy is its own */
    stream(10);
    expect_from(&consumer, next - 10, 0);
    plain_leave(&consumer);
    plain_leave(&other);
    plain_close(&plain);
  }
}

static void a_kept_cursor_that_points_into_a_message_is_not_believed(void **state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    begin(0);
    assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, RILLI_GROUP_KEEP), 0);
    for (int i = 0; i < 30; i++)
      assert_code(publish(500), 0);
    plain_leave(&consumer);
    const uint64_t bad[3] = {places[7] + 16, 8, producer.position + 4096};
    atomic_store(&consumer.group->cursor, bad[kind]);
    assert_code(join(&consumer, 0, RILL_LATEST, 0), 0);
    assert_true(consumer.sequence == 0); /* as a new group, at the oldest */
    expect_from(&consumer, 0, 0);
    plain_leave(&consumer);
    plain_close(&plain);
  }
}

/* E17: a row without its bit is not looked at, whatever lies there; one that the producer has seen
 * stays, whatever becomes of the bit. */
static void the_map_says_which_rows_there_are(void **state) {
  (void)state;
  begin(0);
  _Atomic uint64_t *rows = rilli_rows_at(plain.control.base);
  atomic_store(rows, 1);
  atomic_store(&rilli_group_at(&plain.ring, 2)->cursor, 16); /* gates for ever, if it is seen */
  assert_code(join(&consumer, 0, RILL_OLDEST, 0), 0);
  for (int round = 0; round < 3; round++) {
    while (publish(1000) == 0)
      continue;
    assert_true(producer.position - consumer.published <= plain.ring.capacity);
    atomic_store(rows, 0);
    assert_code(publish(1000), -EAGAIN);
    expect_from(&consumer, consumer.sequence, 0);
  }
  plain_leave(&consumer);
  stream(300);
  plain_close(&plain);
}

static void index_and_walks_find_the_place_of_every_message(void **state) {
  (void)state;
  begin(0 - UINT64_C(700));
  for (int round = 0; round < 60; round++) {
    stream(37);
    const struct rilli_ring *ring = &plain.ring;
    const uint64_t limit = atomic_load(&ring->page->limit), floor = limit - ring->capacity;
    struct rilli_place place;
    assert_code(rilli_index_newest(ring, &place), 0);
    assert_true(places[place.sequence - base] == place.position);
    assert_code(rilli_index_oldest(ring, floor, &place), 0);
    assert_true(places[place.sequence - base] == place.position);
    assert_true(!rilli_before(place.position, floor));
    const uint64_t oldest = place.sequence;
    for (uint64_t s = oldest; s != next; s++) {
      struct rilli_place by_position;
      assert_code(rilli_index_sequence(ring, floor, s, &place), 0);
      assert_true(!rilli_before(s, place.sequence));
      assert_code(rilli_index_position(ring, floor, places[s - base], &by_position), 0);
      assert_true(by_position.position == place.position);
      const struct rilli_until until = {.by_sequence = 1, .sequence = s};
      assert_code(rilli_walk(ring, &until, &place), 0);
      assert_true(place.sequence == s && place.position == places[s - base]);
    }
    if (oldest != base)
      assert_code(rilli_index_sequence(ring, floor, oldest - 1, &place), -ENOENT);
    assert_code(rilli_index_oldest(ring, limit + 16, &place), -ENOENT);
    assert_code(rilli_find_head(ring, &place), 0);
    assert_true(place.position == producer.position && place.sequence == next);
  }
  plain_close(&plain);
}

static void an_empty_index_is_an_error_and_not_a_place(void **state) {
  (void)state;
  begin(0);
  struct rilli_place place;
  atomic_store(&plain.ring.page->index_head, 0);
  assert_code(rilli_index_newest(&plain.ring, &place), -EPROTO);
  assert_code(rilli_find_head(&plain.ring, &place), -EPROTO);
  assert_code(rilli_index_oldest(&plain.ring, 0, &place), -ENOENT);
  assert_code(join(&consumer, 0, RILL_LATEST, 0), -EPROTO);
  assert_code(join(&consumer, 0, RILL_OLDEST, 0), -EPROTO);
  plain_close(&plain);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(groups_join_an_empty_queue_at_its_first_message),
      BEHAVIOUR(a_late_joiner_gets_what_the_ring_still_has),
      BEHAVIOUR(a_joiner_at_a_sequence_begins_exactly_there),
      BEHAVIOUR(a_sequence_of_the_future_is_refused_and_the_row_free_again),
      BEHAVIOUR(a_group_holds_the_producer_until_it_leaves),
      BEHAVIOUR(the_slowest_of_all_rows_counts),
      BEHAVIOUR(a_kept_group_goes_on_exactly_where_it_was),
      BEHAVIOUR(a_declared_group_holds_messages_before_its_first_member),
      BEHAVIOUR(an_invalid_cursor_is_refused_and_no_other_group_harmed),
      BEHAVIOUR(a_kept_cursor_that_points_into_a_message_is_not_believed),
      BEHAVIOUR(the_map_says_which_rows_there_are),
      BEHAVIOUR(index_and_walks_find_the_place_of_every_message),
      BEHAVIOUR(an_empty_index_is_an_error_and_not_a_place)};
  return cmocka_run_group_tests_name("ring_groups", tests, NULL, NULL);
}
