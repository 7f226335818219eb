/* SPDX-License-Identifier: MIT */
/* consumer.c - becoming a member of a group (or a tail), and leaving.
 *
 * A member maps the data segment read-only, and of the control segment only the hints and
 * the first page of its own group's page set for writing (promise 4); those two mappings carry its
 * lease. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "clock.h"
#include "error.h"
#include "lease.h"
#include "open.h"
#include "placement.h"
#include "row.h"
#include "sized.h"

#define HANDLE_SIZE ((sizeof(struct rill_consumer) + RILLI_PAGE - 1) / RILLI_PAGE * RILLI_PAGE)

struct owner {
  rill_queue *queue;
  struct rilli_mapping hints, group; /* they carry the lease                        */
};

/* Housekeeping, once a slice, by a consumer that waits: 1 if the producer is gone. */
static int probe_producer(void *self) {
  const struct rill_consumer *consumer = self;
  const struct owner *owner = consumer->owner;
  const rill_queue *queue = owner->queue;
  struct rilli_file control;
  const uint32_t state = atomic_load_explicit(&consumer->page->state, memory_order_acquire);
  if (queue->segments.copied)
    return 1; /* a copy: no more messages will come */
  const int code =
      rilli_control_open(rilli_context_dir(queue->context), &queue->segments, 0, &control);
  if (code)
    return code == -ESTALE ? code : 0;
  const int free_lease = rilli_lock_held(control.fd, RILLI_LEASE_PRODUCER, 1) == 0; /* E10 */
  (void)close(control.fd);
  return free_lease && state != RILLI_PRODUCER_NEVER;
}

/* --- joining ---------------------------------------------------------------- */

static int map_row(struct owner *owner, int fd, uint32_t index) {
  const struct rilli_control_geometry *control = &owner->queue->segments.control_geometry;
  int code = rilli_lease_map(fd, control->hints_offset, RILLI_PAGE, 1, &owner->hints);
  if (code == 0) /* the row, and slot 0 */
    code = rilli_lease_map(fd, rilli_row_offset(control, index), RILLI_PAGE, 1, &owner->group);
  return code;
}

static void sign(struct rill_consumer *consumer, const rill_context *context) {
  struct rilli_slot *slot = consumer->slot;
  atomic_store_explicit(&slot->pid, getpid(), memory_order_relaxed);
  atomic_store_explicit(&slot->pid_namespace, context->pid_namespace, memory_order_relaxed);
  atomic_store_explicit(&slot->wait, consumer->patience.wait, memory_order_relaxed);
  atomic_store_explicit(&slot->fence, context->fence, memory_order_relaxed);
  atomic_store_explicit(&slot->opened, rilli_wall_clock(), memory_order_relaxed);
  atomic_store_explicit(&slot->parks, 0, memory_order_relaxed);
  atomic_store_explicit(&slot->lost, 0, memory_order_relaxed);
  rilli_clear_latency(slot);
}

/* First reclaims what a dead member left. A fresh row then gets its name, by a write to the file,
 * since members map the names read-only. PROTOCOL G7 */
static int prepare_row(const struct rill_consumer *consumer, int fd, const char *name) {
  const struct owner *owner = consumer->owner;
  const uint32_t index = consumer->member.group;
  rilli_leave(consumer->group, *rilli_name_at(&owner->queue->segments.ring, index) != 0);
  if (rilli_row_state(consumer->group) == RILLI_GROUP_KEPT)
    return 0;
  char padded[RILLI_GROUP_NAME_SIZE] = "";
  if (name)
    memcpy(padded, name, strlen(name));
  const off_t at =
      (off_t)(owner->queue->segments.control_geometry.names_offset + (size_t)index * sizeof padded);
  ssize_t written;
  /* E11, a system call: pairs with rilli_row_state() in row.c. The name comes before the state.
   */
  do
    written = pwrite(fd, padded, sizeof padded, at);
  while (written < 0 && errno == EINTR);
  if (written == (ssize_t)sizeof padded)
    return 0;
  const int error = written < 0 ? errno : EIO;
  return rilli_fail(error, "cannot write the group's name: %s", rilli_words(error));
}

static int not_yet(uint64_t sequence, uint64_t head) {
  return rilli_fail(ERANGE, "sequence %llu is not published yet: the next one is %llu",
                    (unsigned long long)sequence, (unsigned long long)head);
}

