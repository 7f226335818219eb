/* SPDX-License-Identifier: MIT */
/* receive.c - taking messages out of the ring in place, and giving their place back.
 *
 * Reliable groups read in place, protected by their cursor; copy.c serves overwrite queues and
 * tails. The cursor is published lazily: by a release that has to be known, and when there is
 * nothing to receive. The steps: shm/PROTOCOL.md, R. */
#include <errno.h>
#include <string.h>

#include "consumer.h"
#include "copy.h"
#include "error.h"
#include "evict.h"
#include "fence.h"
#include "group.h"
#include "message.h"
#include "park.h"

#define EAGER_POLLS 32u
#define PUBLISHED 32u     /* a cursor is published at least every capacity/32 */
#define FETCHED 1024u     /* bytes: as many lines as a core asks for together          */
#define MOST_ROUNDS 10000 /* in which a message comes and vanishes: a producer error */

static int consumer_forked(void) {
  return rilli_fail(ECHILD, "this consumer was opened before fork: open one in the child");
}

void rilli_choose_path(struct rill_consumer *consumer) {
  const int fast = !consumer->copies && !consumer->lost;
  consumer->to_ring = fast ? (uintptr_t)consumer->base - (uintptr_t)consumer : 0;
  consumer->fast_mask = fast ? consumer->mask : 0;
}

void rilli_consumer_init(struct rill_consumer *consumer) {
  const struct rilli_ring *ring = &consumer->ring;
  consumer->base = ring->base;
  consumer->mask = ring->capacity - 1;
  consumer->page = ring->page;
  consumer->waiting = &ring->page->waiting;
  consumer->copies = ring->overwrite || !consumer->group;
  /* A member that may be evicted checks at each release whether what it read was whole. */
  consumer->publish_step = consumer->copies || ring->evict_after ? 0 : ring->capacity / PUBLISHED;
  consumer->eager = consumer->patience.wait == RILL_PARK ? 0 : EAGER_POLLS;
  consumer->usual_stride = RILLI_FRAME_HEADER; /* of no bytes */
  rilli_choose_path(consumer);
}

/* --- cursor --------------------------------------------------------------- */

/* Does a cursor that moves from `from` to `to` pass the one that a producer waits for? Only the
 * store that passes it wakes: an earlier one has done so if `from` is beyond it already. */
static inline int reaches(uint64_t waiting, uint64_t from, uint64_t to) {
  return waiting % RILLI_FRAME_ALIGN == 0 && rilli_before(from, waiting) &&
         !rilli_before(to, waiting);
}

/* Stores the cursor, with the sequence of the message there, and wakes a producer that waits for
 * it. PROTOCOL R8, R9 */
static void publish_cursor(struct rill_consumer *consumer, uint64_t sequence) {
  struct rilli_group *group = consumer->group;
  const uint64_t cursor = consumer->released, before = consumer->published;
  if (cursor == before)
    return;
  consumer->published = cursor;
  if (!group)
    return;
  /* The entry that holds the last cursor's sequence stays until the new one is in place. */
  const uint32_t turn = consumer->place_turn ^= 1;
  rilli_store_place(group, turn, cursor, sequence);
  /* E2, release: pairs with check_row() and furthest_of() in gate.c, holds_up() in evict.c.
   * What was read comes before the cursor. */
  atomic_store_explicit(&group->cursor, cursor, memory_order_release);
  /* E7, fence of the mode: pairs with park_for_room() in park.c. The cursor comes before `waiting`.
   */
  rilli_fence_own(consumer->full_fence);
  if (reaches(atomic_load_explicit(consumer->waiting, memory_order_relaxed), before, cursor))
    rilli_wake_producer(consumer->ring.hints);
}

/* Unless all messages are released, the first that is not lies in the ring, protected: copying
 * groups publish at each release, and so have nothing left to publish later. */
uint64_t rilli_released_sequence(const struct rill_consumer *consumer) {
  if (consumer->released == consumer->position)
    return consumer->sequence;
  return rilli_load_sequence(rilli_frame_at(consumer->base, consumer->mask, consumer->released));
}

void rilli_publish_cursor(struct rill_consumer *consumer) {
  const uint64_t sequence = rilli_released_sequence(consumer);
  if (!rilli_is_refused(consumer)) /* else its releases are void */
    publish_cursor(consumer, sequence);
}

/* PROTOCOL R7, V5 */
static __attribute__((noinline)) int publish_or_fail(struct rill_consumer *consumer,
                                                     uint64_t sequence) {
  const int code = consumer->group ? rilli_check_refused(consumer) : 0;
  if (code == 0)
    publish_cursor(consumer, sequence);
  return code;
}

