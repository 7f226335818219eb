/* SPDX-License-Identifier: MIT */
/* ring_messages.c - publish, batch, reserve, receive and release on plain memory: what is published
 * is received, at every size, across the ring's end, and where positions and sequences wrap. */
#include "unit.h"

#include "plain_ring.h"

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer;
static uint8_t bytes[1 << 20];

static void begin(const struct plain_options *options) {
  plain_open(&plain, options);
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
}

static void end(void) {
  plain_leave(&consumer);
  plain_close(&plain);
}

static int publish(uint64_t sequence, size_t size) {
  support_fill(bytes, size, sequence);
  return rill_publish(&producer, bytes, size, RILL_NOW);
}

static void expect(uint64_t sequence, size_t size) {
  struct rill_message message;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_true(message.sequence == sequence);
  assert_true(message.size == size);
  assert_true((uintptr_t)message.data % 16 == 0);
  assert_true(support_is(message.data, size, sequence));
  assert_true(message.lost == 0);
  assert_true(message.deliveries == 1 && message.key == NULL &&
              message.flags == (consumer.copies ? RILL_MESSAGE_COPIED : 0));
}

static void every_size_arrives_whole_across_the_rings_end(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    begin(&(struct plain_options){.overwrite = overwrite});
    for (uint64_t i = 0; i <= producer.ring.max_message; i++) {
      assert_code(publish(i, i), 0);
      expect(i, i);
      assert_code(rill_release(&consumer, NULL), 0);
    }
    assert_true(producer.position > 100 * producer.ring.capacity);
    end();
  }
}

static void the_largest_message_of_all_is_half_the_ring(void **state) {
  (void)state;
  const size_t most = rilli_most_message(RILLI_MIN_CAPACITY);
  begin(&(struct plain_options){.max_message = most});
  for (uint64_t i = 0; i < 50; i++) {
    assert_code(publish(i, most - (i % 3)), 0);
    expect(i, most - (i % 3));
    assert_code(rill_release(&consumer, NULL), 0);
  }
  end();
}

static void a_message_over_the_limit_is_refused_and_named(void **state) {
  (void)state;
  begin(NULL);
  void *data;
  const size_t most = producer.ring.max_message;
  assert_code(publish(0, most + 1), -EMSGSIZE);
  assert_non_null(strstr(rill_error(), "8193"));
  assert_code(rill_publish(&producer, bytes, SIZE_MAX, RILL_NOW), -EMSGSIZE);
  assert_code(rill_reserve(&producer, NULL, most + 1, RILL_NOW, &data), -EMSGSIZE);
  const struct rill_item items[2] = {{bytes, 1, NULL}, {bytes, most + 1, NULL}};
  assert_code(rill_publish_batch(&producer, items, 2, RILL_NOW), -EMSGSIZE);
  struct rill_message message;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN); /* nothing of it */
  end();
}

/* Streams three laps from there. */
static void stream_from(uint64_t position, uint64_t sequence, uint32_t overwrite) {
  begin(&(struct plain_options){
      .overwrite = overwrite, .base_position = position, .base_sequence = sequence});
  for (uint64_t i = 0; producer.position - position < 3 * producer.ring.capacity; i++) {
    const uint64_t number = sequence + i;
    assert_code(publish(number, support_size(number, 700)), 0);
    while (i % 7 == 0 && consumer.sequence != number + 1)
      expect(consumer.sequence, support_size(consumer.sequence, 700));
    assert_code(rill_release(&consumer, NULL), 0); /* what is received so far */
  }
  end();
}

static void positions_and_sequences_wrap(void **state) {
  (void)state;
  static const uint64_t edges[] = {UINT64_C(1) << 16, UINT64_C(1) << 32, UINT64_C(1) << 48,
                                   UINT64_C(1) << 63, 0};
  for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
    for (uint64_t before = 0; before < 4096; before += 1008)
      for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
        stream_from(edges[i] - before, edges[i] - before / 16, overwrite);
        stream_from(edges[i] - RILLI_MIN_CAPACITY - before, edges[i] - 100, overwrite);
      }
}

