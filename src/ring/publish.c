/* SPDX-License-Identifier: MIT */
/* publish.c - putting messages into the ring: publish, batch, reserve and commit.
 *
 * Keeps promises 1 and 2: no lock, no compare-and-swap, no full fence, no system call
 * while no process sleeps. In-band commit: a frame is filled, and its commit word is stored
 * with release (E1); every place that may be the next commit word was zeroed before. So a reader
 * spins on the line that brings the message, and the word at the head is always 0. The steps:
 * shm/PROTOCOL.md, P. */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "evict.h"
#include "fence.h"
#include "fill.h"
#include "gate.h"
#include "pace.h"
#include "park.h"
#include "producer.h"
#include "sized.h"
#include "walk.h"

#define AHEAD 16384u /* bytes zeroed behind a frame                                   */
#define PIECE 2048u  /* ... in steps of this size                                     */
#define BULK 8192u   /* ... at a fast pace: fewer and longer steps are cheaper          */
#define INSIDE (RILLI_QUANTA / 2) /* places a quantum apart in half the ring              */

/* Plain bytes into the ring. Overwrite readers may be copying the same bytes: then both
 * sides are relaxed words (E4). PROTOCOL P4 */
static void fill(const struct rill_producer *producer, uint8_t *to, const void *data, size_t size) {
  if (!producer->ring.overwrite) {
    if (size)
      memcpy(to, data, size);
    return;
  }
  _Atomic uint64_t *word = (_Atomic uint64_t *)(void *)to;
  const uint8_t *from = data;
  while (size) {
    uint64_t value = 0;
    const size_t part = size < 8 ? size : 8;
    memcpy(&value, from, part);
    atomic_store_explicit(word++, value, memory_order_relaxed);
    from += part;
    size -= part;
  }
}

/* Makes a frame visible. The next commit word is zero already. PROTOCOL P5 */
static inline void commit(uint8_t *frame, uint64_t word) {
  /* E1, release: pairs with rilli_load_word() in view.h */
  atomic_store_explicit((_Atomic uint64_t *)(void *)frame, word, memory_order_release);
}

static inline void set_sequence(uint8_t *frame, uint64_t sequence) {
  atomic_store_explicit((_Atomic uint64_t *)(void *)frame + 1, sequence, memory_order_relaxed);
}

static int too_large(const struct rill_producer *producer, size_t size) {
  return rilli_fail(EMSGSIZE,
                    "a message of %zu bytes is too large: this queue takes at most %llu; create it "
                    "with a larger max_message (up to half its capacity)",
                    size, (unsigned long long)producer->ring.max_message);
}

static int check_meta(const struct rill_meta *meta) {
  struct rill_meta known = RILL_META_INIT;
  const int code = meta ? rilli_sized_in("rill_meta", meta, &known, sizeof known) : 0;
  return code || !known.reserved0 ? code
                                  : rilli_fail(EINVAL, "reserved0 of rill_meta must be zero");
}

/* What a caller's checked meta says, whatever its size; NULL: nothing. */
static struct rill_meta known_meta(const struct rill_meta *meta) {
  struct rill_meta known = RILL_META_INIT;
  if (meta && meta->size >= sizeof known)
    return *meta;
  if (meta)
    memcpy(&known, meta, meta->size);
  return known;
}

static int producer_forked(void) {
  return rilli_fail(ECHILD, "this producer was opened before fork: open one in the child");
}

/* Whole lines together: the processor may take them for writing without reading them. */
static void zero(uint8_t *to, uint64_t size) {
#ifdef __x86_64__ /* libc does it by bytes, which is no faster and eight times as many steps */
  uint64_t words = size / 8;
  __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(UINT64_C(0)) : "memory");
#else
  memset(to, 0, size);
#endif
}

/* Zeroes what may become a commit word behind a frame that ends at `end`: up to `to`, as far as
 * there is room. PROTOCOL P3 */
static void clear(struct rill_producer *producer, uint64_t end, uint64_t to) {
  const uint64_t from = rilli_before(producer->cleared, end) ? end : producer->cleared;
  if (rilli_before(producer->room, to))
    to = producer->room;
  if (!rilli_before(from, to))
    return;
  uint8_t *bytes = producer->base + (from & producer->mask);
  /* E1, before the release: pairs with rilli_load_word() in view.h */
  if (!producer->ring.overwrite)
    zero(bytes, to - from);
  else /* E4: relaxed words, as in fill */
    for (uint64_t at = 0; at < to - from; at += RILLI_FRAME_ALIGN)
      atomic_store_explicit((_Atomic uint64_t *)(void *)(bytes + at), 0, memory_order_relaxed);
  producer->cleared = to;
}

