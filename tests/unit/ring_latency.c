/* SPDX-License-Identifier: MIT */
/* ring_latency.c - how members count the ages of stamped messages. The test sets the clock:
 * latency.c's reference to rilli_now is wrapped. */
#include "unit.h"

#include "histogram.h"
#include "plain_ring.h"

static int64_t clock_now = 1000000;
static int clock_reads, sending; /* what a producer reads is not counted */

int64_t __wrap_rilli_now(void);
int64_t __wrap_rilli_now(void) {
  clock_reads += !sending;
  return clock_now;
}

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer;

static int setup(void **state) {
  const int code = support_setup(state);
  plain_open(&plain, NULL);
  plain_producer(&plain, &producer, RILL_SPIN, 1);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  clock_now = 1000000;
  clock_reads = 0;
  return code;
}

static int teardown(void **state) {
  plain_leave(&consumer);
  plain_close(&plain);
  return support_teardown(state);
}

static void send(int64_t time) {
  const struct rill_meta meta = {.size = sizeof meta, .time = time, .type = 7};
  const struct rill_item item = {"x", 1, &meta};
  sending = 1;
  assert_code(rill_publish_batch(&producer, &item, 1, RILL_NOW), 1);
  sending = 0;
}

static void take(void) {
  struct rill_message message;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_code(rill_release(&consumer, NULL), 0);
}

/* While the consumer waits: it polls once, checks the producer, and the message is there. */
static int64_t awaited;

static int send_awaited(void *self) {
  (void)self;
  send(awaited);
  return 0;
}

static void wait_for(int64_t time) {
  awaited = time;
  consumer.host.housekeeping = send_awaited;
  consumer.patience.next_housekeeping = 0;
  consumer.patience.polls = 0;
  take();
  consumer.host.housekeeping = NULL;
}

static uint32_t count_at(uint32_t bucket) {
  return atomic_load(&consumer.slot->histogram[bucket]);
}

static uint64_t count_all(void) {
  uint64_t count = 0;
  for (uint32_t i = 0; i < RILLI_LATENCY_SIZE; i++)
    count += count_at(i);
  return count;
}

static void what_was_waited_for_counts_each_time(void **state) {
  (void)state;
  for (uint32_t i = 1; i <= 100; i++) {
    wait_for(clock_now - 1000);
    assert_int_equal(count_at(rilli_histogram_index(RILLI_LATENCY_BITS, 1000)), i);
  }
  wait_for(clock_now);
  assert_int_equal(count_at(0), 1);
  assert_int_equal(count_all(), 101);
  assert_int_equal(atomic_load(&consumer.slot->latency_max), 1000);
  wait_for(clock_now - 50000);
  assert_int_equal(atomic_load(&consumer.slot->latency_max), 50000);
  assert_int_equal(count_all(), 102);
}

static void of_what_was_there_one_in_16_counts_for_16(void **state) {
  (void)state;
  enum { MESSAGES = 16000 };
  for (int i = 0; i < MESSAGES; i++) {
    send(clock_now - 1000);
    take();
    if (i == MESSAGES / 2)
      assert_in_range(clock_reads, MESSAGES / 32 - 2, MESSAGES / 32 + 2);
  }
  assert_in_range(clock_reads, MESSAGES / 16 - 2, MESSAGES / 16 + 2);
  assert_int_equal(count_all(), 16 * clock_reads);
  assert_int_equal(count_at(rilli_histogram_index(RILLI_LATENCY_BITS, 1000)), count_all());
}

/* A stream in which every 16th message is late: that many count, whichever they are. */
static void a_period_of_16_is_not_overlooked(void **state) {
  (void)state;
  for (int phase = 0; phase < 16; phase++) {
    rilli_clear_latency(consumer.slot);
    for (int i = 0; i < 16000; i++) {
      send(i % 16 == phase ? clock_now - 500000 : clock_now - 10);
      take();
    }
    const uint32_t late = count_at(rilli_histogram_index(RILLI_LATENCY_BITS, 500000));
    assert_in_range(late, 800, 1200);
  }
}

static void waiting_and_not_are_mixed_truly(void **state) {
  (void)state;
  for (int i = 0; i < 1600; i++) { /* half are waited for and young, half are old */
    wait_for(clock_now - 10);
    send(clock_now - 500000);
    take();
  }
  assert_int_equal(count_at(10), 1600);
  assert_in_range(count_at(rilli_histogram_index(RILLI_LATENCY_BITS, 500000)), 1500, 1700);
}

static void a_batch_counts_as_its_messages(void **state) {
  (void)state;
  struct rill_message messages[64];
  for (int round = 0; round < 100; round++) {
    for (int i = 0; i < 64; i++)
      send(clock_now - 1000);
    assert_code(rill_receive_batch(&consumer, 64, RILL_NOW, messages), 64);
    assert_code(rill_release(&consumer, NULL), 0);
  }
  assert_in_range(count_all(), 6400 - 64, 6400 + 64);
}

