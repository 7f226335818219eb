/* SPDX-License-Identifier: MIT */
/* garbage_control.c - invalid bytes in the control segment.
 *
 * In a group's row, or in the hints, while the queue is in use: that group is refused, and
 * the healthy one gets every message. Anywhere else: a clear error. Never a crash or a hang. */
#include <errno.h>
#include <string.h>

#include "forge.h"

#define ROUNDS (SUPPORT_SANITIZED ? 60u : 150u)
#define GROUPS 4u

static const struct rill_queue_attr attr = {
    .size = sizeof attr, .capacity = 65536, .max_groups = GROUPS};

static rill_queue *queue;
static rill_producer *producer;
static rill_consumer *healthy;
static uint64_t number;
static struct view control;

static void begin(void) {
  queue = open_queue(&attr);
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  healthy = open_consumer(queue, (struct joining){.group = "healthy", .wait = RILL_PARK});
  control = view_file(files_of_queue().control);
  number = 0;
}

static void end(void) {
  close_view(&control);
  rill_consumer_close(healthy);
  rill_producer_close(producer);
  rill_queue_close(queue);
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
  gc_leaves_nothing();
}

static uint32_t row_of(const char *name) {
  const struct rill_group_stat group = group_stat_of(queue, name);
  CHECK_THAT(group.size, "no group %s", name);
  return group.index;
}

/* Three laps. */
static void healthy_gets_everything(void) {
  for (unsigned i = 0; i < 400; i++, number++) {
    CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
    receive_number(healthy, number);
  }
}

static uint64_t odd_value(void) {
  static const uint64_t values[] = {
      0,          1,      2,         16,         65535,           65536,
      UINT64_MAX, 0xfff0, INT64_MAX, UINT32_MAX, UINT64_MAX - 15, 1ull << 63};
  const uint64_t pick = random_number();
  return pick % 4 == 0 ? random_number() : values[pick / 4 % (sizeof values / sizeof *values)];
}

/* Whole pages of noise, with a known or an unknown state. A kept row that looks sound is left
 * out: it would be a group like any other. */
static void damage_row(struct rilli_group *group) {
  const uint64_t pick = random_number();
  random_bytes(group, RILLI_PAGE);
  const uint64_t states[] = {RILLI_GROUP_NONE, RILLI_GROUP_JOINING, RILLI_GROUP_ACTIVE,
                             RILLI_GROUP_KEPT, 77};
  if (pick % 6 < 5)
    atomic_store(&group->state, (random_number() & ~UINT64_C(255)) | states[pick % 6]);
  if (pick % 7 < 3)
    atomic_store(&group->cursor, number * 16 + 8); /* not aligned */
  else
    atomic_store(&group->cursor, random_number() | UINT64_C(1) << 60);
}

static void free_row_with_invalid_bytes_holds_no_producer_up(void) {
  begin();
  for (unsigned round = 0; round < ROUNDS / 5; round++) { /* of a slice each, at the worst */
    at("round %u", round);
    uint32_t row;
    do
      row = (uint32_t)(random_number() % GROUPS);
    while (row == row_of("healthy"));
    damage_row(group_of(&control, row));
    healthy_gets_everything();
    (void)stat_of(queue);
    struct rill_group_stat group = {.size = sizeof group};
    for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;)
      CHECK(memchr(group.name, 0, sizeof group.name));
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  }
  end();
}

/* A joiner that died after it had stored its cursor and before its state. */
static void cursor_without_a_state_is_reclaimed(void) {
  begin();
  const uint32_t row = row_of("healthy") == 0 ? 1 : 0;
  struct rilli_group *group = group_of(&control, row);
  CHECK_EQ(publish_number(producer, number, RILL_NOW), 0);
  receive_number(healthy, number++);
  atomic_store(&group->cursor, 0);
  healthy_gets_everything();
  CHECK(atomic_load(&group->cursor) == RILLI_NONE);
  end();
}

static void be_sick(void *arg) {
  (void)arg;
  rill_consumer *consumer =
      open_consumer(open_queue(&attr), (struct joining){.group = "sick", .wait = RILL_PARK});
  struct rill_message message;
  report_ready();
  for (;;) { /* it must not crash, nor end before it is killed, whatever comes */
    const int code = rill_receive(consumer, RILL_FOREVER, &message);
    if (code == 0 && rill_release(consumer, &message) == 0)
      continue;
    await_proceed();
  }
}

/* The row of a live member becomes invalid: while it lives it may hold a reliable queue up, as any
 * member may. After its death it holds nothing up, and it never harms the others. */
