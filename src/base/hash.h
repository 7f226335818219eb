/* SPDX-License-Identifier: MIT */
/* hash.h - FNV-1a (Fowler, Noll, Vo). It finds damage and spreads names; it stops no forgery. */
#ifndef RILLI_HASH_H
#define RILLI_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t rilli_hash(const void *bytes, size_t size) {
  const unsigned char *at = bytes;
  uint64_t sum = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < size; i++)
    sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
  return sum;
}

#endif