/* Cleared up to here and not further: the user or a predecessor wrote behind it. */
static void clear_no_more(struct rill_producer *producer, uint64_t cleared) {
  producer->cleared = producer->clear_at = cleared;
}

/* The work that only some publishes have. The next lines are fetched for writing while no reader
 * waits for a commit behind them, and many together. PROTOCOL P6 */
static __attribute__((noinline)) int clear_and_wake(struct rill_producer *producer) {
  const uint64_t position = producer->position;
  if (!rilli_before(position, producer->raise_at))
    rilli_raise_ahead(producer);
  else if (!rilli_before(position, producer->clear_at)) {
    clear(producer, position, position + AHEAD);
    producer->clear_at = producer->cleared;
    if (producer->cleared - position == AHEAD)
      producer->clear_at = position + (producer->pace_fast ? BULK : PIECE);
    if (rilli_before(producer->raise_at, producer->clear_at))
      producer->clear_at = producer->raise_at;
  }
  /* E5, fence of the mode: pairs with announce() in park.c. The commit comes before `sleepers`. */
  rilli_fence_own(producer->full_fence);
  if (atomic_load_explicit(&producer->hints->sleepers, memory_order_relaxed) != 0)
    rilli_wake_sleepers(producer);
  return 0;
}

/* Room for frames up to `end`, and the next commit word. PROTOCOL P2, A6 */
static int get_room(struct rill_producer *producer, uint64_t end, rill_time deadline) {
  const uint64_t need = end + RILLI_FRAME_HEADER;
  int code = 0;
  if (need - producer->position > producer->room - producer->position) {
    code = rilli_make_room(producer, need);
    if (code == -EAGAIN)
      code = rilli_wait_or_evict(producer, need, deadline);
  }
  if (code == 0 && !rilli_before(end, producer->cleared)) {
    clear(producer, end, end + RILLI_LINE);
    producer->clear_at = end;
  }
  return code;
}

/* What a message carries beside its payload: the flags of its frame, and what they make it need. */
struct shape {
  uint32_t flags;
  uint64_t head; /* bytes before the payload                                   */
};

static struct shape shape_of(const struct rill_producer *producer, const struct rill_meta *meta) {
  uint32_t flags = 0;
  if (producer->stamp || meta->time != 0 || meta->type != 0)
    flags |= RILLI_FLAG_META;
  return (struct shape){flags, RILLI_FRAME_HEADER + rilli_blocks(flags)};
}

static void fill_blocks(const struct rill_producer *producer, uint8_t *frame, uint32_t flags,
                        const struct rill_meta *meta) {
  if (!(flags & RILLI_FLAG_META))
    return;
  struct rilli_meta_block block = {.time = meta->time, .type = meta->type};
  if (block.time == 0 && producer->stamp)
    block.time = rilli_now();
  fill(producer, frame + rilli_block_at(flags, RILLI_FLAG_META), &block, sizeof block);
}

static __attribute__((noinline)) int
publish_slowly(struct rill_producer *producer, const void *data, size_t size, rill_time deadline) {
  const struct rill_item item = {data, size, NULL};
  const int got = rill_publish_batch(producer, &item, 1, deadline);
  return got < 0 ? got : 0;
}

/* For single messages only: a message right behind would have to wait for the hand-down. */
static inline int hands_down(const struct rill_producer *producer, uint64_t end) {
  return end - producer->position <= producer->handed;
}

/* Hands down the lines behind that of the commit word. Returns whether it did. */
static inline int hand_down(const struct rill_producer *producer, const uint8_t *frame,
                            uint64_t end) {
  if (!hands_down(producer, end) || end - producer->position <= 64)
    return 0;
  const uint8_t *stop = frame + (end - producer->position);
  for (const uint8_t *line = frame + 64 - ((uintptr_t)frame & 63); line < stop; line += 64)
    rilli_demote(line);
  return 1;
}

/* Commits a message, and hands its first line down if the others were handed down. */
static inline void commit_single(struct rill_producer *producer, uint8_t *frame, uint64_t word,
                                 int handed) {
  commit(frame, word);
  if (!handed)
    return;
  rilli_demote(frame);
  if (--producer->handings == 0)
    rilli_measure_pace(producer, rilli_now());
}