/* Must this release perhaps be published? Not while the producer does not wait and the last
 * published one is less than a step away. */
static inline int may_publish(const struct rill_consumer *consumer) {
  return consumer->released - consumer->published >= consumer->publish_step ||
         atomic_load_explicit(consumer->waiting, memory_order_relaxed) != RILLI_NONE;
}

/* Publishes a release unless the producer sleeps and this gives it no room: neither the place that
 * it waits for, nor the minimum that it needs when its slice ends. The minimum counts, too, since
 * this consumer may not release more for a long time. PROTOCOL R6 */
static __attribute__((noinline)) int publish_release(struct rill_consumer *consumer,
                                                     uint64_t sequence) {
  const uint64_t waiting = atomic_load_explicit(consumer->waiting, memory_order_relaxed);
  const uint64_t from = consumer->published, to = consumer->released;
  if (to - from < consumer->publish_step && waiting != RILLI_SPINS && !reaches(waiting, from, to) &&
      !reaches(waiting - rilli_eagerness(&consumer->ring), from, to))
    return 0;
  return publish_or_fail(consumer, sequence);
}

static __attribute__((noinline)) int release_slowly(struct rill_consumer *consumer,
                                                    const struct rill_message *up_to) {
  if (!consumer->base)
    return consumer_forked();
  const uint64_t to = up_to ? up_to->token : consumer->position;
  uint64_t sequence = up_to ? up_to->sequence + 1 : consumer->sequence;
  if (consumer->position - to > consumer->ring.capacity)
    return rilli_fail(EINVAL, "release of a message that this consumer has not received");
  if (rilli_before(consumer->released, to))
    consumer->released = to;
  else /* it was released before */
    sequence = rilli_released_sequence(consumer);
  return may_publish(consumer) ? publish_release(consumer, sequence) : 0;
}

/* PROTOCOL R5 */
RILLI_HOT int rill_release(rill_consumer *consumer, const struct rill_message *up_to) {
  if (rilli_unlikely(!up_to || up_to->token != consumer->position))
    return release_slowly(consumer, up_to); /* not the message received last */
  consumer->released = consumer->position;
  if (rilli_unlikely(may_publish(consumer)))
    return publish_release(consumer, consumer->sequence);
  return 0;
}

/* --- one message ------------------------------------------------------------- */

/* Takes a message in place. Nothing is written behind the cursor of a group that is not refused, so
 * a commit word there is this message's, or damage; the sequence behind it is for readers that may
 * meet a frame of another lap: copies, walks, successors. Returns 0, -EAGAIN (no message) or
 * -EPROTO. PROTOCOL R2 */
static int take_in_place(struct rill_consumer *consumer, struct rill_message *ret) {
  for (uint64_t skipped = 0; skipped <= consumer->ring.capacity;) {
    const uint8_t *frame = rilli_frame_at(consumer->base, consumer->mask, consumer->position);
    const uint64_t word = rilli_load_word(frame);
    if (word == 0)
      return -EAGAIN;
    if (!rilli_header_ok(consumer, word))
      return rilli_invalid_message(consumer);
    if (!(rilli_word_flags(word) & RILLI_FLAG_SKIP)) {
      rilli_describe(consumer, frame, word, ret);
      return 0;
    }
    consumer->position += rilli_stride(rilli_word_length(word));
    skipped += rilli_stride(rilli_word_length(word));
  }
  return rilli_invalid_message(consumer);
}

/* --- receive --------------------------------------------------------------- */

int rilli_something_there(const struct rill_consumer *consumer) {
  const uint8_t *frame = rilli_frame_at(consumer->base, consumer->mask, consumer->position);
  if (rilli_load_word(frame) != 0)
    return 1;
  return consumer->copies && !rilli_is_whole(consumer);
}

static int take(struct rill_consumer *consumer, struct rill_message *ret) {
  return consumer->copies ? rilli_take_copy(consumer, ret) : take_in_place(consumer, ret);
}

/* For the fast path. Where that is off, and in a forked child, mask and distance are zero: then
 * this returns the struct itself, whose first word, that distance, reads as "no message". So the
 * fast path needs no check. The ring may be at a lower address, so the distance has a sign. */
static inline const uint8_t *next_frame(const struct rill_consumer *consumer) {
  const uintptr_t distance = (consumer->position & consumer->fast_mask) + consumer->to_ring;
  return (const uint8_t *)consumer + (ptrdiff_t)distance;
}

