/* SPDX-License-Identifier: MIT */
/* copy.c - receiving by copy: overwrite queues and tails.
 *
 * No cursor protects these messages. So a message is copied, and delivered only if the write
 * limit has not passed it meanwhile (E4); a consumer that was lapped continues at the oldest
 * whole message that the index knows, and counts what it lost. Model: tests/model/overwrite.pml. */
#include "copy.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "message.h"
#include "walk.h"

/* After being lapped: continues at the oldest whole message that the index knows, and counts the
 * messages before it as lost.
 * PROTOCOL R4 */
static int catch_up(struct rill_consumer *consumer) {
  for (int tries = 0; tries < 1000; tries++) {
    struct rilli_place place;
    const uint64_t limit = atomic_load_explicit(&consumer->page->limit, memory_order_acquire);
    if (rilli_index_oldest(&consumer->ring, limit - consumer->ring.capacity, &place))
      continue;
    if (rilli_before(place.sequence, consumer->sequence) ||
        rilli_before(place.position, consumer->position) ||
        rilli_before(atomic_load_explicit(&consumer->page->limit, memory_order_acquire),
                     place.position)) /* an entry is pushed before the limit goes beyond it */
      return rilli_invalid_message(consumer);
    const uint64_t lost = place.sequence - consumer->sequence;
    consumer->lost += lost;
    if (consumer->slot)
      atomic_fetch_add_explicit(&consumer->slot->lost, lost, memory_order_relaxed);
    consumer->position = place.position;
    consumer->sequence = place.sequence;
    return 0;
  }
  return rilli_invalid_message(consumer);
}

static void copy_words(uint8_t *to, const _Atomic uint64_t *from, uint64_t size) {
  for (uint64_t at = 0; at < size; at += 8) {
    const uint64_t value = atomic_load_explicit(from++, memory_order_relaxed);
    memcpy(to + at, &value, 8);
  }
}

/* One try: 0 sets *ret_word; -EAGAIN (no message), -ESTALE (lapped), -EPROTO. PROTOCOL R3 */
static int copy_frame(struct rill_consumer *consumer, uint64_t *ret_word) {
  const uint8_t *frame = rilli_frame_at(consumer->base, consumer->mask, consumer->position);
  const uint64_t word = rilli_load_word(frame);
  const uint64_t size = rilli_word_flags(word) & RILLI_FLAG_SKIP /* of any length */
                            ? RILLI_FRAME_HEADER
                            : rilli_stride(rilli_word_length(word));
  const int ok = rilli_header_ok(consumer, word) && size <= consumer->buffer_size;
  if (ok)
    copy_words(consumer->buffer, (const _Atomic uint64_t *)(const void *)frame, size);
  if (!rilli_is_whole(consumer))
    return -ESTALE;
  if (word == 0)
    return -EAGAIN;
  uint64_t sequence;
  memcpy(&sequence, consumer->buffer + 8, 8);
  if (!ok || sequence != consumer->sequence)
    return rilli_invalid_message(consumer);
  *ret_word = word;
  return 0;
}

int rilli_take_copy(struct rill_consumer *consumer, struct rill_message *ret) {
  for (int tries = 0; tries < 100000; tries++) {
    uint64_t word = 0;
    int code = copy_frame(consumer, &word);
    if (code == -ESTALE)
      code = catch_up(consumer);
    else if (code == 0 && (rilli_word_flags(word) & RILLI_FLAG_SKIP))
      consumer->position += rilli_stride(rilli_word_length(word));
    else if (code == 0) {
      rilli_describe(consumer, consumer->buffer, word, ret);
      return 0;
    }
    if (code)
      return code;
  }
  return rilli_fail(EPROTO,
                    "the producer overwrites messages faster than this consumer can copy one: "
                    "create the queue with a larger capacity");
}