/* The end of every publish by the fast path. PROTOCOL P4 to P6 */
static inline int finish(struct rill_producer *producer, uint8_t *frame, size_t size, uint64_t end,
                         int hand) {
  const uint64_t sequence = producer->sequence;
  set_sequence(frame, sequence);
  commit_single(producer, frame, rilli_commit_word(RILLI_FRAME_HEADER + size, 0, sequence), hand);
  producer->position = end;
  producer->sequence = sequence + 1;
  /* E5, fence of the mode: pairs with announce() in park.c. In full mode the slow path fences. */
  atomic_signal_fence(memory_order_seq_cst);
  if (rilli_unlikely(atomic_load_explicit(&producer->hints->sleepers, memory_order_relaxed) != 0 ||
                     !rilli_before(end, producer->clear_at)))
    return clear_and_wake(producer);
  return 0;
}

RILLI_HOT static __attribute__((noinline)) int
publish_large(struct rill_producer *producer, const void *data, size_t size, uint64_t end) {
  uint8_t *frame = producer->base + (producer->position & producer->mask);
  if (hands_down(producer, end)) {
    rilli_copy_large(frame + RILLI_FRAME_HEADER, data, size, 1);
    return finish(producer, frame, size, end, 1);
  }
  rilli_copy_large(frame + RILLI_FRAME_HEADER, data, size, 0);
  return finish(producer, frame, size, end, 0);
}

/* PROTOCOL P1 */
RILLI_HOT int rill_publish(rill_producer *producer, const void *data, size_t size,
                           rill_time deadline) {
  const uint64_t position = producer->position;
  const uint64_t end = rilli_stride(position + RILLI_FRAME_HEADER + size);
  if (rilli_unlikely(size - 1 >= producer->fast_span || !rilli_before(end, producer->cleared)))
    return publish_slowly(producer, data, size, deadline);
  if (rilli_unlikely(size > RILLI_SMALL))
    return publish_large(producer, data, size, end);
  uint8_t *frame = producer->base + (position & producer->mask);
  rilli_copy_small(frame + RILLI_FRAME_HEADER, data, size);
  return finish(producer, frame, size, end, 0);
}

/* Fills the frame at `position`, up to its commit word, which is returned. */
static uint64_t compose(const struct rill_producer *producer, uint64_t position, uint64_t sequence,
                        const struct rill_item *item, uint64_t *ret_stride) {
  uint8_t *frame = producer->base + (position & producer->mask);
  const struct rill_meta meta = known_meta(item->meta);
  const struct shape shape = shape_of(producer, &meta);
  set_sequence(frame, sequence);
  fill_blocks(producer, frame, shape.flags, &meta);
  fill(producer, frame + shape.head, item->data, item->size);
  const uint64_t length = shape.head + item->size;
  *ret_stride = rilli_stride(length);
  return rilli_commit_word(length, shape.flags, sequence);
}

/* Messages that fit half the ring together: room for all is taken first, and the first is
 * committed last, so that a crash in between shows none of them. Only then may the index name
 * places inside, since a successor starts at its newest. PROTOCOL P7 */
static void publish_together(struct rill_producer *producer, const struct rill_item *items,
                             size_t n) {
  struct rilli_place inside[INSIDE];
  size_t found = 0;
  uint64_t position = producer->position, sequence = producer->sequence;
  uint64_t first_stride = 0, due = producer->indexed + producer->ring.quantum;
  uint8_t *first = producer->base + (position & producer->mask);
  const uint64_t first_word = compose(producer, position, sequence, &items[0], &first_stride);
  position += first_stride;
  for (size_t i = 1; i < n; i++) {
    uint64_t stride = 0;
    if (rilli_unlikely(!rilli_before(position, due) && found < INSIDE)) {
      inside[found++] = (struct rilli_place){position, sequence + i, 0};
      due = position + producer->ring.quantum;
    }
    const uint64_t word = compose(producer, position, sequence + i, &items[i], &stride);
    commit(producer->base + (position & producer->mask), word);
    position += stride;
  }
  commit_single(producer, first, first_word, n == 1 && hand_down(producer, first, position));
  if (found)
    rilli_index_batch(producer, inside, found);
  producer->position = position;
  producer->sequence = sequence + n;
  (void)clear_and_wake(producer);
}

