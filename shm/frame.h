/* SPDX-License-Identifier: MIT */
/* frame.h - the commit word and positions: arithmetic without memory accesses. */
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

/* Does this commit word, read at a place where `sequence` is due, make sense? */
static inline int rilli_word_ok(uint64_t word, uint64_t sequence, uint64_t capacity) {
  const uint32_t length = rilli_word_length(word), flags = rilli_word_flags(word);
  uint64_t least = RILLI_FRAME_HEADER + ((rilli_word_key(word) + 15u) & ~15u);
  if (flags & RILLI_FLAG_EXTENDED)
    least += sizeof(struct rilli_extension);
  return length >= least && length <= capacity / 2 && (flags & ~RILLI_FLAGS_KNOWN) == 0 &&
         (word >> 48) == (sequence & 0xffffu);
}

#endif
