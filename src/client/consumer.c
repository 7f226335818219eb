/* SPDX-License-Identifier: MIT */
/* consumer.c - becoming a member of a group (or a tail), and leaving.
 *
 * A member maps the data segment read-only, and of the control segment only the hints and
 * its own group's page set for writing (promise 4); those two mappings carry its lease. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "error.h"
#include "placement.h"

#define HANDLE_SIZE ((sizeof(struct rill_consumer) + RILLI_PAGE - 1) / RILLI_PAGE * RILLI_PAGE)
#define TRIES 2000 /* of half a millisecond: how long another one's moment may last      */

struct owner {
  rill_queue *queue;
  struct rilli_mapping hints, group; /* they carry the lease                        */
};

/* Once a slice, by a consumer that waits: 1 if the producer is gone. */
static int tend(void *self) {
  const struct rill_consumer *consumer = self;
  const struct owner *owner = consumer->owner;
  const rill_queue *queue = owner->queue;
  struct rilli_file control;
  const uint32_t state = atomic_load_explicit(&consumer->page->state, memory_order_acquire);
  const int code = rilli_control_open(queue, 0, &control);
  if (code)
    return code == -ESTALE ? code : 0;
  const int free_lease = rilli_lock_held(control.fd, RILLI_LEASE_PRODUCER, 1) == 0; /* E10 */
  (void)close(control.fd);
  return free_lease && state != RILLI_PRODUCER_NEVER;
}

static void breathe(void) {
  const struct timespec span = {.tv_nsec = 500000};
  (void)nanosleep(&span, NULL);
}

/* --- finding and taking a row ------------------------------------------------------ */

struct seat {
  uint32_t index;
  struct rilli_mapping map; /* the group's page set                                */
};

static uint32_t hash(const char *name) {
  uint32_t value = 2166136261u;
  for (; *name; name++)
    value = (value ^ (uint8_t)*name) * 16777619u;
  return value;
}

/* Waits a bounded time for a byte that others hold only for moments. */
static int lock_soon(int fd, int64_t byte) {
  for (int tries = 0; tries < TRIES; tries++) {
    const int code = rilli_lock_try(fd, byte, 1, 1);
    if (code != -EAGAIN)
      return code;
    breathe();
  }
  return -EAGAIN;
}

static uint32_t state_of(const struct rilli_group *group) {
  return RILLI_STATE_STATE(atomic_load_explicit(&group->state, memory_order_acquire)); /* E11 */
}

/* The row of this name, or max_groups. */
static uint32_t find_named(const rill_queue *queue, const char *name) {
  uint32_t i = 0;
  for (; i < queue->geometry.max_groups; i++) {
    const struct rilli_group *group = rilli_group_at(&queue->ring, i);
    if (state_of(group) != RILLI_GROUP_NONE &&
        strncmp(group->name, name, RILLI_GROUP_NAME_SIZE) == 0)
      break;
  }
  return i;
}

/* Lease and reclaim byte of a row; the latter is given back when the row is set up. */
static int lock_row(int fd, uint32_t index) {
  const int64_t lease = RILLI_LEASE_MEMBER(index, 0);
  int code = rilli_lock_try(fd, lease, 1, 1);
  if (code)
    return code;
  code = lock_soon(fd, RILLI_RECLAIM_OF(lease));
  if (code)
    (void)rilli_lock_drop(fd, lease, 1);
  return code;
}

static void unlock_row(int fd, uint32_t index) {
  (void)rilli_lock_drop(fd, RILLI_LEASE_MEMBER(index, 0), 2);
}

static int group_is_taken(const rill_queue *queue, const char *name) {
  return rilli_fail(EBUSY, "group '%s' has a living member: rill stat %s shows it; use another group, "
                           "or wait until it leaves",
                    name, queue->name);
}

/* A row that exists under this name. -ENOENT: it is gone meanwhile. */
static int take_named(const rill_queue *queue, int fd, const char *name, uint32_t index) {
  const struct rilli_group *group = rilli_group_at(&queue->ring, index);
  for (int tries = 0; tries < TRIES; tries++) {
    const int code = lock_row(fd, index);
    if (code == 0) {
      if (strncmp(group->name, name, RILLI_GROUP_NAME_SIZE) == 0)
        return 0;
      unlock_row(fd, index);
      return -ENOENT;
    }
    const uint32_t state = state_of(group);
    if (code != -EAGAIN || state == RILLI_GROUP_ACTIVE || state == RILLI_GROUP_JOINING)
      return code == -EAGAIN ? group_is_taken(queue, name) : code;
    breathe(); /* its member is just leaving */
  }
  return group_is_taken(queue, name);
}

static int take_free(const rill_queue *queue, int fd, uint32_t *ret_index) {
  for (uint32_t i = 0; i < queue->geometry.max_groups; i++) {
    const struct rilli_group *group = rilli_group_at(&queue->ring, i);
    if (state_of(group) != RILLI_GROUP_NONE || lock_row(fd, i))
      continue;
    if (state_of(group) == RILLI_GROUP_NONE) {
      *ret_index = i;
      return 0;
    }
    unlock_row(fd, i);
  }
  return rilli_fail(EUSERS, "all %u groups are in use: remove one, or create the queue with more "
                            "max_groups",
                    queue->geometry.max_groups);
}

