/* SPDX-License-Identifier: MIT */
/* frame.h - the commit word, what lies in a frame and how large it may be, and positions:
 * arithmetic without memory accesses. */
#ifndef RILLI_FRAME_H
#define RILLI_FRAME_H

#include "layout.h"

/* Positions and sequences run freely: compared by their difference only. */
static inline int rilli_before(uint64_t a, uint64_t b) {
  return (int64_t)(a - b) < 0;
}

static inline uint64_t rilli_stride(uint64_t length) {
  return (length + RILLI_FRAME_ALIGN - 1) & ~(uint64_t)(RILLI_FRAME_ALIGN - 1);
}

static inline uint64_t rilli_commit_word(uint64_t length, uint32_t flags, uint64_t sequence) {
  return length | (uint64_t)flags << 40 | sequence << 48;
}

static inline uint32_t rilli_word_length(uint64_t word) {
  return (uint32_t)word;
}

static inline uint32_t rilli_word_key(uint64_t word) {
  return (uint32_t)(word >> 32) & 0xffu;
}

static inline uint32_t rilli_word_flags(uint64_t word) {
  return (uint32_t)(word >> 40) & 0xffu;
}

/* --- what lies before the payload ------------------------------------------- */

/* Bytes of the blocks of these flags. */
static inline uint32_t rilli_blocks(uint32_t flags) {
  return RILLI_FRAME_BLOCK * (uint32_t)__builtin_popcount(flags & RILLI_FLAGS_WITH_BLOCK);
}

/* Where the block of one of these flags lies: behind those of the lower bits. */
static inline uint32_t rilli_block_at(uint32_t flags, uint32_t flag) {
  return RILLI_FRAME_HEADER + rilli_blocks(flags & (flag - 1));
}

/* Where the key lies, if there is one. */
static inline uint32_t rilli_key_at(uint64_t word) {
  return RILLI_FRAME_HEADER + rilli_blocks(rilli_word_flags(word));
}

/* Where the payload lies: a multiple of 16, as the frame itself. */
static inline uint32_t rilli_head(uint64_t word) {
  return rilli_key_at(word) + (uint32_t)rilli_stride(rilli_word_key(word));
}

/* Is this the commit word of a valid frame, at a place where `sequence` is due? A frame with
 * unknown flags is invalid, since their blocks cannot be counted. */
static inline int rilli_word_ok(uint64_t word, uint64_t sequence, uint64_t capacity) {
  const uint32_t length = rilli_word_length(word);
  return (rilli_word_flags(word) & ~RILLI_FLAGS_KNOWN) == 0 && length >= rilli_head(word) &&
         length <= capacity / 2 && (word >> 48) == (sequence & 0xffffu);
}

/* --- how large it may be ------------------------------------------------------ */

/* The most that a frame has besides its payload: the header, a block for each flag except SKIP,
 * the longest key, and the padding at its end. Flags added later do not change it. */
#define RILLI_HEAD_MOST                                                                            \
  (RILLI_FRAME_HEADER + (RILLI_FLAG_BITS - 1) * RILLI_FRAME_BLOCK + RILLI_KEY_MOST + 1)
#define RILLI_FRAME_OVERHEAD (RILLI_HEAD_MOST + RILLI_FRAME_ALIGN)
_Static_assert(RILLI_HEAD_MOST % RILLI_FRAME_ALIGN == 0 && RILLI_FRAME_BLOCK == RILLI_FRAME_ALIGN,
               "the payload is aligned as the frame");
_Static_assert((RILLI_FLAGS_WITH_BLOCK & ~RILLI_FLAGS_KNOWN) == 0 &&
                   (RILLI_FLAGS_WITH_BLOCK & RILLI_FLAG_SKIP) == 0 &&
                   RILLI_FLAGS_KNOWN < 1u << RILLI_FLAG_BITS,
               "at most all flags except SKIP have a block");
_Static_assert(RILLI_FRAME_OVERHEAD == 400, "rill/queue.h states it");
_Static_assert(RILLI_MIN_CAPACITY / 2 > RILLI_FRAME_OVERHEAD, "room for messages");

/* The commit word has 32 bits for the length of a frame, and struct rill_message for the size of a
 * payload. So every length, rounded up, lies below this. */
#define RILLI_FRAME_END (UINT64_C(1) << 32)
#define RILLI_MESSAGE_MOST (RILLI_FRAME_END - RILLI_FRAME_OVERHEAD)
_Static_assert(RILLI_MESSAGE_MOST == UINT64_C(4294966896), "rill/queue.h states it");

/* The largest payload that a queue of this capacity may have: a frame takes at most half the
 * ring. */
static inline uint64_t rilli_most_message(uint64_t capacity) {
  const uint64_t most = capacity / 2 - RILLI_FRAME_OVERHEAD;
  return most < RILLI_MESSAGE_MOST ? most : RILLI_MESSAGE_MOST;
}

/* The default of max_message for a queue of this capacity. */
static inline uint64_t rilli_usual_message(uint64_t capacity) {
  return capacity / 8 < RILLI_MESSAGE_MOST ? capacity / 8 : RILLI_MESSAGE_MOST;
}

/* Memory for a copy of any frame of a queue, in whole strides. */
static inline uint64_t rilli_frame_most(uint64_t max_message) {
  return max_message + RILLI_FRAME_OVERHEAD;
}

#endif
