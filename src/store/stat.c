/* SPDX-License-Identifier: MIT */
/* stat.c - what can be seen of a queue from outside. It writes nothing, and delays no process. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "histogram.h"
#include "lease.h"
#include "settings.h"
#include "stat.h"

#define LOAD(word) atomic_load_explicit(&(word), memory_order_acquire)

/* Leases are not known: to this process, or at all. */
static int is_blind(const struct rilli_segments *segments) {
  return segments->limited || segments->copied;
}

/* Opens the leases as another process would see them; -1: removed, a copy, or this process may
 * only look. */
static int open_control(int dir, const struct rilli_segments *segments, struct rilli_file *ret) {
  const int code = rilli_control_open(dir, segments, 0, ret);
  if (code)
    ret->fd = -1;
  return code == -ESTALE || is_blind(segments) ? 0 : code;
}

/* 1, 0, or a negative errno: it is not known, which does not mean "free". */
static int held(const struct rilli_file *control, int64_t byte, int64_t length) {
  const int code = control->fd < 0 ? 0 : rilli_lock_held(control->fd, byte, length);
  return code >= 0 ? code : rilli_fail(-code, "cannot check a lease: %s", rilli_words(-code));
}

static uint32_t producer_state(const struct rilli_segments *segments, int lease_held) {
  switch (LOAD(segments->ring.page->state)) {
  case RILLI_PRODUCER_NEVER:
    return RILL_PRODUCER_NONE;
  case RILLI_PRODUCER_CLOSED:
    return RILL_PRODUCER_CLOSED;
  default:
    if (is_blind(segments))
      return RILL_PRODUCER_ALIVE; /* as it stored last */
    return lease_held ? RILL_PRODUCER_ALIVE : RILL_PRODUCER_DEAD;
  }
}

/* A group as its row describes it; or, if this process may only look, as in the producer's
 * view. */
struct view {
  uint64_t state, cursor, sequence;
  char name[RILLI_GROUP_NAME_SIZE];
};

static void view_seen(const struct rilli_segments *segments, uint32_t index,
                      const struct rilli_place *head, struct view *ret) {
  /* E16, acquire: pairs with rilli_note_gate() in gate.c. The state comes before the name. */
  const struct rilli_view *seen = &segments->ring.seen[index];
  ret->state = LOAD(seen->gate_state);
  ret->cursor = LOAD(seen->gate);
  if (ret->state && rilli_is_void(seen, ret->state))
    ret->cursor = head->position; /* refused: it does not limit the producer */
  for (uint32_t i = 0; i < RILLI_GROUP_NAME_SIZE / 8; i++) {
    const uint64_t part = atomic_load_explicit(&seen->name[i], memory_order_relaxed);
    memcpy(ret->name + 8 * i, &part, 8);
  }
}

static void view_row(const struct rilli_segments *segments, uint32_t index, struct view *ret) {
  const struct rilli_group *group = rilli_group_at(&segments->ring, index);
  ret->state = LOAD(group->state);
  ret->cursor = LOAD(group->cursor);
  memcpy(ret->name, rilli_name_at(&segments->ring, index), sizeof ret->name);
}

/* The number of the message at a cursor: as its group noted it, else from the frame there
 * (which is whole in a full queue, though the write limit is beyond it). */
static uint64_t sequence_at(const struct rilli_segments *segments, uint32_t index, uint64_t cursor,
                            const struct rilli_place *head) {
  const struct rilli_ring *ring = &segments->ring;
  const struct rilli_group *group = rilli_group_at(ring, index);
  struct rilli_place place;
  if (!segments->limited && rilli_noted_place(group, cursor, &place) == 0)
    return rilli_before(head->sequence, place.sequence) ? head->sequence : place.sequence;
  if (cursor % RILLI_FRAME_ALIGN != 0)
    return head->sequence;
  const uint8_t *frame = rilli_frame_at(ring->base, ring->capacity - 1, cursor);
  const uint64_t word = rilli_load_word(frame), sequence = rilli_load_sequence(frame);
  const int sound = cursor != head->position && rilli_word_ok(word, sequence, ring->capacity) &&
                    head->sequence - sequence <= ring->capacity / RILLI_FRAME_ALIGN;
  return sound ? sequence : head->sequence;
}