static int enter(struct rill_consumer *consumer, const struct rill_consumer_attr *attr, int fd,
                 struct rilli_member member) {
  struct owner *owner = consumer->owner;
  const rill_queue *queue = owner->queue;
  int code = map_row(owner, fd, member.group);
  if (code)
    return code;
  /* E13, the lease: pairs with bury() in unlink.c. The lease comes before the tombstone. */
  if (rilli_is_removed(&queue->segments))
    return rilli_fail(ESTALE, "it was removed: open it again");
  consumer->ring.hints = (void *)owner->hints.base;
  consumer->group = (void *)owner->group.base;
  consumer->slot = (void *)(owner->group.base + queue->segments.control_geometry.slots_offset);
  consumer->member = member;
  code = prepare_row(consumer, fd, attr->group);
  if (code)
    return code;
  rilli_populate(owner->group.base, RILLI_PAGE, 1);
  rilli_populate(owner->hints.base, RILLI_PAGE, 1);
  sign(consumer, queue->context);
  const struct rilli_start start = {attr->start, attr->sequence};
  const uint32_t flags = attr->flags & RILL_KEEP_GROUP ? RILLI_GROUP_KEEP : 0;
  uint64_t head = 0;
  code = rilli_join(consumer, flags, &start, &head);
  if (code == -ERANGE)
    return not_yet(attr->sequence, head);
  if (code)
    return rilli_fail(-code, "its ring is invalid: another process damaged it; run rill doctor");
  return 0;
}

static int join_group(struct rill_consumer *consumer, const struct rill_consumer_attr *attr) {
  struct owner *owner = consumer->owner;
  struct rilli_file control;
  struct rilli_row row;
  const int dir = rilli_context_dir(owner->queue->context);
  int code = rilli_control_open_for_lease(dir, &owner->queue->segments, &control);
  if (code)
    return code;
  code = rilli_row_take(dir, &owner->queue->segments, control.fd, attr->group, &row);
  if (code == 0)
    code = enter(consumer, attr, control.fd, row.member);
  /* The mappings keep this description open, so locks that must not last are unlocked one by one.
   */
  rilli_row_settle(control.fd, &row);
  rilli_lease_close(control.fd);
  return code;
}

/* A tail has no row, so no protection: it copies, checks, and may lose messages. */
static int start_tail(struct rill_consumer *consumer, const struct rill_consumer_attr *attr) {
  const struct rilli_ring *ring = &consumer->ring;
  struct rilli_place place;
  for (int tries = 0; tries < 1000; tries++) {
    const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_acquire);
    const uint64_t floor = limit - ring->capacity;
    const struct rilli_until until = {.by_sequence = attr->start == RILL_SEQUENCE,
                                      .sequence = attr->sequence};
    int code = -ENOENT;
    if (attr->start == RILL_LATEST)
      code = rilli_index_newest(ring, &place);
    else if (attr->start == RILL_SEQUENCE)
      code = rilli_index_sequence(ring, floor, attr->sequence, &place);
    const int walk = code == 0;
    if (code == -ENOENT)
      code = rilli_index_oldest(ring, floor, &place);
    if (code == 0 && walk)
      code = rilli_walk(ring, &until, &place);
    else if (code == 0 && attr->start == RILL_SEQUENCE &&
             rilli_before(attr->sequence, place.sequence))
      consumer->lost = place.sequence - attr->sequence;
    if (code == -EPROTO)
      break;
    if (code)
      continue;
    if (until.by_sequence && rilli_before(place.sequence, until.sequence))
      return not_yet(until.sequence, place.sequence);
    consumer->position = consumer->released = consumer->published = place.position;
    consumer->sequence = place.sequence;
    return 0;
  }
  return rilli_fail(EPROTO, "its ring is invalid: another process damaged it; run rill doctor");
}

/* --- the public calls ------------------------------------------------------------ */

/* *attr: its defaults; then what the caller asked for. */
static int check_call(const rill_queue *queue, const struct rill_consumer_attr *asked,
                      struct rill_consumer_attr *attr) {
  if (rilli_queue_check(queue))
    return -ECHILD;
  const int code = asked ? rilli_sized_in("rill_consumer_attr", asked, attr, sizeof *attr) : 0;
  if (code)
    return code;
  const uint32_t known = RILL_KEEP_GROUP | RILL_FOLLOW | RILL_TAIL;
  if (attr->wait > RILL_PARK || attr->start > RILL_SEQUENCE || (attr->flags & ~known) ||
      attr->reserved0 || attr->type.reserved)
    return rilli_fail(EINVAL,
                      "rill_consumer_attr: unknown wait strategy, start or flags, or a reserved "
                      "field that is not zero");
  if ((attr->flags & RILL_TAIL) && (attr->group || (attr->flags & RILL_KEEP_GROUP)))
    return rilli_fail(EINVAL,
                      "a tail belongs to no group: leave group NULL and RILL_KEEP_GROUP out");
  if ((attr->flags & RILL_KEEP_GROUP) && !attr->group)
    return rilli_fail(EINVAL, "a group that is kept needs a name");
  if (attr->group && rilli_group_name_check(attr->group))
    return -EINVAL;
  if ((queue->flags & RILL_OBSERVE) && !(attr->flags & RILL_TAIL))
    return rilli_fail(EPERM,
                      "queue '%s' was opened with RILL_OBSERVE: only RILL_TAIL reads without "
                      "joining",
                      queue->segments.name);
  return rilli_type_check(&queue->segments, &attr->type);
}

