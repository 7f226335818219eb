/* SPDX-License-Identifier: MIT */
/* producer.c - becoming the producer of a queue, and closing it.
 *
 * The lease ensures that there is one at a time. A successor takes the write limit as it is, walks
 * from the newest checkpoint to the first place without a frame, and continues there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "error.h"
#include "futex.h"
#include "lease.h"
#include "open.h"
#include "placement.h"
#include "reclaim.h"
#include "sized.h"

#define HANDOVER_SLICE INT64_C(10000000) /* ns: until a dead predecessor is noticed */
#define HANDLE_SIZE ((sizeof(struct rill_producer) + RILLI_PAGE - 1) / RILLI_PAGE * RILLI_PAGE)

struct owner {
  rill_queue *queue;
  struct rilli_mapping data;    /* read-write, with the ring twice                 */
  struct rilli_mapping control; /* read-write; carries the producer's lease         */
};

/* Housekeeping, at opening and once a slice by a producer that waits: so dead members do not block
 * it. PROTOCOL S5 */
static int reclaim_dead_members(void *self) {
  struct rill_producer *producer = self;
  const struct owner *owner = producer->owner;
  const rill_queue *queue = owner->queue;
  struct rilli_file control;
  const int code =
      rilli_control_open_for_lease(rilli_context_dir(queue->context), &queue->segments, &control);
  if (code == -ESTALE || rilli_is_removed(&queue->segments)) {
    if (code == 0)
      rilli_lease_close(control.fd);
    return rilli_fail(ESTALE, "queue '%s' was removed: open it again", queue->segments.name);
  }
  if (code) /* e.g. no free descriptor: try again in the next slice */
    return 0;
  const struct rilli_ring *ring = &producer->ring;
  struct rilli_member member = {.slot = 0};
  RILLI_EACH_ROW(member.group, ring->rows, ring->max_groups)
    (void)rilli_reclaim_member(control.fd, owner->control.base, &queue->segments.control_geometry,
                               member);
  rilli_lease_close(control.fd);
  return 0;
}

/* Waits for the lease; a predecessor that closes wakes us by its state word. PROTOCOL S1 */
static int take_lease(const rill_queue *queue, int fd, rill_time deadline) {
  const _Atomic uint32_t *state = &queue->segments.ring.page->state;
  for (;;) {
    const struct rilli_futex word = {state, atomic_load_explicit(state, memory_order_acquire)};
    int code = rilli_lock_try(fd, RILLI_LEASE_PRODUCER, 1, 1); /* E10 */
    /* E13, the lease: pairs with bury() in unlink.c. The lease comes before the tombstone. */
    if (code == 0)
      return rilli_is_removed(&queue->segments)
                 ? rilli_fail(ESTALE, "it was removed: open it again")
                 : 0;
    if (code != -EAGAIN)
      return rilli_fail(-code, "cannot lock its control segment: %s", rilli_words(-code));
    if (deadline == RILL_NOW)
      return rilli_fail(EBUSY,
                        "it has a living producer: only one at a time (give a deadline to wait "
                        "for it, or use a queue of its own for each producer)");
    const rill_time now = rill_clock();
    if (now >= deadline)
      return -ETIMEDOUT;
    if (rilli_is_removed(&queue->segments))
      return rilli_fail(ESTALE, "it was removed: open it again");
    const rill_time slice = rill_after(HANDOVER_SLICE);
    code = rilli_futex_wait(&word, 1, slice < deadline ? slice : deadline);
    if (code == -EINTR)
      return rilli_fail(EINTR, "a signal came while waiting for the producer's lease");
  }
}

