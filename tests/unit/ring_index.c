/* SPDX-License-Identifier: MIT */
/* ring_index.c - the index is dense, however messages are published: a late joiner at the oldest
 * message gets nearly all that the ring has. */
#include "unit.h"

#include "plain_ring.h"

static struct plain_ring plain;
static struct rill_producer producer;
static uint8_t bytes[1 << 16];
static uint64_t seed;

#define MANY 4096
#define HALF (RILLI_MIN_CAPACITY / 2)

/* --- ways to publish: each returns the largest frame that it left ----------------------------- */

static uint64_t one(size_t size) {
  assert_code(rill_publish(&producer, bytes, size, RILL_NOW), 0);
  return size + 32;
}

static uint64_t singles(void) {
  return one(48);
}

static uint64_t batch(size_t n, size_t size) {
  static struct rill_item items[MANY];
  for (size_t i = 0; i < n; i++)
    items[i] = (struct rill_item){bytes, size, NULL};
  assert_code(rill_publish_batch(&producer, items, n, RILL_NOW), (int)n);
  return size + 32;
}

static uint64_t batches_of_half_the_ring(void) {
  return batch(HALF / 64, 48);
}

static uint64_t batches_of_more_than_the_ring(void) {
  return batch(3 * HALF / 64, 48);
}

static uint64_t batches_of_any_size(void) {
  return batch(1 + support_random(&seed) % 400, support_random(&seed) % 150);
}

static uint64_t one_reserved(size_t size, size_t used) {
  void *data = NULL;
  assert_code(rill_reserve(&producer, NULL, size, RILL_NOW, &data), 0);
  assert_code(rill_commit(&producer, used), 0);
  return used + 32;
}

static uint64_t large_ones(void) {
  return one_reserved(8000, 8000);
}

/* The write limit goes by what was reserved. */
static uint64_t reservations_that_shrink(void) {
  return one_reserved(8000, support_random(&seed) % 100);
}

static uint64_t large_ones_that_shrink_at_times(void) {
  const uint64_t r = support_random(&seed);
  return r % 200 ? one(48) : one_reserved(30000, r % 3 ? 48 : 20000);
}

static uint64_t reservations_given_up(void) {
  void *data = NULL;
  if (support_random(&seed) % 100 == 0) {
    assert_code(rill_reserve(&producer, NULL, 30000, RILL_NOW, &data), 0);
    rill_abort(&producer);
  }
  return one(48);
}

static uint64_t a_producer_for_each_message(void) {
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  return one(48);
}

static uint64_t a_producer_for_each_batch(void) {
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  return batch(300, 20);
}

static uint64_t (*const ways[])(void) = {singles,
                                         batches_of_half_the_ring,
                                         batches_of_more_than_the_ring,
                                         batches_of_any_size,
                                         large_ones,
                                         reservations_that_shrink,
                                         large_ones_that_shrink_at_times,
                                         reservations_given_up,
                                         a_producer_for_each_message,
                                         a_producer_for_each_batch};
#define WAYS (sizeof ways / sizeof ways[0])

/* --- what a joiner gets ------------------------------------------------------------------------
 */

static void begin(uint32_t overwrite) {
  plain_open(&plain, &(struct plain_options){.overwrite = overwrite,
                                             .max_message = HALF - 400,
                                             .base_position = 0 - UINT64_C(100000) * 16});
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  seed = 3;
}

/* From the oldest place to the head, and each frame of it valid. */
static uint64_t joiner_gets(void) {
  struct rill_consumer consumer;
  struct rill_message message;
  int code;
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  const uint64_t got = producer.position - consumer.position;
  uint64_t next = consumer.sequence;
  while ((code = rill_receive(&consumer, RILL_NOW, &message)) == 0)
    assert_true(message.sequence == next++);
  assert_code(code, -EAGAIN);
  assert_true(next == producer.sequence);
  plain_leave(&consumer);
  return got;
}

static void a_late_joiner_gets_nearly_all_that_the_ring_has(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++)
    for (size_t way = 0; way < WAYS; way++) {
      begin(overwrite);
      const uint64_t start = producer.position;
      uint64_t largest = 0, checked = 0;
      while (producer.position - start < 20 * RILLI_MIN_CAPACITY) {
        const uint64_t frame = ways[way]();
        largest = largest < frame ? frame : largest;
        if (producer.position - start < 2 * RILLI_MIN_CAPACITY || support_random(&seed) % 8)
          continue;
        const uint64_t limit = atomic_load(&plain.ring.page->limit);
        const uint64_t has = RILLI_MIN_CAPACITY - (limit - producer.position);
        const uint64_t got = joiner_gets();
        assert_true(got <= has);
        if (has - got > 2 * plain.ring.quantum + largest)
          fail_msg("way %zu, overwrite %u: %llu of %llu bytes", way, overwrite,
                   (unsigned long long)got, (unsigned long long)has);
        checked++;
      }
      assert_true(checked > 0);
      plain_close(&plain);
    }
}

/* The figure of a user: of the ring itself. */
static void a_late_joiner_behind_batches_gets_nine_tenths_of_the_ring(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    begin(overwrite);
    for (int i = 0; i < 40; i++) {
      (void)batches_of_half_the_ring();
      if (i > 4)
        assert_true(joiner_gets() * 10 >= RILLI_MIN_CAPACITY * 9);
    }
    plain_close(&plain);
  }
}

static void a_lapped_consumer_loses_no_more_than_was_overwritten(void **state) {
  (void)state;
  struct rill_consumer consumer;
  struct rill_message message;
  begin(1);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  for (int i = 0; i < 40; i++) {
    for (int laps = 0; laps < 4; laps++)
      (void)batches_of_half_the_ring();
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_true(message.lost > 0);
    assert_true((producer.position - consumer.position) * 10 >= RILLI_MIN_CAPACITY * 9 - 640);
  }
  plain_leave(&consumer);
  plain_close(&plain);
}

/* --- its cost --------------------------------------------------------------------------------- */

/* Once a quantum, as far as places allow: what the index holds covers the ring. */
static void there_are_at_most_two_entries_a_quantum(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++)
    for (size_t way = 0; way < WAYS; way++) {
      begin(overwrite);
      const uint64_t start = producer.position, quantum = plain.ring.quantum;
      const uint64_t first = atomic_load(&plain.ring.page->index_head);
      while (producer.position - start < 20 * RILLI_MIN_CAPACITY)
        (void)ways[way]();
      const uint64_t pushed = atomic_load(&plain.ring.page->index_head) - first;
      const uint64_t raised =
          (atomic_load(&plain.ring.page->limit) - plain.base_position) / quantum;
      if (pushed > 2 * raised + 2)
        fail_msg("way %zu, overwrite %u: %llu entries, %llu quanta", way, overwrite,
                 (unsigned long long)pushed, (unsigned long long)raised);
      if (way == 0) /* not one more than the limit has steps */
        assert_true(pushed <= raised + 1);
      plain_close(&plain);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(a_late_joiner_gets_nearly_all_that_the_ring_has),
      BEHAVIOUR(a_late_joiner_behind_batches_gets_nine_tenths_of_the_ring),
      BEHAVIOUR(a_lapped_consumer_loses_no_more_than_was_overwritten),
      BEHAVIOUR(there_are_at_most_two_entries_a_quantum)};
  return cmocka_run_group_tests_name("ring_index", tests, NULL, NULL);
}