static void a_full_ring_takes_nothing_until_something_is_released(void **state) {
  (void)state;
  begin(&(struct plain_options){.base_position = 0 - UINT64_C(32768), .base_sequence = UINT64_MAX});
  uint64_t in = UINT64_MAX, out = in;
  for (int round = 0; round < 20; round++) {
    int code;
    while ((code = publish(in, support_size(in, 900))) == 0)
      in++;
    assert_code(code, -EAGAIN);
    assert_code(publish(in, 900), -EAGAIN); /* and again */
    assert_true(producer.position - consumer.published <= producer.ring.capacity);
    struct rill_message message;
    for (int i = 0; i < 40; i++, out++) {
      assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
      assert_true(message.sequence == out && support_is(message.data, message.size, out));
    }
    assert_code(rill_release(&consumer, &message), 0);
    rilli_publish_cursor(&consumer);
  }
  end();
}

static void a_batch_arrives_in_order_and_may_be_longer_than_the_ring(void **state) {
  (void)state;
  begin(NULL);
  struct rill_item items[300];
  static uint8_t content[300][500];
  for (uint64_t i = 0; i < 300; i++) {
    support_fill(content[i], support_size(i, 500), i);
    items[i] = (struct rill_item){content[i], support_size(i, 500), NULL};
  }
  int done = rill_publish_batch(&producer, items, 300, RILL_NOW);
  assert_true(done > 0 && done < 300); /* the rest did not fit */
  while (done < 300) {
    struct rill_message batch[64];
    const int got = rill_receive_batch(&consumer, 64, RILL_NOW, batch);
    assert_true(got > 0);
    for (int i = 0; i < got; i++)
      assert_true(support_is(batch[i].data, batch[i].size, batch[i].sequence));
    assert_code(rill_release(&consumer, &batch[got - 1]), 0);
    const int more = rill_publish_batch(&producer, items + done, (size_t)(300 - done), RILL_NOW);
    if (more > 0)
      done += more;
    else
      assert_code(more, -EAGAIN);
  }
  struct rill_message message;
  uint64_t last = 0;
  while (rill_receive(&consumer, RILL_NOW, &message) == 0) {
    last = message.sequence;
    assert_true(support_is(message.data, message.size, last));
  }
  assert_int_equal(last, 299);
  assert_code(rill_publish_batch(&producer, items, 0, RILL_NOW), 0);
  assert_code(rill_receive_batch(&consumer, 0, RILL_NOW, &message), -EINVAL);
  end();
}

static void what_a_message_carries_beside_its_bytes_arrives(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    begin(&(struct plain_options){.overwrite = overwrite});
    const struct rill_meta meta = {.size = sizeof meta, .time = 123456789, .type = 77};
    const struct rill_item items[3] = {{"one", 3, &meta}, {"two", 3, NULL}, {"", 0, &meta}};
    assert_code(rill_publish_batch(&producer, items, 3, RILL_NOW), 3);
    struct rill_message message;
    for (int i = 0; i < 3; i++) {
      assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
      assert_true(message.size == items[i].size);
      assert_memory_equal(message.data, items[i].data, items[i].size);
      assert_true(message.time == (i == 1 ? 0 : 123456789));
      assert_true(message.type == (i == 1 ? 0 : 77));
      assert_true((uintptr_t)message.data % 16 == 0);
    }
    producer.stamp = 1; /* as rill_producer_attr.stamp */
    producer.fast_span = 0;
    const rill_time before = rill_clock();
    assert_code(rill_publish(&producer, "now", 3, RILL_NOW), 0);
    assert_code(rill_publish_batch(&producer, items, 1, RILL_NOW), 1);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_true(message.time >= before && message.time <= rill_clock());
    assert_memory_equal(message.data, "now", 3);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_true(message.time == 123456789); /* its own */
    end();
  }
}

