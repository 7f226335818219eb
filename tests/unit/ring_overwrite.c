/* SPDX-License-Identifier: MIT */
/* ring_overwrite.c - a producer that never waits: a consumer that is lapped learns exactly what is
 * lost, and continues at a whole message. */
#include "unit.h"

#include "plain_ring.h"

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer;
static uint8_t bytes[1 << 16];
static uint64_t next;

static void begin(uint64_t base) {
  plain_open(&plain, &(struct plain_options){
                         .overwrite = 1, .base_position = base, .base_sequence = base + 3});
  next = base + 3;
  plain_producer(&plain, &producer, RILL_SPIN, 0);
}

static void publish(size_t size) {
  support_fill(bytes, size, next);
  assert_code(rill_publish(&producer, bytes, size, RILL_NOW), 0);
  next++;
}

static void laps(uint64_t bytes_more) {
  for (uint64_t until = producer.position + bytes_more; until - producer.position < (1u << 30);)
    publish(support_size(next, 1000));
}

/* Receives one; its losses must be exactly the gap. Returns what it reports. */
static uint64_t receive(void) {
  struct rill_message message;
  const uint64_t due = consumer.sequence;
  const uint64_t before = consumer.lost;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_true(message.sequence == due + message.lost - before);
  assert_true(support_is(message.data, message.size, message.sequence));
  assert_true(message.size == support_size(message.sequence, 1000));
  return message.lost;
}

static void every_loss_is_counted_at_any_lag(void **state) {
  (void)state;
  static const uint64_t bases[] = {0, 0 - UINT64_C(65536) * 5, (UINT64_C(1) << 32) - 65536};
  for (size_t b = 0; b < 3; b++) {
    begin(bases[b]);
    assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
    const uint64_t first = consumer.sequence;
    uint64_t got = 0, lost = 0, seed = b;
    for (int round = 0; round < 300; round++) {
      laps(support_random(&seed) % (round % 3 ? 3000 : 300000));
      for (uint64_t n = support_random(&seed) % 100; n && consumer.sequence != next; n--) {
        lost += receive();
        got++;
      }
      assert_true(first + got + lost == consumer.sequence);
      assert_code(rill_release(&consumer, NULL), 0);
    }
    while (consumer.sequence != next) {
      lost += receive();
      got++;
    }
    assert_true(got > 1000 && lost > 1000);
    assert_true(first + got + lost == next);
    assert_true(atomic_load(&consumer.slot->lost) == lost);
    plain_leave(&consumer);
    plain_close(&plain);
  }
}

