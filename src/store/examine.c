/* SPDX-License-Identifier: MIT */
/* examine.c - is this queue sound? Every invariant that can be seen from outside.
 *
 * A queue in use changes while it is examined. So what is read is valid only while the write
 * limit has not passed it (E4), and each number is read once. */
#include "examine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "error.h"
#include "lease.h"
#include "open.h"

struct examination {
  const struct rilli_segments *segments;
  const struct rilli_ring *ring;
  struct rilli_file control; /* another file description, to check the leases */
  struct rilli_place head;
  struct rilli_report *report;
  int failed; /* of the last lease that could not be checked: -errno; 0: none */
};

static void report_finding(struct rilli_report *report, uint32_t kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void report_finding(struct rilli_report *report, uint32_t kind, const char *format, ...) {
  char text[512];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  const struct rill_finding finding = {sizeof finding, kind, 0, text};
  report->wrong += kind == RILL_WRONG;
  report->report(&finding, report->arg);
}

static unsigned long long number(uint64_t value) {
  return value;
}

/* --- the index and the frames ------------------------------------------------------ */

/* Finds the oldest place whose frames are whole, then checks every frame up to the head, and
 * that a frame begins at each index entry on the way. */
static int walk_frames(struct examination *exam, uint64_t *ret_frames) {
  const struct rilli_ring *ring = exam->ring;
  struct rilli_place place, entry;
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_acquire);
  if (rilli_index_oldest(ring, limit - ring->capacity, &place))
    return -EAGAIN;
  const uint64_t first = place.sequence;
  for (uint64_t from = place.position;; from = entry.position + 1) {
    if (rilli_index_oldest(ring, from, &entry))
      break;
    const struct rilli_until until = {.by_position = 1, .position = entry.position};
    const int code = rilli_walk(ring, &until, &place);
    if (code)
      return code;
    if (place.position != entry.position || place.sequence != entry.sequence) {
      report_finding(
          exam->report, RILL_WRONG,
          "the checkpoint at position %llu (message %llu) is not where a frame begins: walking "
          "arrives at position %llu, message %llu",
          number(entry.position), number(entry.sequence), number(place.position),
          number(place.sequence));
      return 0;
    }
  }
  const struct rilli_until end = {.by_sequence = 0};
  const int code = rilli_walk(ring, &end, &place);
  if (code)
    return code;
  exam->head = place;
  *ret_frames = place.sequence - first;
  return 0;
}

/* The head was found some time ago, and since then the producer may have gone round the ring
 * several times. A position between these two limits is not wrong. */
static int below_limit(const struct examination *exam, uint64_t before, uint64_t after) {
  const uint64_t head = exam->head.position;
  return !rilli_before(after, head) &&
         (!rilli_before(head, before) || before - head <= exam->ring->capacity);
}

/* The bytes are a frame, nothing, or (overtaken) any bytes. */
static int frame_or_nothing(const struct examination *exam) {
  const struct rilli_ring *ring = exam->ring;
  const uint64_t word =
      rilli_load_word(rilli_frame_at(ring->base, ring->capacity - 1, exam->head.position));
  /* E4, acquire: pairs with raise_limit() and open_gate() in gate.c */
  atomic_thread_fence(memory_order_acquire);
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_relaxed);
  return word == 0 || rilli_word_ok(word, exam->head.sequence, ring->capacity) ||
         limit - exam->head.position > ring->capacity;
}

static void examine_frames(struct examination *exam) {
  const struct rilli_ring *ring = exam->ring;
  uint64_t frames = 0, before = 0;
  int code = -EAGAIN;
  for (int tries = 0; code == -EAGAIN && tries < 1000; tries++) {
    before = atomic_load_explicit(&ring->page->limit, memory_order_acquire);
    code = walk_frames(exam, &frames);
  }
  if (code == -EAGAIN) {
    report_finding(exam->report, RILL_NOTE,
                   "the producer overwrites faster than the frames can be checked");
    return;
  }
  if (code) {
    report_finding(exam->report, RILL_WRONG, "the frames do not end within the ring");
    return;
  }
  if (frames)
    report_finding(exam->report, RILL_FINE, "%llu frames are whole: messages %llu to %llu",
                   number(frames), number(exam->head.sequence - frames),
                   number(exam->head.sequence - 1));
  else
    report_finding(exam->report, RILL_FINE, "the ring has no message");
  const uint64_t after = atomic_load_explicit(&ring->page->limit, memory_order_acquire);
  if (!below_limit(exam, before, after))
    report_finding(exam->report, RILL_WRONG, "the head at %llu is not below the write limit %llu",
                   number(exam->head.position), number(after));
  if (!frame_or_nothing(exam))
    report_finding(
        exam->report, RILL_WRONG,
        "behind the last frame, at %llu, the bytes are invalid: neither a frame nor zero",
        number(exam->head.position));
}

/* In a copy the lease cannot be checked, and counts as held. So does one that the kernel cannot
 * report on, which ends the examination. */