static void a_message_without_a_time_is_not_counted(void **state) {
  (void)state;
  struct rill_message message;
  for (int i = 0; i < 100; i++) {
    send(0); /* a block for its type alone */
    take();
    sending = 1;
    assert_code(rill_publish(&producer, "plain", 5, RILL_NOW), 0);
    sending = 0;
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_code(rill_release(&consumer, NULL), 0);
  }
  assert_int_equal(clock_reads, 0);
  assert_int_equal(count_all(), 0);
}

/* Nothing outside the histogram is written, whatever a block contains. */
static void invalid_times_count_nowhere_else(void **state) {
  (void)state;
  uint8_t *const bytes = (uint8_t *)consumer.slot;
  const size_t from = offsetof(struct rilli_slot, histogram);
  const size_t to = from + sizeof consumer.slot->histogram;
  memset(bytes + to, 0xa5, RILLI_SLOT_STRIDE - to);
  static const int64_t nothing[] = {-1, INT64_MIN, INT64_MAX, 1000001, 1 - INT64_MAX};
  for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
    wait_for(nothing[i]);
  assert_int_equal(count_all(), 0);
  clock_now = INT64_MAX;
  wait_for(1);
  assert_int_equal(count_at(RILLI_LATENCY_SIZE - 1), 1);
  wait_for(INT64_MAX - (INT64_C(1) << 40) + 1);
  assert_int_equal(count_at(RILLI_LATENCY_SIZE - 1), 2);
  assert_int_equal(count_all(), 2);
  for (size_t i = to; i < RILLI_SLOT_STRIDE; i++)
    assert_int_equal(bytes[i], 0xa5);
  assert_true(atomic_load(&consumer.slot->latency_max) == INT64_MAX - 1);
  assert_int_equal(atomic_load(&consumer.slot->parks), 0);
}

static void a_full_bucket_halves_all(void **state) {
  (void)state;
  const uint32_t full = rilli_histogram_index(RILLI_LATENCY_BITS, 1000);
  atomic_store(&consumer.slot->histogram[full], UINT32_MAX - 1);
  atomic_store(&consumer.slot->histogram[3], 1000);
  atomic_store(&consumer.slot->histogram[RILLI_LATENCY_SIZE - 1], 7);
  wait_for(clock_now - 1000);
  assert_true(count_at(full) == UINT32_MAX);
  assert_int_equal(count_at(3), 1000);
  wait_for(clock_now - 1000);
  assert_true(count_at(full) == UINT32_MAX / 2 + 1);
  assert_int_equal(count_at(3), 500);
  assert_int_equal(count_at(RILLI_LATENCY_SIZE - 1), 3);
}

static void a_tail_counts_nothing(void **state) {
  (void)state;
  struct rill_consumer tail;
  struct rill_message message;
  plain_tail(&plain, &tail);
  for (int i = 0; i < 64; i++) {
    send(clock_now - 1000);
    assert_code(rill_receive(&tail, RILL_NOW, &message), 0);
    assert_true(message.time == clock_now - 1000);
  }
  assert_int_equal(count_all(), 0);
  assert_int_equal(clock_reads, 0);
  plain_forget(&tail);
}

static void an_overwrite_group_counts_too(void **state) {
  (void)state;
  static struct plain_ring own;
  struct rill_producer writer;
  struct rill_consumer reader;
  struct rill_message message;
  plain_open(&own, &(struct plain_options){.overwrite = 1});
  plain_producer(&own, &writer, RILL_SPIN, 1);
  assert_code(plain_consumer(&own, &reader, 0, RILL_OLDEST, 0, 0), 0);
  const struct rill_meta meta = {.size = sizeof meta, .time = clock_now - 1000};
  const struct rill_item item = {"x", 1, &meta};
  for (int i = 0; i < 1600; i++) {
    assert_code(rill_publish_batch(&writer, &item, 1, RILL_NOW), 1);
    assert_code(rill_receive(&reader, RILL_NOW, &message), 0);
  }
  const uint32_t bucket = rilli_histogram_index(RILLI_LATENCY_BITS, 1000);
  assert_in_range(atomic_load(&reader.slot->histogram[bucket]), 1600 - 32, 1600 + 32);
  plain_leave(&reader);
  plain_close(&own);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_was_waited_for_counts_each_time, setup, teardown),
      cmocka_unit_test_setup_teardown(of_what_was_there_one_in_16_counts_for_16, setup, teardown),
      cmocka_unit_test_setup_teardown(a_period_of_16_is_not_overlooked, setup, teardown),
      cmocka_unit_test_setup_teardown(waiting_and_not_are_mixed_truly, setup, teardown),
      cmocka_unit_test_setup_teardown(a_batch_counts_as_its_messages, setup, teardown),
      cmocka_unit_test_setup_teardown(a_message_without_a_time_is_not_counted, setup, teardown),
      cmocka_unit_test_setup_teardown(invalid_times_count_nowhere_else, setup, teardown),
      cmocka_unit_test_setup_teardown(a_full_bucket_halves_all, setup, teardown),
      cmocka_unit_test_setup_teardown(a_tail_counts_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(an_overwrite_group_counts_too, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