/* Copies need a buffer for the largest message; it is allocated before the data path runs. */
static int prepare_buffer(struct rill_consumer *consumer) {
  if (!consumer->copies)
    return 0;
  const uint64_t frame = rilli_frame_most(consumer->ring.max_message);
  consumer->buffer_size = (frame + RILLI_PAGE - 1) / RILLI_PAGE * RILLI_PAGE;
  consumer->buffer = rilli_private_alloc(consumer->buffer_size);
  return consumer->buffer
             ? 0
             : rilli_fail(ENOMEM, "no memory for a buffer of %zu bytes, the largest message",
                          consumer->buffer_size);
}

static struct rilli_role role_of(const struct rill_consumer *consumer) {
  return (struct rilli_role){RILLI_KIND_CONSUMER, consumer->member.group, consumer->member.slot};
}

static void free_consumer(struct rill_consumer *consumer) {
  struct owner *owner = consumer->owner;
  const int member = consumer->group && consumer->tenancy;
  rilli_private_free(consumer->buffer, consumer->buffer_size);
  rilli_unmap(&owner->group);
  rilli_unmap(&owner->hints); /* the lease ends */
  if (member)
    rilli_link_detach(&owner->queue->context->link, owner->queue->segments.name, role_of(consumer));
  rill_queue_close(owner->queue);
  free(owner);
  rilli_private_free(consumer, HANDLE_SIZE);
}

static int set_up(struct rill_consumer *consumer, const struct rill_consumer_attr *attr) {
  const struct owner *owner = consumer->owner;
  const rill_queue *queue = owner->queue;
  consumer->ring = queue->segments.ring;
  consumer->ring.groups = NULL;
  consumer->full_fence = queue->context->fence == RILL_FENCE_FULL;
  consumer->follow = (attr->flags & RILL_FOLLOW) != 0;
  consumer->patience.wait = attr->wait;
  consumer->host = (struct rilli_host){probe_producer, consumer};
  const int code =
      attr->flags & RILL_TAIL ? start_tail(consumer, attr) : join_group(consumer, attr);
  if (code)
    return code;
  rilli_consumer_init(consumer);
  rilli_prefault(&queue->segments.data, &queue->segments.geometry, 0);
  return prepare_buffer(consumer);
}

int rill_consumer_open(rill_queue *queue, const struct rill_consumer_attr *attr,
                       rill_consumer **ret_consumer) {
  struct rill_consumer_attr known = RILL_CONSUMER_ATTR_INIT;
  int code = check_call(queue, attr, &known);
  if (code)
    return code;
  struct owner *owner = calloc(1, sizeof *owner);
  struct rill_consumer *consumer = rilli_private_alloc(HANDLE_SIZE);
  if (!owner || !consumer) {
    free(owner);
    rilli_private_free(consumer, HANDLE_SIZE);
    return rilli_fail(ENOMEM, "no memory for a consumer of queue '%s'", queue->segments.name);
  }
  rilli_queue_hold(queue);
  owner->queue = queue;
  consumer->owner = owner;
  code = set_up(consumer, &known);
  if (code) {
    code = rilli_fail_in(-code, "cannot consume from queue '%s'", queue->segments.name);
    rill_consumer_close(consumer);
    return code;
  }
  if (consumer->group)
    rilli_link_attach(&queue->context->link, rilli_context_dir(queue->context),
                      queue->segments.name, role_of(consumer));
  *ret_consumer = consumer;
  return 0;
}

void rill_consumer_close(rill_consumer *consumer) {
  if (!consumer)
    return;
  if (!consumer->owner) { /* in a forked child */
    rilli_private_free(consumer, HANDLE_SIZE);
    return;
  }
  if (consumer->group && consumer->tenancy) {
    rilli_publish_cursor(consumer);
    const struct owner *owner = consumer->owner;
    rilli_leave(consumer->group,
                *rilli_name_at(&owner->queue->segments.ring, consumer->member.group) != 0);
    rilli_wake_producer(consumer->ring.hints); /* the producer may have room now */
  }
  free_consumer(consumer);
}