static int is_held(struct examination *exam, int64_t lease) {
  const int held = exam->segments->copied ? 1 : rilli_lock_held(exam->control.fd, lease, 1);
  if (held < 0)
    exam->failed = held;
  return held != 0;
}

/* --- the producer ----------------------------------------------------------------- */

static void examine_producer(struct examination *exam) {
  const struct rilli_producer_page *page = exam->ring->page;
  const uint32_t state = atomic_load_explicit(&page->state, memory_order_acquire);
  const uint64_t waiting = atomic_load_explicit(&page->waiting, memory_order_relaxed);
  const int alive = is_held(exam, RILLI_LEASE_PRODUCER);
  if (state > RILLI_PRODUCER_CLOSED)
    report_finding(exam->report, RILL_WRONG, "the producer's state %u is invalid", state);
  else if (state == RILLI_PRODUCER_LIVE && !alive)
    report_finding(exam->report, RILL_NOTE,
                   "the producer died; the next one goes on at message %llu",
                   number(exam->head.sequence));
  else
    report_finding(exam->report, RILL_FINE, "producer: %s",
                   state == RILLI_PRODUCER_LIVE     ? "alive"
                   : state == RILLI_PRODUCER_CLOSED ? "closed"
                                                    : "none yet");
  if (waiting != RILLI_NONE && waiting != RILLI_SPINS && waiting % RILLI_FRAME_ALIGN != 0)
    report_finding(exam->report, RILL_WRONG, "the producer waits for an invalid cursor: %llu",
                   number(waiting));
  if (atomic_load_explicit(&page->fence, memory_order_relaxed) > RILL_FENCE_FULL)
    report_finding(exam->report, RILL_WRONG, "the producer's fence mode is invalid");
}

/* --- the groups ------------------------------------------------------------------ */

/* Does a frame begin at the cursor? */
static int on_a_frame(struct examination *exam, uint64_t cursor) {
  const struct rilli_ring *ring = exam->ring;
  struct rilli_place place;
  const uint64_t limit = atomic_load_explicit(&ring->page->limit, memory_order_acquire);
  if (limit - cursor > ring->capacity ||
      rilli_index_position(ring, limit - ring->capacity, cursor, &place))
    return 1; /* lapped, or before the oldest entry: nothing to compare with */
  const struct rilli_until until = {.by_position = 1, .position = cursor};
  return rilli_walk(ring, &until, &place) != 0 || place.position == cursor;
}

static void examine_cursor(struct examination *exam, uint32_t index, uint64_t state,
                           const char *name, uint64_t cursor) {
  const struct rilli_group *group = rilli_group_at(exam->ring, index);
  const uint64_t limit = atomic_load_explicit(&exam->ring->page->limit, memory_order_acquire);
  const int reliable = !exam->ring->overwrite;
  const int far = reliable && limit - cursor > 2 * exam->ring->capacity;
  if (atomic_load_explicit(&group->cursor, memory_order_acquire) != cursor ||
      rilli_is_void(&exam->ring->seen[index], state))
    return; /* it advanced, and the limit may have been read much later, as this process may have
               been stopped in between; or it was refused, and stays where it is */
  if (cursor % RILLI_FRAME_ALIGN != 0 || far)
    report_finding(exam->report, RILL_WRONG,
                   "group %s: its cursor %llu is invalid (write limit %llu)", name, number(cursor),
                   number(limit));
  else if (!on_a_frame(exam, cursor))
    report_finding(exam->report, RILL_WRONG, "group %s: no frame begins at its cursor %llu", name,
                   number(cursor));
}

static void examine_group(struct examination *exam, uint32_t index) {
  const struct rilli_group *group = rilli_group_at(exam->ring, index);
  const uint64_t word = atomic_load_explicit(&group->state, memory_order_acquire);
  const uint64_t cursor = atomic_load_explicit(&group->cursor, memory_order_acquire);
  const uint32_t state = RILLI_STATE_STATE(word);
  char name[RILLI_GROUP_NAME_SIZE + 16];
  (void)snprintf(name, sizeof name, "#%u '%.63s'", index, rilli_name_at(exam->ring, index));
  if (state > RILLI_GROUP_KEPT) {
    report_finding(exam->report, RILL_WRONG, "group %s: its state %u is invalid", name, state);
    return;
  }
  const struct rilli_member member = {index, 0};
  const int alive = is_held(exam, RILLI_LEASE_MEMBER(member));
  if (atomic_load_explicit(&group->state, memory_order_acquire) != word)
    return; /* its state is changing now */
  if (state == RILLI_GROUP_NONE) {
    if (cursor != RILLI_NONE && !alive)
      report_finding(exam->report, RILL_NOTE, "group row %u was left unfinished; gc repairs it",
                     index);
    return;
  }
  const struct rilli_view *seen = &exam->ring->seen[index];
  const int refused = rilli_is_void(seen, word);
  if (refused &&
      atomic_load_explicit(&seen->void_why, memory_order_relaxed) == RILLI_VOID_EVICTED) {
    report_finding(exam->report, RILL_NOTE,
                   "group %s: evicted, as it held the queue up for longer than evict_after", name);
    return; /* its cursor stays behind, and does not limit the producer */
  }
  if (refused)
    report_finding(exam->report, RILL_WRONG,
                   "group %s: the producer refused it, as its cursor was invalid", name);
  else if (state != RILLI_GROUP_KEPT && !alive)
    report_finding(exam->report, RILL_NOTE,
                   "group %s: its member died; the next process that checks reclaims it", name);
  else
    report_finding(exam->report, RILL_FINE, "group %s: %s", name,
                   state == RILLI_GROUP_KEPT ? "kept, without a member" : "has a living member");
  if (state != RILLI_GROUP_JOINING && cursor != RILLI_NONE)
    examine_cursor(exam, index, word, name, cursor);
}

