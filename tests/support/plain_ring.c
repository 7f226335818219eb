/* SPDX-License-Identifier: MIT */
/* plain_ring.c - the ring on plain memory. See plain_ring.h. */
#include "plain_ring.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fence.h"
#include "futex.h"
#include "support.h"

static int memory(const char *name, uint64_t size) {
  const int fd = memfd_create(name, MFD_CLOEXEC);
  CHECK(fd >= 0);
  CHECK_EQ(ftruncate(fd, (off_t)size), 0);
  return fd;
}

static void lay_out(struct plain_ring *plain, const struct rilli_identity *plan) {
  uint8_t *base = plain->data.base;
  struct rilli_ring *ring = &plain->ring;
  *ring = (struct rilli_ring){.base = base + plan->ring_offset,
                              .capacity = plan->capacity,
                              .quantum = plan->quantum,
                              .max_message = plan->max_message,
                              .overwrite = plan->overflow,
                              .evict_after = plan->evict_after,
                              .max_groups = plan->max_groups,
                              .page = (void *)(base + plan->producer_offset),
                              .seen = (void *)(base + plan->view_offset),
                              .index = (void *)(base + plan->index_offset),
                              .hints = (void *)(plain->control.base + RILLI_PAGE),
                              .tombstone = &plain->tombstone,
                              .groups = plain->control.base + RILLI_ALIGN,
                              .names = (const char *)plain->control.base + 2 * RILLI_PAGE,
                              .rows = rilli_rows_at(plain->control.base),
                              .group_stride = RILLI_ALIGN};
  atomic_store(&ring->page->limit, plan->base_position);
  atomic_store(&ring->page->waiting, RILLI_NONE);
  for (uint32_t i = 0; i < plan->max_groups; i++) {
    atomic_store(&ring->seen[i].gate, RILLI_NONE);
    atomic_store(&rilli_group_at(ring, i)->cursor, RILLI_NONE);
    rilli_row_exists(rilli_rows_at(plain->control.base), i);
  }
  atomic_store(&ring->index[0].position, plan->base_position);
  atomic_store(&ring->index[0].sequence, plan->base_sequence);
  atomic_store(&ring->index[0].time, rilli_now());
  atomic_store(&ring->page->index_head, 1);
}

void plain_open(struct plain_ring *plain, const struct plain_options *options) {
  static const struct plain_options defaults = {.capacity = 0};
  if (!options)
    options = &defaults;
  const uint64_t capacity = options->capacity ? options->capacity : RILLI_MIN_CAPACITY;
  struct rilli_identity identity;
  struct rilli_control control;
  rilli_plan_identity(&identity, capacity,
                      options->max_message ? options->max_message : capacity / 8,
                      options->max_groups ? options->max_groups : 4);
  rilli_plan_control(&control, identity.max_groups, 1, 0);
  identity.overflow = options->overwrite;
  identity.evict_after = options->evict_after;
  identity.base_position = options->base_position;
  identity.base_sequence = options->base_sequence;
  memset(plain, 0, sizeof *plain);
  plain->base_position = options->base_position;
  plain->base_sequence = options->base_sequence;
  (void)rilli_fence_init(RILL_FENCE_AUTO);
  int fd = memory("rill-test-data", identity.file_size);
  CHECK_EQ(rilli_map_ring(fd, identity.ring_offset, capacity, 1, &plain->data), 0);
  (void)close(fd);
  fd = memory("rill-test-control", control.file_size);
  CHECK_EQ(rilli_map(fd, 0, control.file_size, 1, &plain->control), 0);
  (void)close(fd);
  lay_out(plain, &identity);
}

void plain_close(struct plain_ring *plain) {
  rilli_unmap(&plain->data);
  rilli_unmap(&plain->control);
}

void plain_producer(struct plain_ring *plain, struct rill_producer *ret, uint32_t wait,
                    uint32_t full_fence) {
  struct rilli_place head;
  CHECK_EQ(rilli_find_head(&plain->ring, &head), 0);
  memset(ret, 0, sizeof *ret);
  ret->patience.wait = wait;
  ret->full_fence = full_fence;
  rilli_producer_init(ret, &plain->ring, &head);
  atomic_store_explicit(&plain->ring.page->state, RILLI_PRODUCER_LIVE, memory_order_release);
}

void plain_announce_close(struct plain_ring *plain) {
  const struct rilli_ring *ring = &plain->ring;
  atomic_store_explicit(&ring->page->state, RILLI_PRODUCER_CLOSED, memory_order_release);
  for (uint32_t i = 0; i < ring->max_groups; i++) {
    struct rilli_group *group = rilli_group_at(ring, i);
    atomic_fetch_add_explicit(&group->kick, 1, memory_order_release);
    rilli_futex_wake(&group->kick);
  }
}

static void prepare(struct plain_ring *plain, struct rill_consumer *ret) {
  memset(ret, 0, sizeof *ret);
  ret->ring = plain->ring;
  ret->ring.groups = NULL;
}

static void ready(struct rill_consumer *ret) {
  rilli_consumer_init(ret);
  if (!ret->copies)
    return;
  ret->buffer_size = rilli_frame_most(ret->ring.max_message);
  ret->buffer = malloc(ret->buffer_size);
  CHECK(ret->buffer != NULL);
}

int plain_consumer(struct plain_ring *plain, struct rill_consumer *ret, uint32_t index,
                   uint32_t start, uint64_t sequence, uint32_t flags) {
  prepare(plain, ret);
  ret->group = rilli_group_at(&plain->ring, index);
  ret->member.group = index;
  ret->slot = (void *)((uint8_t *)ret->group + RILLI_SLOTS_OFFSET);
  uint64_t head = 0;
  const struct rilli_start from = {start, sequence};
  const int code = rilli_join(ret, flags, &from, &head);
  if (code == 0)
    ready(ret);
  return code;
}

void plain_tail(struct plain_ring *plain, struct rill_consumer *ret) {
  struct rilli_place place;
  prepare(plain, ret);
  CHECK_EQ(rilli_index_oldest(&plain->ring,
                              atomic_load(&plain->ring.page->limit) - plain->ring.capacity, &place),
           0);
  ret->position = ret->released = ret->published = place.position;
  ret->sequence = place.sequence;
  ready(ret);
}

void plain_leave(struct rill_consumer *consumer) {
  rilli_publish_cursor(consumer);
  rilli_leave(consumer->group, 1);
  rilli_wake_producer(consumer->ring.hints);
  plain_forget(consumer);
}

void plain_forget(struct rill_consumer *consumer) {
  free(consumer->buffer);
  consumer->buffer = NULL;
}

_Atomic uint64_t *plain_word(struct plain_ring *plain, uint64_t position) {
  return (_Atomic uint64_t *)(void *)(plain->ring.base + (position & (plain->ring.capacity - 1)));
}
