/* SPDX-License-Identifier: MIT */
/* copy.h - taking messages that the producer may overwrite meanwhile. */
#ifndef RILLI_COPY_H
#define RILLI_COPY_H

#include "consumer.h"

/* Was what was read at the consumer's place not overwritten meanwhile? */
static inline int rilli_is_whole(const struct rill_consumer *consumer) {
  /* E4, acquire: pairs with raise_limit() and open_gate() in gate.c. What was read comes before
   * W. */
  atomic_thread_fence(memory_order_acquire);
  const uint64_t limit = atomic_load_explicit(&consumer->page->limit, memory_order_relaxed);
  return limit - consumer->position <= consumer->ring.capacity;
}

/* Copies the next message into the consumer's buffer. Returns 0, -EAGAIN (there is none) or
 * -EPROTO; what the consumer lost is counted in the message. */
int rilli_take_copy(struct rill_consumer *consumer, struct rill_message *ret);

#endif
