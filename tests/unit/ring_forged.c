/* SPDX-License-Identifier: MIT */
/* ring_forged.c - frames that no producer of this version writes: skip frames and keys are
 * understood, invalid ones are -EPROTO, and no bytes lead outside the mapping (promise 5). */
#include "unit.h"

#include "plain_ring.h"

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer;
static uint8_t bytes[1 << 16];

static void begin(uint32_t overwrite) {
  plain_open(&plain, &(struct plain_options){.overwrite = overwrite,
                                             .base_position = 0 - UINT64_C(4096),
                                             .base_sequence = 0 - UINT64_C(10)});
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
}

static void end(void) {
  plain_leave(&consumer);
  plain_close(&plain);
}

/* A frame at the producer's position, committed as a producer does. */
static uint8_t *forge(uint64_t word) {
  const uint64_t stride = rilli_stride(rilli_word_length(word));
  assert_code(rilli_make_room(&producer, producer.position + stride + RILLI_FRAME_HEADER), 0);
  _Atomic uint64_t *frame = plain_word(&plain, producer.position);
  atomic_store(frame + 1, producer.sequence);
  atomic_store(plain_word(&plain, producer.position + stride), 0);
  atomic_store(frame, word);
  producer.position += stride;
  if (!(rilli_word_flags(word) & RILLI_FLAG_SKIP))
    producer.sequence++;
  return plain.ring.base + ((uintptr_t)frame - (uintptr_t)plain.ring.base);
}

static void publish(size_t size) {
  support_fill(bytes, size, producer.sequence);
  assert_code(rill_publish(&producer, bytes, size, RILL_NOW), 0);
}

static void expect(size_t size) {
  struct rill_message message;
  const uint64_t sequence = consumer.sequence;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_true(message.sequence == sequence && message.size == size);
  assert_true(support_is(message.data, size, sequence));
}

static void skip_frames_are_passed_over(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    begin(overwrite);
    for (int i = 0; i < 400; i++) {
      for (int k = 0; k < i % 4; k++)
        (void)forge(
            rilli_commit_word(16 + (uint64_t)(i * 5 % 600), RILLI_FLAG_SKIP, producer.sequence));
      publish((size_t)i);
      expect((size_t)i);
      assert_code(rill_release(&consumer, NULL), 0);
    }
    struct rill_message message;
    (void)forge(rilli_commit_word(16, RILLI_FLAG_SKIP, producer.sequence));
    assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN);
    publish(5);
    expect(5);
    end();
  }
}

static void a_skip_frame_may_be_longer_than_any_message(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    begin(overwrite);
    for (uint64_t length = RILLI_MIN_CAPACITY / 2; length > plain.ring.max_message;
         length -= 1000) {
      (void)forge(rilli_commit_word(length, RILLI_FLAG_SKIP, producer.sequence));
      publish(33);
      expect(33);
      assert_code(rill_release(&consumer, NULL), 0);
      rilli_publish_cursor(&consumer);
    }
    end();
  }
}

static void a_batch_may_begin_and_end_at_a_skip_frame(void **state) {
  (void)state;
  begin(0);
  struct rill_message batch[8];
  (void)forge(rilli_commit_word(48, RILLI_FLAG_SKIP, producer.sequence));
  publish(10);
  (void)forge(rilli_commit_word(160, RILLI_FLAG_SKIP, producer.sequence));
  publish(20);
  (void)forge(rilli_commit_word(16, RILLI_FLAG_SKIP, producer.sequence));
  assert_code(rill_receive_batch(&consumer, 8, RILL_NOW, batch), 2);
  assert_true(batch[0].size == 10 && batch[1].size == 20);
  assert_code(rill_release(&consumer, &batch[1]), 0);
  assert_code(rill_release(&consumer, NULL), 0);
  end();
}

static void walks_and_successors_count_no_skip_frame(void **state) {
  (void)state;
  begin(0);
  for (int i = 0; i < 20; i++) {
    (void)forge(rilli_commit_word(32, RILLI_FLAG_SKIP, producer.sequence));
    publish(30);
  }
  struct rilli_place head;
  assert_code(rilli_find_head(&plain.ring, &head), 0);
  assert_true(head.position == producer.position && head.sequence == producer.sequence);
  end();
}

