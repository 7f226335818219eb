/* SPDX-License-Identifier: MIT */
/* ring_pace.c - what the ring does by the pace of its messages, and what must not show: sizes that
 * repeat. */
#include "unit.h"

#include "plain_ring.h"

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer;
static uint8_t bytes[65536];

static void begin(void) {
  plain_open(&plain, NULL);
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
}

static void end(void) {
  plain_leave(&consumer);
  plain_close(&plain);
}

static void publish(uint64_t sequence, size_t size) {
  plain_fill(bytes, size, sequence);
  assert_code(rill_publish(&producer, bytes, size, RILL_NOW), 0);
}

static void take(uint64_t sequence, size_t size) {
  struct rill_message message;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_true(message.sequence == sequence && message.size == size);
  assert_true(plain_is(message.data, size, sequence));
  assert_code(rill_release(&consumer, &message), 0);
}

/* The place of the next message is taken from the size of the last one: if that is the same. */
static void sizes_that_repeat_and_change_are_all_received(void **state) {
  (void)state;
  begin();
  static const size_t sizes[] = {0, 0, 48, 48, 48, 0, 1, 48, 8000, 8000, 48, 16, 17, 17, 16};
  enum { N = sizeof sizes / sizeof sizes[0] };
  const struct rill_meta meta = {.size = sizeof meta, .time = 5, .type = 3};
  for (uint64_t i = 0; i < 3000; i++) {
    const size_t size = sizes[i % N];
    plain_fill(bytes, size, i);
    const struct rill_item item = {bytes, size, i % 5 == 4 ? &meta : NULL};
    assert_code(rill_publish_batch(&producer, &item, 1, RILL_NOW), 1);
    take(i, size);
  }
  end();
}

/* Only the upper bits of its word say so. */
static void a_word_of_the_usual_size_alone_is_no_message(void **state) {
  (void)state;
  begin();
  publish(0, 48);
  take(0, 48);
  struct rill_message message;
  atomic_store(plain_word(&plain, consumer.position), rilli_commit_word(16 + 48, 0, 2));
  assert_code(rill_receive(&consumer, RILL_NOW, &message), -EPROTO);
  atomic_store(plain_word(&plain, consumer.position),
               rilli_commit_word(16 + 48, RILLI_FLAG_SKIP, 1));
  assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN);
  assert_true(consumer.position == producer.position + 64 && consumer.sequence == 1);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(sizes_that_repeat_and_change_are_all_received),
      BEHAVIOUR(a_word_of_the_usual_size_alone_is_no_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