/* The next row, this one included, in which a group may be. */
static uint32_t next_row(const struct rilli_segments *segments, uint32_t from) {
  const struct rilli_ring *ring = &segments->ring;
  return segments->limited ? from : rilli_next_row(ring->rows, ring->max_groups, from);
}

/* Returns 0 when there is no such group. */
static int view_group(const struct rilli_segments *segments, uint32_t index,
                      const struct rilli_place *head, struct view *ret) {
  if (segments->limited)
    view_seen(segments, index, head, ret);
  else
    view_row(segments, index, ret);
  if (RILLI_STATE_STATE(ret->state) == RILLI_GROUP_KEPT && ret->cursor == RILLI_NONE)
    ret->cursor = head->position; /* its member died while it chose a new place */
  ret->name[RILLI_GROUP_NAME_SIZE - 1] = 0;
  if (RILLI_STATE_STATE(ret->state) == RILLI_GROUP_NONE || ret->cursor == RILLI_NONE)
    return 0;
  ret->sequence = sequence_at(segments, index, ret->cursor, head);
  return 1;
}

/* Gets the three rights from the permission bits of the two files. */
static uint32_t rights(uint32_t data_mode, uint32_t control_mode) {
  return (data_mode & 0666) | (control_mode & 0222) >> 1;
}

/* The memory that its control segment takes: only for existing rows. Without the right to see
 * them: for those in the producer's view. */
static uint64_t control_memory(const struct rilli_segments *segments) {
  const struct rilli_control_geometry *control = &segments->control_geometry;
  uint64_t rows = rilli_count_rows(segments->ring.rows, control->max_groups);
  for (uint32_t i = 0; segments->limited && i < control->max_groups; i++)
    rows += LOAD(segments->ring.seen[i].gate_state) != 0;
  return rilli_fixed_bytes(control->names_offset, control->max_groups) + rows * RILLI_PAGE;
}

static void geometry_stat(const struct rilli_segments *segments, struct rill_queue_stat *ret) {
  const struct rilli_geometry *geometry = &segments->geometry;
  char hex[33];
  memcpy(ret->name, segments->name, sizeof ret->name);
  rilli_hex(geometry->uuid, hex);
  (void)snprintf(ret->uuid, sizeof ret->uuid, "%s", hex);
  rilli_settings_stat(geometry, ret);
  ret->quantum = geometry->quantum;
  ret->data_bytes = geometry->file_size;
  ret->control_bytes = segments->control_geometry.file_size;
  ret->memory_bytes = geometry->file_size + control_memory(segments);
  ret->created = geometry->created;
  ret->mode = rights(segments->data_mode, segments->control_file.mode);
  ret->limited = (uint32_t)is_blind(segments);
  ret->uid = segments->control_file.uid;
  ret->gid = segments->control_file.gid;
}

/* The slowest group's cursor; an invalid one is skipped. */
static void depth_stat(const struct rilli_segments *segments, const struct rilli_place *head,
                       struct rill_queue_stat *ret) {
  ret->oldest = head->sequence;
  for (uint32_t i = next_row(segments, 0); i < ret->max_groups; i = next_row(segments, i + 1)) {
    struct view view;
    if (!view_group(segments, i, head, &view))
      continue;
    ret->group_count++;
    const uint64_t lag = head->position - view.cursor;
    if (rilli_is_void(&segments->ring.seen[i], view.state)) /* it does not limit the producer */
      continue;
    if (lag > ret->capacity || lag < ret->depth_bytes)
      continue;
    ret->depth_bytes = lag;
    ret->depth_messages = head->sequence - view.sequence;
    ret->oldest = view.sequence;
  }
}