/* A block of 16 bytes more, and no other cost in the ring. */
static void a_time_and_a_type_take_16_bytes(void **state) {
  (void)state;
  begin(NULL);
  const struct rill_meta meta = {.size = sizeof meta, .time = 1, .type = 2};
  for (uint64_t i = 0; i < 64; i++) {
    const struct rill_item plain_item = {bytes, i, NULL}, timed = {bytes, i, &meta};
    struct rill_message message;
    const uint64_t first = producer.position;
    assert_code(rill_publish_batch(&producer, &plain_item, 1, RILL_NOW), 1);
    const uint64_t second = producer.position;
    assert_code(rill_publish_batch(&producer, &timed, 1, RILL_NOW), 1);
    assert_true(producer.position - second == second - first + 16);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_true((uintptr_t)message.data % 16 == 0 && message.time == 1 && message.type == 2);
    assert_code(rill_release(&consumer, NULL), 0);
  }
  end();
}

static void a_reservation_is_filled_in_place_and_may_shrink(void **state) {
  (void)state;
  begin(NULL);
  for (uint64_t i = 0; i < 2000; i++) {
    void *data = NULL;
    const size_t size = 1 + support_size(i, 3000), used = support_size(i + 1, size);
    const struct rill_meta meta = {.size = sizeof meta, .type = (uint32_t)i};
    assert_code(rill_reserve(&producer, i % 3 ? NULL : &meta, size, RILL_NOW, &data), 0);
    assert_true((uintptr_t)data % 16 == 0);
    support_fill(data, size, i);
    struct rill_message message;
    assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN); /* not yet */
    assert_code(rill_commit(&producer, size + 1), -EINVAL);
    assert_code(rill_commit(&producer, used), 0);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_true(message.sequence == i && message.size == used);
    assert_true(message.type == (i % 3 ? 0 : i));
    assert_true(support_is(message.data, used, i));
    assert_code(rill_release(&consumer, &message), 0);
  }
  end();
}

/* The caller may write to all of a reservation, beyond what it commits: here it writes what looks
 * like frames of the next messages. */
static void what_a_reservation_leaves_behind_is_no_message(void **state) {
  (void)state;
  begin(NULL);
  uint64_t next = 0;
  for (uint64_t i = 0; i < 2000; i++) {
    void *data = NULL;
    const size_t size = 16 + 16 * (size_t)support_size(i, 60), used = support_size(i + 1, size);
    assert_code(rill_reserve(&producer, NULL, size, RILL_NOW, &data), 0);
    const uint64_t forged[2] = {rilli_commit_word(16 + 8, 0, next + (i % 4 != 0)),
                                next + (i % 4 != 0)};
    for (size_t at = 0; at + 16 <= size; at += 16)
      memcpy((uint8_t *)data + at, forged, 16);
    struct rill_message message;
    if (i % 4 == 0)
      rill_abort(&producer);
    else {
      assert_code(rill_commit(&producer, used), 0);
      assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
      assert_true(message.sequence == next++ && message.size == used);
      assert_code(rill_release(&consumer, &message), 0);
    }
    assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN);
    if (i % 3)
      continue;
    assert_code(publish(next, 40), 0); /* a shorter one than was reserved */
    expect(next++, 40);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN);
  }
  end();
}

static void there_is_one_reservation_at_a_time(void **state) {
  (void)state;
  begin(NULL);
  void *data = NULL, *second = NULL;
  const struct rill_item item = {"x", 1, NULL};
  assert_code(rill_commit(&producer, 0), -EINVAL); /* none is open */
  assert_code(rill_reserve(&producer, NULL, 0, RILL_NOW, &data), 0);
  assert_code(rill_reserve(&producer, NULL, 0, RILL_NOW, &second), -EBUSY);
  assert_null(second);
  assert_code(rill_publish(&producer, "x", 1, RILL_NOW), -EBUSY);
  assert_code(rill_publish_batch(&producer, &item, 1, RILL_NOW), -EBUSY);
  assert_code(rill_commit(&producer, 1), -EINVAL);
  assert_code(rill_commit(&producer, 0), 0);
  expect(0, 0);
  assert_code(rill_commit(&producer, 0), -EINVAL);
  assert_code(rill_publish(&producer, "x", 1, RILL_NOW), 0);
  end();
}