static void losses_of_many_laps_are_reported_once(void **state) {
  (void)state;
  begin(0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  laps(100 * RILLI_MIN_CAPACITY);
  assert_true(receive() > 0);
  assert_true(receive() == 0);
  plain_leave(&consumer);
  plain_close(&plain);
}

static void a_lapped_consumer_goes_on_at_the_oldest_message_of_the_index(void **state) {
  (void)state;
  begin(0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  laps(7 * RILLI_MIN_CAPACITY + 12345);
  (void)receive();
  const uint64_t limit = atomic_load(&plain.ring.page->limit);
  const uint64_t behind = limit - (consumer.position - rilli_stride(1000 + 16));
  assert_true(behind >= RILLI_MIN_CAPACITY - 3 * RILLI_MIN_CAPACITY / RILLI_QUANTA);
  uint64_t rest = 1;
  for (; consumer.sequence != next; rest++)
    assert_true(receive() == 0); /* all of it whole */
  assert_true(rest * 500 > RILLI_MIN_CAPACITY * 3 / 4);
  plain_leave(&consumer);
  plain_close(&plain);
}

/* The head's zero word is at the place that the lapped consumer reads. */
static void a_zero_word_means_empty_only_if_not_lapped(void **state) {
  (void)state;
  begin(0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  const uint64_t start = producer.position;
  while (producer.position - start < RILLI_MIN_CAPACITY) {
    memset(bytes, 1, 112);
    assert_code(rill_publish(&producer, bytes, 112, RILL_NOW), 0);
  }
  assert_true(producer.position - start == RILLI_MIN_CAPACITY);
  assert_true(atomic_load(plain_word(&plain, consumer.position)) == 0);
  struct rill_message message;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_true(message.lost > 0 && message.sequence == 3 + message.lost);
  assert_true(rilli_something_there(&consumer));
  while (rill_receive(&consumer, RILL_NOW, &message) == 0)
    ;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN); /* now it is empty */
  plain_leave(&consumer);
  plain_close(&plain);
}

static void a_message_under_the_write_limit_is_not_believed(void **state) {
  (void)state;
  begin(0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  for (int i = 0; i < 200; i++)
    publish(support_size(next, 1000));
  /* All words are right, but the producer may be writing there already. */
  const uint64_t limit = atomic_load(&plain.ring.page->limit);
  atomic_store(&plain.ring.page->limit, consumer.position + RILLI_MIN_CAPACITY + 16);
  struct rill_message message;
  const int code = rill_receive(&consumer, RILL_NOW, &message);
  assert_true(code != 0 || message.lost > 0);
  atomic_store(&plain.ring.page->limit, limit);
  plain_forget(&consumer);
  plain_close(&plain);
}

static void the_producer_never_waits_for_a_consumer(void **state) {
  (void)state;
  begin(0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, RILLI_GROUP_KEEP), 0);
  laps(10 * RILLI_MIN_CAPACITY);
  const struct rill_item items[3] = {{bytes, 10, NULL}, {bytes, 0, NULL}, {bytes, 8000, NULL}};
  for (int i = 0; i < 1000; i++)
    assert_code(rill_publish_batch(&producer, items, 3, RILL_NOW), 3);
  plain_leave(&consumer);
  plain_close(&plain);
}

static void a_kept_group_that_was_lapped_learns_its_losses(void **state) {
  (void)state;
  begin(0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, RILLI_GROUP_KEEP), 0);
  laps(20000);
  for (int i = 0; i < 10; i++)
    assert_true(receive() == 0);
  assert_code(rill_release(&consumer, NULL), 0);
  const uint64_t due = consumer.sequence;
  plain_leave(&consumer);
  laps(3 * RILLI_MIN_CAPACITY);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_LATEST, 0, 0), 0);
  struct rill_message message;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_true(message.lost > 0 && message.sequence == due + message.lost);
  plain_leave(&consumer);
  plain_close(&plain);
}

static void a_tail_loses_and_counts_like_a_group(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    plain_open(&plain, &(struct plain_options){.overwrite = overwrite});
    next = 0;
    plain_producer(&plain, &producer, RILL_SPIN, 0);
    plain_tail(&plain, &consumer);
    uint64_t got = 0, lost = 0;
    for (int round = 0; round < 20; round++) {
      laps(round % 2 ? 200000 : 1000);
      while (consumer.sequence != next) {
        lost += receive();
        got++;
      }
    }
    assert_true(got + lost == next && lost > 0);
    plain_forget(&consumer);
    plain_close(&plain);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(every_loss_is_counted_at_any_lag),
      BEHAVIOUR(losses_of_many_laps_are_reported_once),
      BEHAVIOUR(a_lapped_consumer_goes_on_at_the_oldest_message_of_the_index),
      BEHAVIOUR(a_zero_word_means_empty_only_if_not_lapped),
      BEHAVIOUR(a_message_under_the_write_limit_is_not_believed),
      BEHAVIOUR(the_producer_never_waits_for_a_consumer),
      BEHAVIOUR(a_kept_group_that_was_lapped_learns_its_losses),
      BEHAVIOUR(a_tail_loses_and_counts_like_a_group)};
  return cmocka_run_group_tests_name("ring_overwrite", tests, NULL, NULL);
}
