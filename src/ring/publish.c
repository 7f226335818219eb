/* SPDX-License-Identifier: MIT */
/* publish.c - putting messages into the ring: publish, batch, reserve and commit.
 *
 * Keeps promises 1 and 2: no lock, no compare-and-swap, no full fence, no system call
 * while nobody sleeps. In-band commit: a frame is filled, the commit word of the NEXT
 * frame is zeroed, then its own commit word is stored with release (E1). So a reader
 * spins on the line that brings the message, and the word at the head is always 0. */
#include "ring.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "fence.h"

/* Plain bytes into the ring. Overwrite readers may be copying the same bytes: then both
 * sides are relaxed words (E4). */
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

/* E1: what makes a frame be there. The next commit word is zeroed first. */
static inline void commit(uint8_t *frame, uint64_t stride, uint64_t word) {
  _Atomic uint64_t *next = (_Atomic uint64_t *)(void *)(frame + stride);
  atomic_store_explicit(next, 0, memory_order_relaxed);
  atomic_store_explicit((_Atomic uint64_t *)(void *)frame, word, memory_order_release);
}

static inline void set_sequence(uint8_t *frame, uint64_t sequence) {
  atomic_store_explicit((_Atomic uint64_t *)(void *)frame + 1, sequence, memory_order_relaxed);
}

/* E5: the look at the sleepers comes after the commit. */
static inline void wake(struct rill_producer *producer) {
  rilli_fence_own(producer->full_fence);
  if (rilli_unlikely(atomic_load_explicit(&producer->hints->sleepers, memory_order_relaxed) != 0))
    rilli_wake_sleepers(producer);
}

static int too_large(const struct rill_producer *producer, size_t size) {
  return rilli_fail(EMSGSIZE,
                    "a message of %zu bytes is too large: this queue takes at most %llu; create it "
                    "with a larger max_message (up to half its capacity)",
                    size, (unsigned long long)producer->ring.max_message);
}

static int forked(void) {
  return rilli_fail(ECHILD, "this producer was opened before fork: open one in the child");
}

static int get_room(struct rill_producer *producer, uint64_t need, rill_time deadline) {
  if (need - producer->position <= producer->room - producer->position)
    return 0;
  const int code = rilli_make_room(producer, need);
  return code == -EAGAIN ? rilli_wait_room(producer, need, deadline) : code;
}

/* Header, extension and payload for what a message carries; not yet its commit word. */
struct shape {
  uint32_t flags;
  uint64_t head; /* bytes before the payload                                   */
};

static int needs_extension(const struct rill_producer *producer, const struct rill_meta *meta) {
  return producer->stamp || (meta && (meta->time != 0 || meta->type != 0));
}

static struct shape shape_of(const struct rill_producer *producer, const struct rill_meta *meta) {
  struct shape shape = {0, RILLI_FRAME_HEADER};
  if (needs_extension(producer, meta)) {
    shape.flags = RILLI_FLAG_EXTENDED;
    shape.head += sizeof(struct rilli_extension);
  }
  return shape;
}

static void extend(const struct rill_producer *producer, uint8_t *frame,
                   const struct rill_meta *meta) {
  struct rilli_extension extension = {.time = 0};
  if (meta) {
    extension.time = meta->time;
    extension.type = meta->type;
  }
  if (extension.time == 0 && producer->stamp)
    extension.time = rilli_now();
  fill(producer, frame + RILLI_FRAME_HEADER, &extension, sizeof extension);
}

static int publish_slowly(struct rill_producer *producer, const struct rill_item *item,
                          rill_time deadline) {
  const int got = rill_publish_batch(producer, item, 1, deadline);
  return got < 0 ? got : 0;
}

int rill_publish(rill_producer *producer, const void *data, size_t size, rill_time deadline) {
  const uint64_t position = producer->position;
  const uint64_t length = RILLI_FRAME_HEADER + size, stride = rilli_stride(length);
  if (rilli_unlikely(size - 1 >= producer->fast_span ||
                     producer->room - position < stride + RILLI_FRAME_HEADER)) {
    const struct rill_item item = {data, size, NULL};
    return publish_slowly(producer, &item, deadline);
  }
  uint8_t *frame = producer->base + (position & producer->mask);
  const uint64_t sequence = producer->sequence;
  memcpy(frame + RILLI_FRAME_HEADER, data, size);
  set_sequence(frame, sequence);
  commit(frame, stride, rilli_commit_word(length, 0, sequence));
  producer->position = position + stride;
  producer->sequence = sequence + 1;
  wake(producer);
  return 0;
}

/* Fills the frame at `position`, up to its commit word, which is returned. */
static uint64_t compose(const struct rill_producer *producer, uint64_t position, uint64_t sequence,
                        const struct rill_item *item, uint64_t *ret_stride) {
  uint8_t *frame = producer->base + (position & producer->mask);
  const struct shape shape = shape_of(producer, item->meta);
  set_sequence(frame, sequence);
  if (shape.flags & RILLI_FLAG_EXTENDED)
    extend(producer, frame, item->meta);
  fill(producer, frame + shape.head, item->data, item->size);
  const uint64_t length = shape.head + item->size;
  *ret_stride = rilli_stride(length);
  return rilli_commit_word(length, shape.flags, sequence);
}