static void an_aborted_reservation_is_never_seen(void **state) {
  (void)state;
  begin(NULL);
  for (uint64_t i = 0; i < 500; i++) {
    void *data = NULL;
    assert_code(rill_reserve(&producer, NULL, 2000, RILL_NOW, &data), 0);
    memset(data, 0xee, 2000);
    rill_abort(&producer);
    rill_abort(&producer); /* harmless */
    struct rill_message message;
    assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN);
    assert_code(publish(i, 40), 0);
    expect(i, 40);
    assert_code(rill_release(&consumer, NULL), 0);
  }
  end();
}

static void only_what_was_received_and_not_released_can_be_released(void **state) {
  (void)state;
  begin(NULL);
  struct rill_message m[4];
  assert_code(rill_release(&consumer, NULL), 0); /* there is nothing to release */
  for (uint64_t i = 0; i < 4; i++)
    assert_code(publish(i, 100), 0);
  for (int i = 0; i < 3; i++)
    assert_code(rill_receive(&consumer, RILL_NOW, &m[i]), 0);
  m[3] = m[2];
  m[3].token += 128; /* published, not received */
  m[3].sequence++;
  assert_code(rill_release(&consumer, &m[3]), -EINVAL);
  assert_code(rill_release(&consumer, &m[1]), 0);
  assert_code(rill_release(&consumer, &m[1]), 0); /* twice */
  assert_code(rill_release(&consumer, &m[0]), 0); /* released with the other one */
  assert_true(consumer.released == m[1].token && rilli_released_sequence(&consumer) == 2);
  assert_code(rill_release(&consumer, &m[2]), 0);
  assert_code(rill_release(&consumer, &m[2]), 0);
  assert_code(rill_release(&consumer, NULL), 0);
  assert_true(consumer.released == m[2].token && rilli_released_sequence(&consumer) == 3);
  end();
}

static uint64_t cursor_of(uint32_t row) {
  return atomic_load(&rilli_group_at(&plain.ring, row)->cursor);
}

static void the_cursor_follows_lazily_but_follows(void **state) {
  (void)state;
  begin(NULL);
  struct rill_message message;
  const uint64_t start = cursor_of(0), step = producer.ring.capacity / 32;
  for (uint64_t i = 0; i < 8; i++)
    assert_code(publish(i, 100), 0);
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_code(rill_release(&consumer, &message), 0);
  assert_true(cursor_of(0) == start); /* one message is not worth a store */
  atomic_store(&plain.ring.page->waiting, RILLI_SPINS);
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_code(rill_release(&consumer, &message), 0);
  assert_true(cursor_of(0) == message.token); /* the producer waits */
  atomic_store(&plain.ring.page->waiting, RILLI_NONE);
  while (rill_receive(&consumer, RILL_NOW, &message) == 0)
    assert_code(rill_release(&consumer, &message), 0);
  assert_true(cursor_of(0) == producer.position); /* the first empty poll */
  const uint64_t before = cursor_of(0);
  for (uint64_t i = 8; producer.position - before < 2 * step; i++)
    assert_code(publish(i, 1000), 0);
  while (consumer.position - before < step)
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_true(cursor_of(0) == before); /* received, not released */
  assert_code(rill_release(&consumer, &message), 0);
  assert_true(cursor_of(0) == message.token); /* capacity/32 */
  end();
}

