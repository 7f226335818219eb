/* SPDX-License-Identifier: MIT */
/* message.h - from a frame's header to struct rill_message.
 *
 * Keeps promise 5: a header is read once and checked before a byte behind it is used. */
#ifndef RILLI_MESSAGE_H
#define RILLI_MESSAGE_H

#include "consumer.h"

/* Is this the header of the message that is due here? Callers may have memory for max_message
 * bytes only. */
static inline int rilli_header_ok(const struct rill_consumer *consumer, uint64_t word) {
  return rilli_word_ok(word, consumer->sequence, consumer->ring.capacity) &&
         ((rilli_word_flags(word) & RILLI_FLAG_SKIP) ||
          rilli_word_length(word) - rilli_head(word) <= consumer->ring.max_message);
}

/* Describes a whole frame, in the ring or in the buffer, whose word was checked, and steps over
 * it. */
void rilli_describe(struct rill_consumer *consumer, const uint8_t *frame, uint64_t word,
                    struct rill_message *ret);
/* -EPROTO, with its text; -ESTALE for a member that was refused, whose messages may have been
 * overwritten. */
int rilli_invalid_message(const struct rill_consumer *consumer);

#endif