int rill_publish_batch(rill_producer *producer, const struct rill_item *items, size_t n,
                       rill_time deadline) {
  if (!producer->base)
    return producer_forked();
  if (producer->reserved)
    return rilli_fail(EBUSY, "a reservation is open: commit or abort it first");
  if (n > INT32_MAX)
    n = INT32_MAX;
  for (size_t i = 0; i < n; i++) {
    if (items[i].size > producer->ring.max_message)
      return too_large(producer, items[i].size);
    const int code = check_meta(items[i].meta);
    if (code)
      return code;
  }
  size_t done = 0;
  while (done < n) {
    uint64_t bytes = 0;
    size_t take = 0;
    while (done + take < n) {
      const struct rill_item *item = &items[done + take];
      const struct rill_meta meta = known_meta(item->meta);
      const uint64_t stride = rilli_stride(shape_of(producer, &meta).head + item->size);
      if (take && bytes + stride > producer->ring.capacity / 2)
        break;
      bytes += stride;
      take++;
    }
    const int code = get_room(producer, producer->position + bytes, deadline);
    if (code)
      return done ? (int)done : code;
    publish_together(producer, items + done, take);
    done += take;
  }
  return (int)n;
}

/* PROTOCOL P8 */
int rill_reserve(rill_producer *producer, const struct rill_meta *meta, size_t size,
                 rill_time deadline, void **ret_data) {
  if (rilli_unlikely(!producer->base))
    return producer_forked();
  if (rilli_unlikely(producer->reserved))
    return rilli_fail(EBUSY, "a reservation is open already: commit or abort it first");
  if (rilli_unlikely(size > producer->ring.max_message))
    return too_large(producer, size);
  int code = check_meta(meta);
  if (rilli_unlikely(code))
    return code;
  const struct rill_meta known = known_meta(meta);
  const struct shape shape = shape_of(producer, &known);
  const uint64_t position = producer->position;
  code = get_room(producer, position + rilli_stride(shape.head + size), deadline);
  if (code)
    return code;
  producer->reserved = size + 1;
  producer->fast_span = 0; /* no publish until commit or abort */
  producer->meta = known;
  *ret_data = producer->base + (position & producer->mask) + shape.head;
  return 0;
}

static void end_reservation(struct rill_producer *producer) {
  producer->reserved = 0;
  if (!producer->stamp && !producer->ring.overwrite && !producer->full_fence)
    producer->fast_span = producer->ring.max_message;
}

/* PROTOCOL P9 */
int rill_commit(rill_producer *producer, size_t used) {
  if (rilli_unlikely(!producer->base))
    return producer_forked();
  if (rilli_unlikely(used >= producer->reserved))
    return rilli_fail(EINVAL, producer->reserved ? "commit of more bytes than were reserved"
                                                 : "commit without a reservation");
  const struct shape shape = shape_of(producer, &producer->meta);
  uint8_t *frame = producer->base + (producer->position & producer->mask);
  const uint64_t length = shape.head + used, stride = rilli_stride(length);
  set_sequence(frame, producer->sequence);
  fill_blocks(producer, frame, shape.flags, &producer->meta);
  if (stride != rilli_stride(shape.head + producer->reserved - 1)) {
    /* The caller may have written where the next frame begins, and behind. */
    atomic_store_explicit((_Atomic uint64_t *)(void *)(frame + stride), 0, memory_order_relaxed);
    clear_no_more(producer, producer->position + stride + RILLI_FRAME_ALIGN);
  }
  commit_single(producer, frame, rilli_commit_word(length, shape.flags, producer->sequence),
                hand_down(producer, frame, producer->position + stride));
  producer->position += stride;
  producer->sequence++;
  end_reservation(producer);
  return clear_and_wake(producer);
}

/* PROTOCOL P10 */
void rill_abort(rill_producer *producer) {
  if (!producer->base)
    return;
  if (producer->reserved)
    clear_no_more(producer, producer->position);
  end_reservation(producer);
}

/* PROTOCOL S4 */
void rilli_producer_init(struct rill_producer *producer, const struct rilli_ring *ring,
                         const struct rilli_place *head) {
  producer->ring = *ring;
  producer->base = ring->base;
  producer->mask = ring->capacity - 1;
  producer->hints = ring->hints;
  producer->position = head->position;
  producer->sequence = head->sequence;
  producer->raise_at = head->position;
  struct rilli_place newest;
  producer->indexed = rilli_index_newest(ring, &newest) ? head->position : newest.position;
  rilli_pace_init(producer);
  producer->room = head->position; /* U: nothing, so that the gate comes before the first store */
  clear_no_more(producer, head->position);
  end_reservation(producer);
}