int rilli_queue_stat(int dir, const struct rilli_segments *segments, struct rill_queue_stat *ret) {
  struct rilli_place head;
  struct rilli_file control;
  if (rilli_find_head(&segments->ring, &head))
    return rilli_fail(EPROTO, "the ring of queue '%s' is corrupted: run rill doctor",
                      segments->name);
  const int code = open_control(dir, segments, &control);
  const int gone = control.fd < 0;
  const int producer = code ? code : held(&control, RILLI_LEASE_PRODUCER, 1);
  const int attached =
      producer < 0 ? producer : held(&control, RILLI_LEASE_BASE, RILLI_LEASE_RANGE);
  if (control.fd >= 0)
    (void)close(control.fd);
  if (attached < 0)
    return rilli_fail_in(-attached, "cannot check the leases of queue '%s'", segments->name);
  const struct rilli_producer_page *page = segments->ring.page;
  struct rill_queue_stat stat = {.size = sizeof stat};
  geometry_stat(segments, &stat);
#define FROM_PAGE(field, word) stat.field = LOAD(page->word);
#define FROM_COMPUTED(field, word)
#define RILL_QUEUE_FIGURE(field, key, type, words, metric, section, source, word, ...)             \
  FROM_##source(field, word)
#include "counters.def"
  stat.producer = producer_state(segments, producer);
  stat.position = head.position;
  stat.sequence = head.sequence;
  stat.waiting = LOAD(page->waiting) % RILLI_FRAME_ALIGN == 0;
  stat.removed = (gone && !is_blind(segments)) || rilli_is_removed(segments);
  stat.attached = (uint32_t)attached;
  depth_stat(segments, &head, &stat);
  *ret = stat;
  return 0;
}

static uint32_t group_state(const struct rilli_segments *segments, int lease_held, uint32_t index,
                            uint64_t word) {
  const struct rilli_view *seen = &segments->ring.seen[index];
  if (rilli_is_void(seen, word))
    return LOAD(seen->void_why) == RILLI_VOID_EVICTED ? RILL_GROUP_EVICTED : RILL_GROUP_VOID;
  const uint32_t state = RILLI_STATE_STATE(word);
  if (state == RILLI_GROUP_KEPT)
    return RILL_GROUP_KEPT;
  if (is_blind(segments))
    return RILL_GROUP_ACTIVE; /* as in the producer's view, or in the copy */
  if (!lease_held)
    return RILL_GROUP_DEAD;
  return state == RILLI_GROUP_JOINING ? RILL_GROUP_JOINING : RILL_GROUP_ACTIVE;
}

/* The member continues to write these counts: they are added up in a copy. */
static void latency_stat(const struct rilli_slot *slot, struct rill_group_stat *ret) {
  uint64_t counts[RILLI_LATENCY_SIZE];
  uint32_t last = 0;
  for (uint32_t i = 0; i < RILLI_LATENCY_SIZE; i++) {
    counts[i] = atomic_load_explicit(&slot->histogram[i], memory_order_relaxed);
    ret->latency_count += counts[i];
    if (counts[i])
      last = i;
  }
  if (ret->latency_count == 0)
    return;
  ret->latency_max = LOAD(slot->latency_max);
  if (ret->latency_max < (int64_t)rilli_histogram_least(RILLI_LATENCY_BITS, last))
    ret->latency_max = (int64_t)rilli_histogram_greatest(RILLI_LATENCY_BITS, last); /* any bytes */
  int64_t *const percentiles[] = {&ret->latency_p50, &ret->latency_p99, &ret->latency_p999};
  static const uint32_t parts[] = {500000, 990000, 999000};
  for (uint32_t i = 0; i < 3; i++) {
    const int64_t value = (int64_t)rilli_histogram_percentile(RILLI_LATENCY_BITS, counts,
                                                              RILLI_LATENCY_SIZE, parts[i]);
    *percentiles[i] = value < ret->latency_max ? value : ret->latency_max;
  }
}