static void invalid_row_of_a_living_member_ends_with_it(void) {
  begin();
  for (unsigned round = 0; round < ROUNDS / 5; round++) {
    struct process *sick = spawn("sick", be_sick, NULL);
    await_ready(sick);
    healthy_gets_everything();
    struct rilli_group *group = group_of(&control, row_of("sick"));
    stop_process(sick); /* else it may store a sound cursor, and is a kept group again */
    damage_row(group);
    for (unsigned i = 0; i < 400; i++) {
      const int code = publish_number(producer, number, RILL_NOW);
      if (code) {
        CHECK_EQ(code, -EAGAIN);
        break;
      }
      receive_number(healthy, number++);
    }
    kill_process(sick);
    healthy_gets_everything();
    /* A row that was refused as kept stays so; it is emptied for the next round. */
    atomic_store(&group->cursor, RILLI_NONE);
    atomic_store(&group->state, 0);
  }
  end();
}

/* An invalid cursor in a live row: refused, and no producer waits for it. */
static void group_with_an_invalid_cursor_is_refused(void) {
  static const uint64_t shifts[] = {8, 65536 + 16, 1ull << 40, 1ull << 63};
  for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
    begin();
    rill_consumer *sick = open_consumer(queue, (struct joining){.group = "sick"});
    struct rill_message message;
    for (; number < 10; number++) {
      CHECK_EQ(publish_number(producer, number, RILL_NOW), 0);
      receive_number(healthy, number);
    }
    struct rilli_group *group = group_of(&control, row_of("sick"));
    atomic_store(&group->cursor, stat_of(queue).position + shifts[i]);
    healthy_gets_everything();
    CHECK(group_stat_of(queue, "sick").state == RILL_GROUP_VOID);
    int code = 0;
    while (code == 0) {
      code = rill_receive(sick, RILL_NOW, &message);
      if (code == 0)
        code = rill_release(sick, &message);
    }
    CHECK_THAT(code == -ESTALE || code == -EPROTO, "%d", code);
    rill_consumer_close(sick);
    end();
  }
}

static void invalid_hints_cost_no_message(void) {
  struct rill_message message;
  begin();
  for (unsigned round = 0; round < ROUNDS; round++) {
    struct rilli_hints *hints = hints_of(&control);
    if (round % 2)
      random_bytes(hints, RILLI_PAGE);
    else {
      atomic_store(&hints->sleepers, odd_value());
      atomic_store(&hints->room, (uint32_t)odd_value());
    }
    for (unsigned i = 0; i < 100; i++, number++) {
      CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
      receive_number(healthy, number);
    }
    CHECK_EQ(rill_receive(healthy, rill_after(1000000), &message), -ETIMEDOUT);
  }
  end();
}

/* Bits of rows that do not exist, of more rows than there may be, and of rows that do missing: the
 * producer goes on looking at those that it has seen, and the others are reclaimed. */
static void noise_in_the_map_of_rows_costs_no_message(void) {
  begin();
  healthy_gets_everything();
  for (unsigned round = 0; round < ROUNDS / 5; round++) {
    struct rilli_control *page = control_of(&control);
    at("round %u", round);
    for (size_t i = 0; i < sizeof page->rows / sizeof *page->rows; i++)
      atomic_store(&page->rows[i], random_number());
    healthy_gets_everything();
    (void)stat_of(queue);
    struct rill_group_stat group = {.size = sizeof group};
    for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;)
      CHECK(group.index < GROUPS);
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  }
  end();
}

/* A sleeper whose bit is wiped finds its message in the next slice. */
static void receive_numbers(void *arg) {
  const uint64_t last = *(const uint64_t *)arg;
  rill_consumer *consumer = open_consumer(open_queue(&attr), (struct joining){.wait = RILL_PARK});
  report_ready();
  for (uint64_t next = 0; next < last; next++) {
    receive_number(consumer, next);
    atomic_store(&me->count[0], next + 1);
  }
  rill_consumer_close(consumer);
}

static void sleeper_whose_bit_is_wiped_still_wakes(void) {
  uint64_t last = 5;
  begin();
  struct process *sleeper = spawn("sleeper", receive_numbers, &last);
  await_ready(sleeper);
  struct rilli_hints *hints = hints_of(&control);
  for (; number < last; number++) {
    while (atomic_load(&hints->sleepers) == 0)
      breathe();
    atomic_store(&hints->sleepers, 0);
    CHECK_EQ(publish_number(producer, number, RILL_NOW), 0);
    receive_number(healthy, number);
    await_count(sleeper, 0, number + 1);
  }
  await_end(sleeper);
  end();
}