static int map_both(struct owner *owner, const struct rilli_file *control) {
  const rill_queue *queue = owner->queue;
  struct rilli_file data;
  int code = rilli_lease_map(control->fd, 0, queue->segments.control_geometry.file_size, 1,
                             &owner->control);
  if (code)
    return code;
  code = rilli_segment_open(rilli_context_dir(queue->context), queue->segments.data_name, 1, &data);
  if (code)
    return code == -ENOENT ? rilli_fail(ESTALE, "it was removed: open it again") : code;
  struct rilli_geometry geometry;
  code = rilli_data_check(&data, &geometry);
  if (code == 0 && memcmp(&geometry, &queue->segments.geometry, sizeof geometry) != 0)
    code = rilli_fail(EBADMSG, "its data segment was replaced by another one: run rill doctor");
  if (code == 0)
    code = rilli_map_ring(data.fd, queue->segments.geometry.ring_offset,
                          queue->segments.geometry.capacity, 1, &owner->data);
  (void)close(data.fd);
  if (code == 0) /* locked already, by the queue's mapping */
    code = rilli_place(&owner->data, &queue->segments.geometry, 0);
  return code ? code : rilli_keep_from_children(&owner->data);
}

/* PROTOCOL S3 */
static int start(struct rill_producer *producer, const struct owner *owner) {
  const rill_queue *queue = owner->queue;
  struct rilli_ring ring;
  struct rilli_place head;
  rilli_ring_at(&queue->segments, owner->data.base, &ring);
  ring.hints = (void *)(owner->control.base + queue->segments.control_geometry.hints_offset);
  ring.groups = owner->control.base + queue->segments.control_geometry.group_offset;
  ring.rows = rilli_rows_at(owner->control.base);
  ring.names = (const char *)owner->control.base + queue->segments.control_geometry.names_offset;
  const uint64_t limit = atomic_load_explicit(&ring.page->limit, memory_order_acquire);
  if (rilli_find_head(&ring, &head) || limit - head.position > ring.capacity)
    return rilli_fail(EPROTO, "its ring is invalid, so nothing can be published: another process "
                              "damaged it; run rill doctor");
  rilli_producer_init(producer, &ring, &head);
  rilli_prefault(&owner->data, &queue->segments.geometry, 1);
  uint32_t row;
  RILLI_EACH_ROW(row, ring.rows, ring.max_groups)
    rilli_populate(rilli_group_at(&ring, row), RILLI_PAGE, 1);
  rilli_populate(ring.hints, RILLI_PAGE, 1);
  return 0;
}

/* PROTOCOL S6 */
static void announce(struct rill_producer *producer, const rill_context *context) {
  struct rilli_producer_page *page = producer->ring.page;
  const uint64_t generation = atomic_load_explicit(&page->generation, memory_order_relaxed);
  atomic_store_explicit(&page->waiting, RILLI_NONE, memory_order_relaxed);
  atomic_store_explicit(&page->generation, generation + 1, memory_order_relaxed);
  atomic_store_explicit(&page->fence, context->fence, memory_order_relaxed);
  atomic_store_explicit(&page->pid, getpid(), memory_order_relaxed);
  atomic_store_explicit(&page->pid_namespace, context->pid_namespace, memory_order_relaxed);
  atomic_store_explicit(&page->opened, rilli_wall_clock(), memory_order_relaxed);
  atomic_store_explicit(&page->state, RILLI_PRODUCER_LIVE, memory_order_release);
}

/* *attr: its defaults; then what the caller asked for. */
static int check_call(const rill_queue *queue, const struct rill_producer_attr *asked,
                      struct rill_producer_attr *attr) {
  if (rilli_queue_check(queue))
    return -ECHILD;
  const int code = asked ? rilli_sized_in("rill_producer_attr", asked, attr, sizeof *attr) : 0;
  if (code)
    return code;
  if (attr->wait > RILL_PARK || attr->type.reserved)
    return rilli_fail(EINVAL,
                      "rill_producer_attr: unknown wait strategy, or a reserved field that is "
                      "not zero");
  if (queue->flags & RILL_OBSERVE)
    return rilli_fail(EPERM, "queue '%s' was opened with RILL_OBSERVE, which only looks",
                      queue->segments.name);
  return rilli_type_check(&queue->segments, &attr->type);
}

