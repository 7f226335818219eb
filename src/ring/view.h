/* SPDX-License-Identifier: MIT */
/* view.h - the mapped memory of a queue, as one process sees it, and places in it.
 *
 * Addresses and loads, no policy. The memory is mapped and its first pages are checked; its
 * content may still be anything, and the caller checks what is read here. */
#ifndef RILLI_VIEW_H
#define RILLI_VIEW_H

#include "frame.h"
#include "layout.h"
#include "rows.h"

#define rilli_likely(x) __builtin_expect(!!(x), 1)
#define rilli_unlikely(x) __builtin_expect(!!(x), 0)
/* Functions that run for each message begin at a cache line, wherever the linker puts them. */
#define RILLI_HOT __attribute__((aligned(64)))

/* Where the parts of a queue lie in this process; constant after open. */
struct rilli_ring {
  uint8_t *base; /* the ring, mapped twice; only the producer may write there     */
  uint64_t capacity, quantum, max_message;
  uint32_t overwrite, max_groups;
  int64_t evict_after; /* ns; 0: never                                             */
  struct rilli_producer_page *page;
  struct rilli_view *seen;
  struct rilli_index *index;
  struct rilli_hints *hints;
  const _Atomic uint32_t *tombstone; /* not 0: the queue was removed (E13)          */
  uint8_t *groups;              /* producer: all page sets; a member: NULL                     */
  const _Atomic uint64_t *rows; /* which of them there are: rows.h                  */
  const char *names;            /* of groups, RILLI_GROUP_NAME_SIZE each; may lack a final NUL   */
  uint64_t group_stride;
  const char *name; /* of the queue, for error texts                               */
};

/* A frame begins (or will begin) here. */
struct rilli_place {
  uint64_t position, sequence;
  int64_t time;
};

static inline struct rilli_group *rilli_group_at(const struct rilli_ring *ring, uint32_t index) {
  return (struct rilli_group *)(void *)(ring->groups + index * ring->group_stride);
}

static inline const char *rilli_name_at(const struct rilli_ring *ring, uint32_t index) {
  return ring->names + (size_t)index * RILLI_GROUP_NAME_SIZE;
}

static inline const uint8_t *rilli_frame_at(const uint8_t *base, uint64_t mask, uint64_t position) {
  return base + (position & mask);
}

/* A commit word that is not 0 makes the whole frame visible. */
static inline uint64_t rilli_load_word(const uint8_t *frame) {
  /* E1, acquire: pairs with commit() and clear() in publish.c */
  return atomic_load_explicit((const _Atomic uint64_t *)(const void *)frame, memory_order_acquire);
}

static inline uint64_t rilli_load_sequence(const uint8_t *frame) {
  return atomic_load_explicit((const _Atomic uint64_t *)(const void *)frame + 1,
                              memory_order_relaxed);
}

#endif