static void member_stat(const struct rilli_segments *segments, struct rilli_member member,
                        struct rill_group_stat *ret) {
  const struct rilli_slot *slot =
      rilli_slot_at(segments->control.base, &segments->control_geometry, member);
#define FROM_SLOT(field, word) ret->field = LOAD(slot->word);
#define RILL_GROUP_FIGURE(field, key, type, words, metric, section, column, source, word, ...)     \
  FROM_##source(field, word)
#include "counters.def"
  latency_stat(slot, ret);
}

/* How old the next message of the group is, to within one interval of the index: from the first
 * checkpoint behind it (a little too young), else from the last one before it (too old). */
static int64_t age(const struct rilli_segments *segments, uint64_t cursor) {
  struct rilli_place entry;
  const uint64_t limit = LOAD(segments->ring.page->limit);
  const struct rilli_ring *ring = &segments->ring;
  if (rilli_index_oldest(ring, cursor, &entry) &&
      rilli_index_position(ring, limit - ring->capacity, cursor, &entry))
    return 0;
  int64_t now = rill_clock();
  struct rilli_place newest; /* a copy does not change, and may be of another host */
  if (segments->copied && rilli_index_position(ring, limit - ring->capacity, limit, &newest) == 0)
    now = newest.time;
  const int64_t span = (int64_t)((uint64_t)now - (uint64_t)entry.time); /* any bytes */
  return span > 0 ? span : 0;
}

static int fill_group(int dir, const struct rilli_segments *segments, uint32_t index,
                      const struct view *view, const struct rilli_place *head,
                      struct rill_group_stat *ret) {
  const struct rilli_member member = {index, 0};
  struct rilli_file control;
  const int code = open_control(dir, segments, &control);
  const int alive = code ? code : held(&control, RILLI_LEASE_MEMBER(member), 1);
  if (control.fd >= 0)
    (void)close(control.fd);
  if (alive < 0)
    return rilli_fail_in(-alive, "cannot check the leases of queue '%s'", segments->name);
  struct rill_group_stat stat = {.size = sizeof stat, .index = index};
  memcpy(stat.name, view->name, sizeof stat.name);
  stat.state = group_state(segments, alive, index, view->state);
  stat.keep = RILLI_STATE_FLAGS(view->state) & RILLI_GROUP_KEEP;
  if (RILLI_STATE_STATE(view->state) != RILLI_GROUP_KEPT && !segments->limited)
    member_stat(segments, member, &stat);
  stat.position = view->cursor;
  stat.sequence = view->sequence;
  const int holds = !rilli_is_void(&segments->ring.seen[index], view->state);
  if (holds && head->position - view->cursor <= segments->geometry.capacity) {
    stat.lag_bytes = head->position - view->cursor;
    stat.lag_messages = head->sequence - stat.sequence;
  }
  stat.lag_age = stat.lag_bytes ? age(segments, view->cursor) : 0;
  *ret = stat;
  return 1;
}

int rilli_group_stat(int dir, const struct rilli_segments *segments, uint32_t *index,
                     struct rill_group_stat *ret) {
  struct rilli_place head;
  if (rilli_find_head(&segments->ring, &head))
    return rilli_fail(EPROTO, "the ring of queue '%s' is corrupted: run rill doctor",
                      segments->name);
  const uint32_t end = segments->geometry.max_groups;
  for (uint32_t i = next_row(segments, *index); i < end; i = next_row(segments, i + 1)) {
    struct view view;
    if (!view_group(segments, i, &head, &view))
      continue;
    *index = i + 1;
    return fill_group(dir, segments, i, &view, &head, ret);
  }
  return 0;
}