/* Under the name's lock, so that two processes do not make one group twice. */
static int take_row(const rill_queue *queue, int fd, const char *name, struct seat *seat) {
  if (!name)
    return take_free(queue, fd, &seat->index);
  for (int tries = 0; tries < TRIES; tries++) {
    seat->index = find_named(queue, name);
    if (seat->index == queue->geometry.max_groups)
      return take_free(queue, fd, &seat->index);
    const int code = take_named(queue, fd, name, seat->index);
    if (code != -ENOENT)
      return code;
  }
  return group_is_taken(queue, name);
}

/* --- joining ---------------------------------------------------------------- */

static int map_row(struct owner *owner, int fd, uint32_t index) {
  const struct rilli_control_geometry *control = &owner->queue->control_geometry;
  const uint64_t set = control->group_offset + index * control->group_stride;
  int code = rilli_segment_reserve(fd, set + control->slots_offset, control->slot_stride);
  if (code == 0)
    code = rilli_map(fd, control->hints_offset, RILLI_PAGE, 1, &owner->hints);
  if (code == 0)
    code = rilli_lease_bind(owner->hints.base, owner->hints.size);
  if (code == 0)
    code = rilli_map(fd, set, control->group_stride, 1, &owner->group);
  if (code == 0)
    code = rilli_lease_bind(owner->group.base, owner->group.size);
  return code;
}

static void sign(struct rill_consumer *consumer, const rill_context *context) {
  struct timespec now;
  (void)clock_gettime(CLOCK_REALTIME, &now);
  struct rilli_slot *slot = consumer->slot;
  atomic_store_explicit(&slot->pid, getpid(), memory_order_relaxed);
  atomic_store_explicit(&slot->wait, consumer->patience.wait, memory_order_relaxed);
  atomic_store_explicit(&slot->fence, context->fence, memory_order_relaxed);
  atomic_store_explicit(&slot->opened, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
                        memory_order_relaxed);
  atomic_store_explicit(&slot->parks, 0, memory_order_relaxed);
  atomic_store_explicit(&slot->lost, 0, memory_order_relaxed);
}

/* A fresh row gets its name; what a dead member left is first reclaimed. */
static void prepare_row(struct rilli_group *group, const char *name) {
  const uint32_t state = state_of(group);
  if (state == RILLI_GROUP_ACTIVE || state == RILLI_GROUP_JOINING)
    rilli_leave(group);
  if (state_of(group) == RILLI_GROUP_KEPT)
    return;
  memset(group->name, 0, sizeof group->name);
  if (name)
    memcpy(group->name, name, strlen(name));
}

static int not_yet(uint64_t sequence, uint64_t head) {
  return rilli_fail(ERANGE, "sequence %llu is not published yet: the next one is %llu",
                    (unsigned long long)sequence, (unsigned long long)head);
}

static int enter(struct rill_consumer *consumer, const struct rill_consumer_attr *attr, int fd,
                 uint32_t index) {
  struct owner *owner = consumer->owner;
  const rill_queue *queue = owner->queue;
  int code = map_row(owner, fd, index);
  if (code)
    return code;
  if (rilli_is_removed(queue)) /* E13: after the lease was taken */
    return rilli_fail(ESTALE, "it was removed: open it again");
  consumer->ring.hints = (void *)owner->hints.base;
  consumer->group = (void *)owner->group.base;
  consumer->slot = (void *)(owner->group.base + queue->control_geometry.slots_offset);
  consumer->group_index = index;
  prepare_row(consumer->group, attr->group);
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
    return rilli_fail(-code, "its ring makes no sense: another process damaged it; look with rill "
                             "doctor");
  return 0;
}

static int join_group(struct rill_consumer *consumer, const struct rill_consumer_attr *attr) {
  struct owner *owner = consumer->owner;
  struct rilli_file control;
  struct seat seat = {.index = 0};
  int code = rilli_control_open(owner->queue, 1, &control);
  if (code)
    return code;
  const int64_t name_lock = attr->group ? RILLI_LOCK_NAME(hash(attr->group)) : 0;
  code = attr->group ? lock_soon(control.fd, name_lock) : 0;
  if (code == -EAGAIN)
    code = rilli_fail(EBUSY, "another process is just joining group '%s', and seems to be stopped",
                      attr->group);
  if (code == 0)
    code = take_row(owner->queue, control.fd, attr->group, &seat);
  if (code == 0)
    code = enter(consumer, attr, control.fd, seat.index);
  /* The mappings keep this description, so what must not last is given back by name. */
  (void)rilli_lock_drop(control.fd, RILLI_RECLAIM_OF(RILLI_LEASE_MEMBER(seat.index, 0)), 1);
  if (attr->group)
    (void)rilli_lock_drop(control.fd, name_lock, 1);
  (void)close(control.fd);
  return code;
}