static void try_everything(unsigned flags) {
  rill_queue *opened = NULL;
  const int code = rill_queue_open(context_here(), "q", flags, NULL, RILL_NOW, &opened);
  CHECK_THAT(code == 0 || code == -EPROTO || code == -EBADMSG || code == -EPROTONOSUPPORT ||
                 code == -EINPROGRESS,
             "open: %d (%s)", code, rill_error());
  rill_queue_close(opened);
}

static void invalid_segment_is_refused_at_open(void) {
  for (unsigned round = 0; round < ROUNDS; round++) {
    rill_queue_close(open_queue(&attr));
    control = view_file(files_of_queue().control);
    if (round % 3 == 0)
      random_bytes(control.base, control.size); /* the whole segment */
    else if (round % 3 == 1)                    /* a few bytes of the constant part */
      random_bytes((uint8_t *)control.base + random_number() % 250, 1 + random_number() % 40);
    else /* check.c tests forgeries with a right checksum; here: the bytes behind the checksum */
      random_bytes((uint8_t *)control.base + RILLI_PAGE, control.size - RILLI_PAGE);
    close_view(&control);
    try_everything(0);
    try_everything(RILL_OBSERVE);
    try_everything(RILL_CREATE);
    CHECK(rill_queue_gc(context_here(), RILL_GC_DRY_RUN, NULL, NULL) >= 0);
    CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
    CHECK(files_left(1) == 0 && mappings_of_segments() == 0);
  }
}

/* Rows and hints of noise before any process attaches: the queue works. */
static void queue_with_invalid_rows_can_be_used(void) {
  for (unsigned round = 0; round < ROUNDS / 3; round++) {
    rill_queue_close(open_queue(&attr));
    control = view_file(files_of_queue().control);
    random_bytes((uint8_t *)control.base + RILLI_PAGE, RILLI_PAGE);
    for (uint32_t i = 0; i + 1 < GROUPS; i++)
      damage_row(group_of(&control, i));
    close_view(&control);
    begin();
    healthy_gets_everything();
    end();
  }
}

static void latencies_are_sorted(void) {
  const struct rill_group_stat stat = group_stat_of(queue, "healthy");
  CHECK(stat.latency_count <= RILLI_LATENCY_SIZE * (uint64_t)UINT32_MAX);
  CHECK(0 <= stat.latency_p50 && stat.latency_p50 <= stat.latency_p99);
  CHECK(stat.latency_p99 <= stat.latency_p999 && stat.latency_p999 <= stat.latency_max);
}

/* Only the member writes its counters, but other processes with the right could: a reader gets
 * sorted figures, and the next member counts within them. */
static void invalid_latencies_stay_sorted(void) {
  begin();
  struct rilli_slot *slot =
      (void *)((uint8_t *)group_of(&control, row_of("healthy")) + RILLI_SLOTS_OFFSET);
  for (unsigned round = 0; round < ROUNDS; round++) {
    at("round %u", round);
    random_bytes(slot, RILLI_SLOT_STRIDE);
    for (uint32_t i = 0; round % 3 && i < RILLI_LATENCY_SIZE; i++) /* full ones, empty ones */
      atomic_store(&slot->histogram[i], (uint32_t)odd_value());
    atomic_store(&slot->latency_max, (int64_t)odd_value());
    latencies_are_sorted();
    for (unsigned i = 0; i < 64; i++) {
      struct rill_message message;
      const struct rill_meta meta = {.size = sizeof meta,
                                     .time = i % 2 ? rill_clock() : (int64_t)odd_value()};
      const struct rill_item item = {"x", 1, &meta};
      CHECK_EQ(rill_publish_batch(producer, &item, 1, RILL_FOREVER), 1);
      CHECK_EQ(rill_receive(healthy, RILL_FOREVER, &message), 0);
      CHECK_EQ(rill_release(healthy, NULL), 0);
    }
    latencies_are_sorted();
  }
  end();
}

static const struct test tests[] = {
    NAMED(free_row_with_invalid_bytes_holds_no_producer_up),
    NAMED(cursor_without_a_state_is_reclaimed),
    NAMED(invalid_row_of_a_living_member_ends_with_it),
    NAMED(group_with_an_invalid_cursor_is_refused),
    NAMED(invalid_latencies_stay_sorted),
    NAMED(invalid_hints_cost_no_message),
    NAMED(noise_in_the_map_of_rows_costs_no_message),
    NAMED(sleeper_whose_bit_is_wiped_still_wakes),
    NAMED(invalid_segment_is_refused_at_open),
    NAMED(queue_with_invalid_rows_can_be_used),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