static void only_the_release_that_passes_the_target_wakes_the_producer(void **state) {
  (void)state;
  begin(NULL);
  struct rill_message message;
  const uint64_t start = cursor_of(0);
  uint64_t stride = 0, wakes = 0, expected = start;
  for (uint64_t i = 0; i < 12; i++) {
    assert_code(publish(i, 100), 0);
    stride = stride ? stride : producer.position - start;
  }
  const uint64_t targets[2] = {start + 3 * stride, start + 7 * stride};
  const uint32_t first = atomic_load(&plain.ring.hints->room);
  atomic_store(&plain.ring.page->waiting, targets[0]);
  for (uint64_t i = 1; i <= 12; i++) {
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_code(rill_release(&consumer, &message), 0);
    if (message.token - stride < targets[wakes % 2] && message.token >= targets[wakes % 2]) {
      wakes++;
      expected = message.token;
    }
    assert_true(cursor_of(0) == expected); /* twelve messages are less than capacity/32 */
    assert_int_equal(atomic_load(&plain.ring.hints->room) - first, wakes);
    if (i == 5) /* it slept again, for another group */
      atomic_store(&plain.ring.page->waiting, targets[1]);
  }
  assert_int_equal(wakes, 2);
  end();
}

static void a_release_that_is_enough_for_the_producer_is_published(void **state) {
  (void)state;
  begin(NULL);
  struct rill_message message;
  const uint64_t start = cursor_of(0);
  for (uint64_t i = 0; i < 6; i++)
    assert_code(publish(i, 100), 0);
  const uint64_t stride = (producer.position - start) / 6, enough = start + 3 * stride;
  const uint32_t first = atomic_load(&plain.ring.hints->room);
  atomic_store(&plain.ring.page->waiting, enough + rilli_eagerness(&plain.ring));
  for (uint64_t i = 1; i <= 6; i++) {
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_code(rill_release(&consumer, &message), 0);
    assert_true(cursor_of(0) == (i < 3 ? start : enough)); /* its slice may end before the next */
  }
  assert_int_equal(atomic_load(&plain.ring.hints->room), first); /* it is not woken for that */
  end();
}

static void what_is_not_released_is_not_overwritten(void **state) {
  (void)state;
  begin(NULL);
  struct rill_message first, message;
  assert_code(publish(0, 100), 0);
  assert_code(rill_receive(&consumer, RILL_NOW, &first), 0);
  uint64_t in = 1;
  while (publish(in, 100) == 0)
    in++;
  while (rill_receive(&consumer, RILL_NOW, &message) == 0)
    ;
  assert_code(publish(in, 100), -EAGAIN); /* all received: no room yet */
  assert_true(support_is(first.data, 100, 0));
  assert_code(rill_release(&consumer, NULL), 0);
  assert_code(publish(in, 100), 0);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(every_size_arrives_whole_across_the_rings_end),
      BEHAVIOUR(the_largest_message_of_all_is_half_the_ring),
      BEHAVIOUR(a_message_over_the_limit_is_refused_and_named),
      BEHAVIOUR(positions_and_sequences_wrap),
      BEHAVIOUR(a_full_ring_takes_nothing_until_something_is_released),
      BEHAVIOUR(a_batch_arrives_in_order_and_may_be_longer_than_the_ring),
      BEHAVIOUR(what_a_message_carries_beside_its_bytes_arrives),
      BEHAVIOUR(a_time_and_a_type_take_16_bytes),
      BEHAVIOUR(a_reservation_is_filled_in_place_and_may_shrink),
      BEHAVIOUR(what_a_reservation_leaves_behind_is_no_message),
      BEHAVIOUR(there_is_one_reservation_at_a_time),
      BEHAVIOUR(an_aborted_reservation_is_never_seen),
      BEHAVIOUR(only_what_was_received_and_not_released_can_be_released),
      BEHAVIOUR(the_cursor_follows_lazily_but_follows),
      BEHAVIOUR(only_the_release_that_passes_the_target_wakes_the_producer),
      BEHAVIOUR(a_release_that_is_enough_for_the_producer_is_published),
      BEHAVIOUR(what_is_not_released_is_not_overwritten)};
  return cmocka_run_group_tests_name("ring_messages", tests, NULL, NULL);
}