/* No row, no protection: it copies, checks, and may be told that it lost some. */
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
    if (code)
      continue;
    if (until.by_sequence && rilli_before(place.sequence, until.sequence))
      return not_yet(until.sequence, place.sequence);
    consumer->position = consumer->released = consumer->published = place.position;
    consumer->sequence = consumer->released_sequence = place.sequence;
    return 0;
  }
  return rilli_fail(EPROTO, "its ring makes no sense: another process damaged it; look with rill doctor");
}

/* --- the public calls ------------------------------------------------------------ */

static int check_call(const rill_queue *queue, const struct rill_consumer_attr *attr) {
  if (rilli_queue_check(queue))
    return -ECHILD;
  if (rilli_attr_size("rill_consumer_attr", attr->size, sizeof *attr))
    return -EINVAL;
  const uint32_t known = RILL_KEEP_GROUP | RILL_FOLLOW | RILL_TAIL;
  if (attr->wait > RILL_PARK || attr->start > RILL_SEQUENCE || (attr->flags & ~known) ||
      attr->reserved0 || attr->type.reserved || !rilli_zero(attr->reserved, sizeof attr->reserved))
    return rilli_fail(EINVAL, "rill_consumer_attr: unknown wait strategy, start or flags, or a reserved "
                              "field that is not zero");
  if ((attr->flags & RILL_TAIL) && (attr->group || (attr->flags & RILL_KEEP_GROUP)))
    return rilli_fail(EINVAL, "a tail belongs to no group: leave group NULL and RILL_KEEP_GROUP out");
  if ((attr->flags & RILL_KEEP_GROUP) && !attr->group)
    return rilli_fail(EINVAL, "a group that is kept needs a name");
  if (attr->group && rilli_group_name_check(attr->group))
    return -EINVAL;
  if ((queue->flags & RILL_OBSERVE) && !(attr->flags & RILL_TAIL))
    return rilli_fail(EPERM, "queue '%s' was opened with RILL_OBSERVE: only RILL_TAIL looks without "
                             "joining",
                      queue->name);
  return rilli_type_check(queue, &attr->type);
}

/* Copies need a buffer for the largest message; it is there before the data path runs. */
static int prepare_buffer(struct rill_consumer *consumer) {
  if (!consumer->copies)
    return 0;
  const uint64_t frame = consumer->ring.max_message + RILLI_FRAME_OVERHEAD;
  consumer->buffer_size = (frame + RILLI_PAGE - 1) / RILLI_PAGE * RILLI_PAGE;
  consumer->buffer = rilli_private_alloc(consumer->buffer_size);
  return consumer->buffer ? 0
                          : rilli_fail(ENOMEM, "no memory for a buffer of %zu bytes, the largest message",
                                       consumer->buffer_size);
}

static void free_consumer(struct rill_consumer *consumer) {
  struct owner *owner = consumer->owner;
  rilli_private_free(consumer->buffer, consumer->buffer_size);
  rilli_unmap(&owner->group);
  rilli_unmap(&owner->hints); /* the lease ends */
  rill_queue_close(owner->queue);
  free(owner);
  rilli_private_free(consumer, HANDLE_SIZE);
}

static int set_up(struct rill_consumer *consumer, const struct rill_consumer_attr *attr) {
  const struct owner *owner = consumer->owner;
  const rill_queue *queue = owner->queue;
  consumer->ring = queue->ring;
  consumer->ring.groups = NULL;
  consumer->full_fence = queue->context->fence == RILL_FENCE_FULL;
  consumer->follow = (attr->flags & RILL_FOLLOW) != 0;
  consumer->patience.wait = attr->wait;
  consumer->host = (struct rilli_host){tend, consumer};
  const int code = attr->flags & RILL_TAIL ? start_tail(consumer, attr) : join_group(consumer, attr);
  if (code)
    return code;
  rilli_consumer_init(consumer);
  rilli_populate(queue->data.base, queue->data.size, 0);
  return prepare_buffer(consumer);
}

int rill_consumer_open(rill_queue *queue, const struct rill_consumer_attr *attr,
                       rill_consumer **ret_consumer) {
  static const struct rill_consumer_attr defaults = {.size = sizeof defaults};
  if (!attr)
    attr = &defaults;
  int code = check_call(queue, attr);
  if (code)
    return code;
  struct owner *owner = calloc(1, sizeof *owner);
  struct rill_consumer *consumer = rilli_private_alloc(HANDLE_SIZE);
  if (!owner || !consumer) {
    free(owner);
    rilli_private_free(consumer, HANDLE_SIZE);
    return rilli_fail(ENOMEM, "no memory for a consumer of queue '%s'", queue->name);
  }
  rilli_queue_hold(queue);
  owner->queue = queue;
  consumer->owner = owner;
  code = set_up(consumer, attr);
  if (code) {
    code = rilli_fail_in(-code, "cannot consume from queue '%s'", queue->name);
    rill_consumer_close(consumer);
    return code;
  }
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
    rilli_leave(consumer->group);
    rilli_wake_producer(&consumer->ring); /* the gate may rise */
  }
  free_consumer(consumer);
}