static void a_key_is_described_beside_the_payload(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++)
    for (uint64_t key = 1; key < 256; key++)
      for (uint32_t meta = 0; meta < 2; meta++) {
        begin(overwrite);
        const uint64_t head = meta ? 32 : 16;
        const uint64_t room = (key + 15) & ~UINT64_C(15), size = key * 3 % 100;
        const uint64_t word =
            rilli_commit_word(head + room + size, meta ? RILLI_FLAG_META : 0, producer.sequence) |
            key << 32;
        uint8_t *frame = forge(word);
        if (meta) {
          const struct rilli_meta_block block = {.time = 99, .type = 7};
          memcpy(frame + 16, &block, sizeof block);
        }
        memset(frame + head, 'k', key);
        support_fill(frame + head + room, size, 4711);
        struct rill_message message;
        assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
        assert_true(message.key_size == key && message.size == size);
        for (uint64_t i = 0; i < key; i++)
          assert_int_equal(message.key[i], 'k');
        assert_true((uintptr_t)message.data % 16 == 0);
        assert_true(support_is(message.data, size, 4711));
        assert_true(message.time == (meta ? 99 : 0) && message.type == (meta ? 7 : 0));
        end();
      }
}

/* second: the error in word 1, which is checked only where frames of other laps may be met.
 */
static void expect_invalid(uint64_t word, uint64_t second) {
  for (uint32_t overwrite = second != 0; overwrite < 2; overwrite++) {
    begin(overwrite);
    publish(24);
    expect(24);
    const uint64_t at = producer.position;
    publish(100);
    atomic_store(plain_word(&plain, at) + 1, producer.sequence - 1 + second);
    atomic_store(plain_word(&plain, at), word + ((producer.sequence - 1) << 48));
    struct rill_message message = {.size = 12345};
    for (int again = 0; again < 3; again++) {
      assert_code(rill_receive(&consumer, RILL_NOW, &message), -EPROTO);
      assert_code(rill_receive(&consumer, RILL_FOREVER, &message), -EPROTO);
      assert_code(rill_receive_batch(&consumer, 1, rill_after(1000000), &message), -EPROTO);
    }
    assert_true(message.size == 12345); /* untouched on failure */
    assert_true(consumer.position == at);
    end();
  }
}

static void invalid_frames_are_an_error_and_not_a_message(void **state) {
  (void)state;
  const uint64_t sequence_bit = UINT64_C(1) << 48;
  expect_invalid(116 + sequence_bit, 0);  /* another sequence in word 0 */
  expect_invalid(116, 1);                 /* in word 1 */
  expect_invalid(116, UINT64_C(1) << 16); /* only in its high bits */
  expect_invalid(15, 0);                  /* shorter than its header */
  expect_invalid(1, 0);
  expect_invalid(RILLI_MIN_CAPACITY / 2 + 1, 0); /* longer than a frame may be */
  expect_invalid(RILLI_FRAME_HEADER + RILLI_MIN_CAPACITY / 8 + 1, 0); /* than max_message */
  expect_invalid(UINT32_MAX, 0);
  expect_invalid(UINT32_MAX - 8, 0);          /* rounded up, it would be 0 */
  expect_invalid(116 | UINT64_C(4) << 40, 0); /* an unknown flag */
  expect_invalid(116 | UINT64_C(0x80) << 40, 0);
  expect_invalid(31 | (uint64_t)RILLI_FLAG_META << 40, 0); /* no room for the block */
  expect_invalid((32 + 15) | UINT64_C(1) << 32 | (uint64_t)RILLI_FLAG_META << 40,
                 0);                         /* and a key */
  expect_invalid(31 | UINT64_C(1) << 32, 0); /* ... for the key */
  expect_invalid((16 + 255) | UINT64_C(255) << 32, 0);
  expect_invalid(UINT64_C(0xff) << 32, 0); /* a length of 0 */
}

static void an_unaligned_entry_of_the_index_is_no_place(void **state) {
  (void)state;
  begin(0);
  publish(30);
  struct rilli_place place;
  assert_code(rilli_find_head(&plain.ring, &place), 0);
  const uint64_t newest = atomic_load(&plain.ring.page->index_head) - 1;
  atomic_fetch_add(&plain.ring.index[newest % RILLI_INDEX_COUNT].position, 8);
  assert_code(rilli_index_newest(&plain.ring, &place), -EPROTO);
  assert_code(rilli_find_head(&plain.ring, &place), -EPROTO);
  end();
}