/* Does the map of rows agree with the limit on their number, and with the producer's view? A
 * bit is never cleared, so a row in that view is still there; but the two files of a copy were
 * made at two different times. */
static void examine_rows(struct examination *exam) {
  const struct rilli_ring *ring = exam->ring;
  for (uint32_t i = 0; i < ring->max_groups && !exam->segments->copied; i++)
    if (atomic_load_explicit(&ring->seen[i].gate_state, memory_order_acquire) != 0 &&
        !rilli_has_row(ring->rows, i))
      report_finding(exam->report, RILL_WRONG,
                     "the map of rows lacks row %u, in which the producer saw a group", i);
  for (uint32_t i = ring->max_groups; i < RILLI_MAX_GROUPS; i++)
    if (rilli_has_row(ring->rows, i)) {
      report_finding(exam->report, RILL_WRONG,
                     "the map of rows has row %u, but there are at most %u", i, ring->max_groups);
      return;
    }
}

static int is_used(const struct rilli_ring *ring, uint32_t index) {
  return RILLI_STATE_STATE(
             atomic_load_explicit(&rilli_group_at(ring, index)->state, memory_order_acquire)) != 0;
}

static void examine_names(struct examination *exam) {
  const struct rilli_ring *ring = exam->ring;
  const uint32_t end = ring->max_groups;
  uint32_t a;
  RILLI_EACH_ROW(a, ring->rows, end) {
    const char *name = rilli_name_at(ring, a);
    if (!is_used(ring, a) || !*name)
      continue;
    for (uint32_t b = rilli_next_row(ring->rows, end, a + 1); b < end;
         b = rilli_next_row(ring->rows, end, b + 1))
      if (is_used(ring, b) && strncmp(name, rilli_name_at(ring, b), RILLI_GROUP_NAME_SIZE) == 0)
        report_finding(exam->report, RILL_WRONG, "two groups, #%u and #%u, have the name '%.63s'",
                       a, b, name);
  }
}

static int examine(int dir, const struct rilli_segments *segments, struct rilli_report *report) {
  struct examination exam = {.report = report, .segments = segments, .ring = &segments->ring};
  exam.control.fd = -1;
  const int code = segments->copied ? 0 : rilli_control_open(dir, segments, 0, &exam.control);
  if (code)
    return rilli_fail_in(-code, "cannot check the leases of queue '%s'", segments->name);
  if (strcmp(segments->geometry.name, segments->name) != 0)
    report_finding(report, RILL_WRONG, "its segment calls itself '%.200s'",
                   segments->geometry.name);
  report_finding(report, RILL_FINE, "both segments have sound first pages and belong together");
  if (segments->copied)
    report_finding(report, RILL_NOTE, "these are copied files: which processes live is not known");
  examine_frames(&exam);
  examine_producer(&exam);
  examine_rows(&exam);
  uint32_t row;
  RILLI_EACH_ROW(row, exam.ring->rows, exam.ring->max_groups)
    examine_group(&exam, row);
  examine_names(&exam);
  if (exam.control.fd >= 0)
    (void)close(exam.control.fd);
  return exam.failed ? rilli_fail(-exam.failed, "cannot check the leases of queue '%s': %s",
                                  segments->name, rilli_words(-exam.failed))
                     : 0;
}

/* Examines what was opened, or reports why it could not be opened. */
static int examine_opened(int dir, int code, struct rilli_segments *segments,
                          struct rilli_report *report) {
  if (rilli_is_damage(code)) {
    report_finding(report, RILL_WRONG, "%s", rill_error());
    return 0;
  }
  if (code)
    return code;
  code = examine(dir, segments, report);
  rilli_segments_close(segments);
  return code;
}

int rilli_examine(int dir, const char *name, struct rilli_report *report) {
  struct rilli_segments segments;
  const int code = rilli_segments_open(dir, name, RILL_OBSERVE, NULL, &segments);
  return examine_opened(dir, code, &segments, report);
}

int rilli_examine_files(const char *control_path, const char *data_path,
                        struct rilli_report *report) {
  struct rilli_segments segments;
  const int code = rilli_segments_open_files(control_path, data_path, &segments);
  return examine_opened(-1, code, &segments, report);
}
