/* SPDX-License-Identifier: MIT */
/* rows.h - the rows of a control segment: which rows exist, and where they lie.
 *
 * A row exists when its bit is set in the control page: its first page has memory then, and its
 * cursor was NONE before. Each loop over rows visits only those. Reading any other row would
 * allocate its page, or fail with SIGBUS if the file system is full; and its cursor would be 0,
 * which is a valid place in the ring. PROTOCOL G8; edges E3 and E17. */
#ifndef RILLI_ROWS_H
#define RILLI_ROWS_H

#include "check.h"

/* Which of the rows 64*word to 64*word+63 exist. The bits may have any value: those beyond the last
 * row are ignored. */
static inline uint64_t rilli_rows_in(const _Atomic uint64_t *rows, uint32_t max_groups,
                                     uint32_t word) {
  /* E17, acquire: pairs with make_row() in row.c. The bit comes before the row. */
  const uint64_t bits = atomic_load_explicit(&rows[word], memory_order_acquire);
  const uint32_t left = max_groups - 64 * word;
  return left < 64 ? bits & ((UINT64_C(1) << left) - 1) : bits;
}

/* The first row from `from` on; max_groups: there is none. */
static inline uint32_t rilli_next_row(const _Atomic uint64_t *rows, uint32_t max_groups,
                                      uint32_t from) {
  for (uint32_t word = from / 64; 64 * word < max_groups; word++) {
    uint64_t bits = rilli_rows_in(rows, max_groups, word);
    if (word == from / 64)
      bits &= UINT64_MAX << from % 64;
    if (bits)
      return 64 * word + (uint32_t)__builtin_ctzll(bits);
  }
  return max_groups;
}

/* A loop over the rows that exist. */
#define RILLI_EACH_ROW(index, rows, max_groups)                                                    \
  for ((index) = rilli_next_row(rows, max_groups, 0); (index) < (max_groups);                      \
       (index) = rilli_next_row(rows, max_groups, (index) + 1))

static inline uint32_t rilli_count_rows(const _Atomic uint64_t *rows, uint32_t max_groups) {
  uint32_t count = 0;
  for (uint32_t word = 0; 64 * word < max_groups; word++)
    count += (uint32_t)__builtin_popcountll(rilli_rows_in(rows, max_groups, word));
  return count;
}

static inline int rilli_has_row(const _Atomic uint64_t *rows, uint32_t index) {
  return (int)(atomic_load_explicit(&rows[index / 64], memory_order_acquire) >> index % 64 & 1);
}

/* From now on other processes read the row. It must be set up before its bit is set. */
static inline void rilli_row_exists(_Atomic uint64_t *rows, uint32_t index) {
  atomic_fetch_or_explicit(&rows[index / 64], UINT64_C(1) << index % 64, memory_order_release);
}

/* Where the row of a group begins, in the file and in a mapped control segment. */
static inline uint64_t rilli_row_offset(const struct rilli_control_geometry *geometry,
                                        uint32_t index) {
  return geometry->group_offset + index * geometry->group_stride;
}

static inline struct rilli_group *
rilli_row_at(uint8_t *control, const struct rilli_control_geometry *geometry, uint32_t index) {
  return (void *)(control + rilli_row_offset(geometry, index));
}

static inline struct rilli_slot *rilli_slot_at(uint8_t *control,
                                               const struct rilli_control_geometry *geometry,
                                               struct rilli_member member) {
  return (void *)(control + rilli_row_offset(geometry, member.group) + geometry->slots_offset +
                  member.slot * geometry->slot_stride);
}

/* What a control file holds before its first row: reserved at creation. */
static inline uint64_t rilli_fixed_bytes(uint64_t names_offset, uint32_t max_groups) {
  const uint64_t end = names_offset + (uint64_t)max_groups * RILLI_GROUP_NAME_SIZE;
  return (end + RILLI_PAGE - 1) / RILLI_PAGE * RILLI_PAGE;
}

static inline _Atomic uint64_t *rilli_rows_at(uint8_t *control) {
  return ((struct rilli_control *)(void *)control)->rows;
}

#endif