/* Messages that fit half the ring together: room for all is taken first, and the first is
 * committed last, so that a crash in between shows none of them. */
static void publish_together(struct rill_producer *producer, const struct rill_item *items,
                             size_t n) {
  uint64_t position = producer->position, sequence = producer->sequence;
  uint64_t first_stride = 0;
  uint8_t *first = producer->base + (position & producer->mask);
  const uint64_t first_word = compose(producer, position, sequence, &items[0], &first_stride);
  position += first_stride;
  for (size_t i = 1; i < n; i++) {
    uint64_t stride = 0;
    const uint64_t word = compose(producer, position, sequence + i, &items[i], &stride);
    commit(producer->base + (position & producer->mask), stride, word);
    position += stride;
  }
  if (n == 1)
    commit(first, first_stride, first_word);
  else /* its next commit word is that of the second, which is there already */
    atomic_store_explicit((_Atomic uint64_t *)(void *)first, first_word, memory_order_release);
  producer->position = position;
  producer->sequence = sequence + n;
  wake(producer);
}

int rill_publish_batch(rill_producer *producer, const struct rill_item *items, size_t n,
                       rill_time deadline) {
  if (!producer->base)
    return forked();
  if (producer->reserved)
    return rilli_fail(EBUSY, "a reservation is open: commit or abort it first");
  if (n > INT32_MAX)
    n = INT32_MAX;
  for (size_t i = 0; i < n; i++)
    if (items[i].size > producer->ring.max_message)
      return too_large(producer, items[i].size);
  size_t done = 0;
  while (done < n) {
    uint64_t bytes = 0;
    size_t take = 0;
    while (done + take < n) {
      const struct rill_item *item = &items[done + take];
      const uint64_t stride = rilli_stride(shape_of(producer, item->meta).head + item->size);
      if (take && bytes + stride > producer->ring.capacity / 2)
        break;
      bytes += stride;
      take++;
    }
    const int code = get_room(producer, producer->position + bytes + RILLI_FRAME_HEADER, deadline);
    if (code)
      return done ? (int)done : code;
    publish_together(producer, items + done, take);
    done += take;
  }
  return (int)n;
}

int rill_reserve(rill_producer *producer, const struct rill_meta *meta, size_t size,
                 rill_time deadline, void **ret_data) {
  if (rilli_unlikely(!producer->base))
    return forked();
  if (rilli_unlikely(producer->reserved))
    return rilli_fail(EBUSY, "a reservation is open already: commit or abort it first");
  if (rilli_unlikely(size > producer->ring.max_message))
    return too_large(producer, size);
  const struct shape shape = shape_of(producer, meta);
  const uint64_t position = producer->position;
  const int code =
      get_room(producer, position + rilli_stride(shape.head + size) + RILLI_FRAME_HEADER, deadline);
  if (code)
    return code;
  producer->reserved = size + 1;
  producer->fast_span = 0; /* no publish until commit or abort */
  producer->meta = meta ? *meta : (struct rill_meta){.size = 0};
  *ret_data = producer->base + (position & producer->mask) + shape.head;
  return 0;
}

static void end_reservation(struct rill_producer *producer) {
  producer->reserved = 0;
  if (!producer->stamp && !producer->ring.overwrite)
    producer->fast_span = producer->ring.max_message;
}

int rill_commit(rill_producer *producer, size_t used) {
  if (rilli_unlikely(!producer->base))
    return forked();
  if (rilli_unlikely(used >= producer->reserved))
    return rilli_fail(EINVAL, producer->reserved ? "commit of more bytes than were reserved"
                                                 : "commit without a reservation");
  const struct shape shape = shape_of(producer, &producer->meta);
  uint8_t *frame = producer->base + (producer->position & producer->mask);
  const uint64_t length = shape.head + used, stride = rilli_stride(length);
  set_sequence(frame, producer->sequence);
  if (shape.flags & RILLI_FLAG_EXTENDED)
    extend(producer, frame, &producer->meta);
  commit(frame, stride, rilli_commit_word(length, shape.flags, producer->sequence));
  producer->position += stride;
  producer->sequence++;
  end_reservation(producer);
  wake(producer);
  return 0;
}

void rill_abort(rill_producer *producer) {
  if (producer->base)
    end_reservation(producer);
}

void rilli_producer_init(struct rill_producer *producer, const struct rilli_ring *ring,
                         const struct rilli_place *head) {
  producer->ring = *ring;
  producer->base = ring->base;
  producer->mask = ring->capacity - 1;
  producer->hints = ring->hints;
  producer->position = head->position;
  producer->sequence = head->sequence;
  producer->room = head->position; /* U: nothing, so that the gate comes before the first store */
  end_reservation(producer);
}