static void a_ring_of_nothing_but_skip_frames_ends(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    begin(overwrite);
    for (uint64_t at = 0; at < RILLI_MIN_CAPACITY; at += 16) {
      atomic_store(plain_word(&plain, at),
                   rilli_commit_word(16, RILLI_FLAG_SKIP, consumer.sequence));
      atomic_store(plain_word(&plain, at) + 1, consumer.sequence);
    }
    struct rill_message message;
    struct rilli_place head;
    assert_code(rill_receive(&consumer, RILL_FOREVER, &message), -EPROTO);
    assert_true(rilli_find_head(&plain.ring, &head) == -EPROTO ||
                rilli_find_head(&plain.ring, &head) == -EAGAIN);
    end();
  }
}

/* Frames that are nearly right, in corrupt pages: every call returns, and what it returns is
 * inside the ring. */
static void forged_rings_never_lead_outside(void **state) {
  (void)state;
  uint64_t seed = 42, messages = 0;
  for (int round = 0; round < 400; round++) {
    begin((uint32_t)round % 2);
    const uint64_t capacity = plain.ring.capacity;
    uint64_t at = consumer.position, sequence = consumer.sequence;
    for (uint64_t filled = 0; filled < capacity;) {
      const uint64_t r = support_random(&seed);
      const uint64_t length = (r >> 24) % 64 ? 300 + r % 1700 : r % capacity;
      uint64_t word = rilli_commit_word(length & UINT32_MAX, r % 5 ? 0 : (r >> 8) & 3, sequence);
      word |= r % 3 ? 0 : ((r >> 16) & 0xff) << 32;
      if (r % 97 == 0)
        word = support_random(&seed);
      atomic_store(plain_word(&plain, at) + 1, sequence);
      atomic_store(plain_word(&plain, at), word);
      if (!(rilli_word_flags(word) & RILLI_FLAG_SKIP))
        sequence++;
      const uint64_t stride = rilli_stride(length < 16 ? 16 : length);
      at += stride;
      filled += stride;
    }
    if (round % 4 > 1) {
      atomic_store(&plain.ring.page->limit, at & ~UINT64_C(1023));
      for (uint32_t i = 0; i < RILLI_INDEX_COUNT; i++) {
        atomic_store(&plain.ring.index[i].position, support_random(&seed));
        atomic_store(&plain.ring.index[i].sequence, sequence - i * 3);
      }
      atomic_store(&plain.ring.page->index_head, support_random(&seed) % 1000);
    }
    struct rill_message message;
    int code;
    for (int i = 0; i < 10000 && (code = rill_receive(&consumer, RILL_NOW, &message)) == 0; i++) {
      const uint8_t *low = consumer.copies ? consumer.buffer : plain.ring.base;
      const size_t room = consumer.copies ? consumer.buffer_size : 2 * capacity;
      const uint8_t *data = message.data;
      assert_true(data >= low && message.size <= room &&
                  (size_t)(data - low) <= room - message.size);
      if (message.key)
        assert_true((const uint8_t *)message.key >= low &&
                    (const uint8_t *)message.key + message.key_size <= data);
      messages++;
    }
    assert_true(code == 0 || code == -EAGAIN || code == -EPROTO);
    struct rilli_place head;
    (void)rilli_find_head(&plain.ring, &head);
    plain_forget(&consumer);
    plain_close(&plain);
  }
  assert_true(messages > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(skip_frames_are_passed_over),
                                     BEHAVIOUR(a_skip_frame_may_be_longer_than_any_message),
                                     BEHAVIOUR(a_batch_may_begin_and_end_at_a_skip_frame),
                                     BEHAVIOUR(walks_and_successors_count_no_skip_frame),
                                     BEHAVIOUR(a_key_is_described_beside_the_payload),
                                     BEHAVIOUR(invalid_frames_are_an_error_and_not_a_message),
                                     BEHAVIOUR(an_unaligned_entry_of_the_index_is_no_place),
                                     BEHAVIOUR(a_ring_of_nothing_but_skip_frames_ends),
                                     BEHAVIOUR(forged_rings_never_lead_outside)};
  return cmocka_run_group_tests_name("ring_forged", tests, NULL, NULL);
}