static void free_owner(struct owner *owner) {
  rilli_unmap(&owner->data);
  rilli_unmap(&owner->control);
  rill_queue_close(owner->queue);
  free(owner);
}

static int take_place(struct owner *owner, rill_time deadline) {
  struct rilli_file control;
  const int dir = rilli_context_dir(owner->queue->context);
  int code = rilli_control_open_for_lease(dir, &owner->queue->segments, &control);
  if (code)
    return code;
  code = take_lease(owner->queue, control.fd, deadline);
  if (code == 0)
    code = map_both(owner, &control);
  rilli_lease_close(control.fd);
  return code;
}

int rill_producer_open(rill_queue *queue, const struct rill_producer_attr *attr, rill_time deadline,
                       rill_producer **ret_producer) {
  struct rill_producer_attr known = RILL_PRODUCER_ATTR_INIT;
  int code = check_call(queue, attr, &known);
  if (code)
    return code;
  struct owner *owner = calloc(1, sizeof *owner);
  struct rill_producer *producer = rilli_private_alloc(HANDLE_SIZE);
  if (!owner || !producer) {
    free(owner);
    rilli_private_free(producer, HANDLE_SIZE);
    return rilli_fail(ENOMEM, "no memory for a producer of queue '%s'", queue->segments.name);
  }
  rilli_queue_hold(queue);
  owner->queue = queue;
  producer->owner = owner;
  producer->stamp = known.stamp != 0;
  producer->patience.wait = known.wait;
  producer->full_fence = queue->context->fence == RILL_FENCE_FULL;
  producer->host = (struct rilli_host){reclaim_dead_members, producer};
  code = take_place(owner, deadline);
  if (code == 0)
    code = start(producer, owner);
  if (code) {
    free_owner(owner);
    rilli_private_free(producer, HANDLE_SIZE);
    return code == -ETIMEDOUT ? code
                              : rilli_fail_in(-code, "cannot become the producer of queue '%s'",
                                              queue->segments.name);
  }
  (void)reclaim_dead_members(producer); /* now, not only when the ring is full */
  announce(producer, queue->context);
  rilli_link_attach(&queue->context->link, rilli_context_dir(queue->context), queue->segments.name,
                    (struct rilli_role){.kind = RILLI_KIND_PRODUCER});
  *ret_producer = producer;
  return 0;
}

/* All processes that wait see the state now. PROTOCOL C1, C2 */
static void announce_close(const struct rill_producer *producer) {
  const struct rilli_ring *ring = &producer->ring;
  /* E15, release and full fence: pairs with ended() in park.c. A joiner stores its cursor, fences,
   * and loads the state: one of the two sees the other. */
  atomic_store_explicit(&ring->page->state, RILLI_PRODUCER_CLOSED, memory_order_release);
  atomic_store_explicit(&ring->page->waiting, RILLI_NONE, memory_order_relaxed);
  atomic_thread_fence(memory_order_seq_cst);
  uint32_t row;
  RILLI_EACH_ROW(row, ring->rows, ring->max_groups) {
    struct rilli_group *group = rilli_group_at(ring, row);
    if (atomic_load_explicit(&group->cursor, memory_order_relaxed) != RILLI_NONE)
      rilli_kick(group);
  }
}

/* PROTOCOL C3 */
void rill_producer_close(rill_producer *producer) {
  if (!producer)
    return;
  struct owner *owner = producer->owner;
  if (owner) { /* not in a forked child */
    announce_close(producer);
    _Atomic uint32_t *state = &owner->queue->segments.ring.page->state; /* outlives our mappings */
    rilli_unmap(&owner->data);
    rilli_unmap(&owner->control); /* the lease ends; then those that wait for it are woken */
    rilli_futex_wake(state);
    rilli_link_detach(&owner->queue->context->link, owner->queue->segments.name,
                      (struct rilli_role){.kind = RILLI_KIND_PRODUCER});
    free_owner(owner);
  }
  rilli_private_free(producer, HANDLE_SIZE);
}
