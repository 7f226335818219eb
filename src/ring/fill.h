/* SPDX-License-Identifier: MIT */
/* fill.h - moving a payload into a frame: copies for the sizes of messages.
 *
 * Inlined into the fast path of publish.c, and counted by perf.instructions. */
#ifndef RILLI_FILL_H
#define RILLI_FILL_H

#include <stdint.h>
#include <string.h>

#include "fence.h"
#include "view.h"

#define RILLI_SMALL 64u   /* bytes: copied without a call                                  */
#define RILLI_MEDIUM 256u /* bytes: copied without libc                                    */

struct rilli_block {
  uint64_t word[2];
};

static inline void rilli_move(uint8_t *to, const uint8_t *from) {
  struct rilli_block block;
  memcpy(&block, from, sizeof block);
  memcpy(to, &block, sizeof block);
}

/* Up to RILLI_SMALL bytes by overlapping blocks: a call of memcpy costs more than they do. */
static inline void rilli_copy_small(uint8_t *to, const uint8_t *from, size_t size) {
  if (rilli_likely(size > 16)) {
    struct rilli_block a, b, c, d;
    memcpy(&a, from, 16);
    memcpy(&d, from + size - 16, 16);
    if (rilli_likely(size > 32)) {
      memcpy(&b, from + 16, 16);
      memcpy(&c, from + size - 32, 16);
      memcpy(to + 16, &b, 16);
      memcpy(to + size - 32, &c, 16);
    }
    memcpy(to, &a, 16);
    memcpy(to + size - 16, &d, 16);
  } else if (size >= 8) {
    uint64_t a, b;
    memcpy(&a, from, 8);
    memcpy(&b, from + size - 8, 8);
    memcpy(to, &a, 8);
    memcpy(to + size - 8, &b, 8);
  } else {
    for (size_t i = 0; i < size; i++)
      to[i] = from[i];
  }
}

/* More than RILLI_SMALL bytes, behind the header. The bytes in the line of the commit word come
 * last: a reader polls that line, so it has to be fetched, and a store that waits for its line
 * holds all later stores back. The other lines are in this core's cache since they were cleared, so
 * they are written, and handed down (pace.h), first. */
static inline void rilli_copy_large(uint8_t *to, const uint8_t *from, size_t size, int hand) {
  const size_t first = -(uintptr_t)to & 63;
  size_t at = first;
  if (!hand && size > RILLI_MEDIUM) {
    memcpy(to + at, from + at, size - at);
  } else {
    for (; at + 64 <= size; at += 64) {
      struct rilli_block a, b, c, d;
      memcpy(&a, from + at, 16);
      memcpy(&b, from + at + 16, 16);
      memcpy(&c, from + at + 32, 16);
      memcpy(&d, from + at + 48, 16);
      memcpy(to + at, &a, 16);
      memcpy(to + at + 16, &b, 16);
      memcpy(to + at + 32, &c, 16);
      memcpy(to + at + 48, &d, 16);
      if (hand && at > first)
        rilli_demote(to + at - 64);
    }
    const size_t line = at;
    for (; at + 16 < size; at += 16)
      rilli_move(to + at, from + at);
    rilli_move(to + size - 16, from + size - 16);
    if (hand && line > first) /* only now: the last bytes may reach into it */
      rilli_demote(to + line - 64);
    if (hand && line < size)
      rilli_demote(to + line);
  }
  for (at = 0; at < first; at += 16)
    rilli_move(to + at, from + at);
}

#endif
