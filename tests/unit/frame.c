/* SPDX-License-Identifier: MIT */
/* frame.c - what lies in a frame, and how large one may be: the arithmetic of shm/frame.h. */
#include "unit.h"

#include "frame.h"

static uint64_t word_of(uint64_t length, uint64_t key, uint32_t flags) {
  return rilli_commit_word(length, flags, 7) | key << 32;
}

static void what_lies_before_the_payload_follows_from_the_word(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags <= RILLI_FLAGS_KNOWN; flags++)
    for (uint64_t key = 0; key <= RILLI_KEY_MOST; key++) {
      const uint64_t word = word_of(4096, key, flags);
      const uint32_t blocks = flags & RILLI_FLAG_META ? 16 : 0;
      assert_int_equal(rilli_blocks(flags), blocks);
      assert_int_equal(rilli_block_at(flags, RILLI_FLAG_META), 16);
      assert_int_equal(rilli_key_at(word), 16 + blocks);
      assert_int_equal(rilli_head(word), 16 + blocks + (key + 15) / 16 * 16);
      assert_true(rilli_head(word) % 16 == 0 && rilli_head(word) <= RILLI_HEAD_MOST);
    }
}

static void a_frame_is_at_least_what_lies_before_its_payload(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags <= 255; flags++)
    for (uint64_t key = 0; key <= RILLI_KEY_MOST; key++) {
      const int known = (flags & ~RILLI_FLAGS_KNOWN) == 0;
      const uint64_t head = rilli_head(word_of(0, key, flags));
      assert_int_equal(rilli_word_ok(word_of(head, key, flags), 7, RILLI_MIN_CAPACITY), known);
      assert_false(rilli_word_ok(word_of(head - 1, key, flags), 7, RILLI_MIN_CAPACITY));
      assert_false(rilli_word_ok(word_of(head, key, flags), 8, RILLI_MIN_CAPACITY));
    }
}

static void the_largest_message_fits_half_the_ring_with_all_it_may_carry(void **state) {
  (void)state;
  for (uint64_t capacity = RILLI_MIN_CAPACITY; capacity <= RILLI_MAX_CAPACITY; capacity *= 2) {
    const uint64_t most = rilli_most_message(capacity), usual = rilli_usual_message(capacity);
    assert_true(rilli_stride(RILLI_HEAD_MOST + most) <= capacity / 2);
    assert_true(usual <= most && (usual == most || usual == capacity / 8));
    for (uint64_t size = most - 40; size <= most; size++)
      assert_true(rilli_stride(RILLI_HEAD_MOST + size) <= rilli_frame_most(size));
  }
}

/* Nothing of it is cut off: neither in the commit word nor in struct rill_message. */
static void no_length_needs_more_than_32_bits(void **state) {
  (void)state;
  const uint64_t most = rilli_most_message(RILLI_MAX_CAPACITY);
  const uint64_t length = RILLI_HEAD_MOST + most;
  const uint64_t word = word_of(length, RILLI_KEY_MOST, RILLI_FLAG_META);
  struct rill_message message;
  assert_true(rilli_word_length(word) == length && rilli_stride(length) <= UINT32_MAX);
  assert_true(rilli_word_ok(word, 7, RILLI_MAX_CAPACITY));
  assert_true(rilli_word_key(word) == RILLI_KEY_MOST && rilli_word_flags(word) == RILLI_FLAG_META);
  message.size = (uint32_t)most;
  assert_true(message.size == most);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(what_lies_before_the_payload_follows_from_the_word),
      BEHAVIOUR(a_frame_is_at_least_what_lies_before_its_payload),
      BEHAVIOUR(the_largest_message_fits_half_the_ring_with_all_it_may_carry),
      BEHAVIOUR(no_length_needs_more_than_32_bits)};
  return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