/* A message without key and flags, of a length in range. Returns 0 for any other, or none.
 * PROTOCOL R1.
 * As long as messages are of one size, where the next one begins does not depend on the header of
 * this one: only a branch does, which the processor predicts. So it fetches the lines of several
 * messages together, and does not wait for one message before it fetches the next. */
static inline int take_plain(struct rill_consumer *consumer, struct rill_message *ret) {
  const uint8_t *frame = next_frame(consumer);
  const uint64_t sequence = consumer->sequence;
  /* What remains is the length, if the upper bits are those of this message. */
  const uint64_t length = rilli_load_word(frame) ^ rilli_commit_word(0, 0, sequence);
  const uint64_t size = length - RILLI_FRAME_HEADER;
  if (rilli_unlikely(size != consumer->usual_size)) {
    if (size > consumer->ring.max_message)
      return 0;
    consumer->usual_size = size;
    consumer->usual_stride = rilli_stride(length);
  }
  const uint64_t end = consumer->position + consumer->usual_stride;
  ret->data = frame + RILLI_FRAME_HEADER;
  ret->key = NULL;
  memcpy(&ret->size, &size, sizeof size); /* < 2^32: and key_size and flags, which are 0 */
  ret->sequence = sequence;
  ret->lost = 0;
  ret->token = end;
  ret->time = 0;
  ret->deliveries = 1;
  ret->type = 0;
  consumer->position = end;
  consumer->sequence = sequence + 1;
  return 1;
}

/* There is no message. A consumer that polls the line which a busy producer is about to write takes
 * that line from the producer, message by message. So a consumer that has caught up with a stream
 * rests a little, and longer each time; a consumer that waits for single messages never rests. */
static inline void rest_behind_stream(struct rill_consumer *consumer, int64_t deadline) {
  const uint64_t got = consumer->sequence - consumer->emptied;
  const uint64_t bytes = consumer->position - consumer->emptied_at;
  consumer->emptied = consumer->sequence;
  consumer->emptied_at = consumer->position;
  if (rilli_unlikely(rilli_is_stream(got, bytes)))
    rilli_rest(consumer, deadline);
  else
    consumer->rest = 0;
}

/* Fetches all lines of a message that has just come, not each one when it is read. */
static inline void fetch_lines(const uint8_t *frame) {
  const uint32_t length = rilli_word_length(rilli_load_word(frame)); /* only a hint here */
  for (uint32_t at = 64; at < length && at < FETCHED; at += 64)
    __builtin_prefetch(frame + at);
}

/* PROTOCOL R10 */
static __attribute__((noinline)) int receive_slowly(struct rill_consumer *consumer,
                                                    rill_time deadline, struct rill_message *ret) {
  if (!consumer->base)
    return consumer_forked();
  if (deadline != RILL_NOW) {
    /* A message that comes within a microsecond is seen here, before a clock is read. */
    const uint8_t *frame = rilli_frame_at(consumer->base, consumer->mask, consumer->position);
    if (rilli_load_word(frame) == 0) {
      rest_behind_stream(consumer, deadline);
      for (uint32_t polls = consumer->eager; polls && rilli_load_word(frame) == 0; polls--)
        rilli_pause();
    }
    fetch_lines(frame);
    if (rilli_likely(take_plain(consumer, ret)))
      return 0;
  }
  for (int rounds = 0; rounds < MOST_ROUNDS; rounds++) {
    int code = take(consumer, ret);
    if (code != -EAGAIN)
      return code;
    code = publish_or_fail(consumer, rilli_released_sequence(consumer));
    if (code == 0)
      code = rilli_wait_message(consumer, deadline);
    if (code)
      return code;
    consumer->waited = 1;
  }
  return rilli_invalid_message(consumer);
}

RILLI_HOT int rill_receive(rill_consumer *consumer, rill_time deadline,
                           struct rill_message *ret_message) {
  if (rilli_likely(take_plain(consumer, ret_message)))
    return 0;
  return receive_slowly(consumer, deadline, ret_message);
}

RILLI_HOT int rill_receive_batch(rill_consumer *consumer, size_t n, rill_time deadline,
                                 struct rill_message *ret_messages) {
  if (n == 0)
    return rilli_fail(EINVAL, "a batch of 0 messages was asked for");
  int code = rill_receive(consumer, deadline, ret_messages);
  if (code)
    return code;
  if (n > INT32_MAX)
    n = INT32_MAX;
  if (consumer->copies) /* the buffer holds one */
    return 1;
  size_t got = 1;
  while (got < n && (take_plain(consumer, &ret_messages[got]) ||
                     take_in_place(consumer, &ret_messages[got]) == 0))
    got++;
  return (int)got;
}
