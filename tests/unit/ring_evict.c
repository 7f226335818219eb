/* SPDX-License-Identifier: MIT */
/* ring_evict.c - groups that hold a queue up are evicted, after their time and not before; they
 * learn of it, and no other group is harmed. The test sets the clock: evict.c's references to
 * rilli_now are wrapped. */
#include "unit.h"

#include "plain_ring.h"

#define AFTER 500 /* ns: evict_after */

int64_t __real_rilli_now(void);
int64_t __wrap_rilli_now(void);

static int64_t clock_now; /* 0: the real one */

int64_t __wrap_rilli_now(void) {
  return clock_now ? clock_now : __real_rilli_now();
}

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer slow, other;
static uint8_t bytes[1 << 16];
static uint64_t next;
static struct rill_message held; /* the first message that `slow` got */

static void begin(void) {
  next = 100;
  clock_now = 1000;
  plain_open(&plain, &(struct plain_options){
                         .evict_after = AFTER, .base_position = 1600, .base_sequence = 100});
  plain_producer(&plain, &producer, RILL_SPIN, 0);
}

static int publish_until(rill_time deadline) {
  const size_t size = support_size(next, 1000);
  support_fill(bytes, size, next);
  const int code = rill_publish(&producer, bytes, size, deadline);
  next += code == 0;
  return code;
}

static void fill_up(void) {
  int code;
  while ((code = publish_until(RILL_NOW)) == 0)
    ;
  assert_code(code, -EAGAIN);
}

static void expect_from(struct rill_consumer *who, uint64_t sequence, uint64_t lost) {
  struct rill_message message;
  for (; sequence != next; sequence++, lost = 0) {
    assert_code(rill_receive(who, RILL_NOW, &message), 0);
    assert_true(message.sequence == sequence && message.lost == lost);
    assert_true(support_is(message.data, message.size, sequence));
    assert_code(rill_release(who, &message), 0);
  }
  assert_code(rill_receive(who, RILL_NOW, &message), -EAGAIN);
}

static uint64_t oldest_whole(void) {
  struct rilli_place place;
  const uint64_t limit = atomic_load(&plain.ring.page->limit);
  assert_code(rilli_index_oldest(&plain.ring, limit - plain.ring.capacity, &place), 0);
  return place.sequence;
}

static int is_void(uint32_t row) {
  const struct rilli_group *group = rilli_group_at(&plain.ring, row);
  return rilli_is_void(&plain.ring.seen[row], atomic_load(&group->state));
}

/* A full ring that `slow`, in row 0, holds up, and `other`, in row 1, does not. */
static void held_up(uint32_t flags) {
  begin();
  assert_code(plain_consumer(&plain, &slow, 0, RILL_OLDEST, 0, flags), 0);
  assert_code(plain_consumer(&plain, &other, 1, RILL_OLDEST, 0, 0), 0);
  assert_code(publish_until(RILL_NOW), 0);
  assert_code(rill_receive(&slow, RILL_NOW, &held), 0);
  fill_up();
  expect_from(&other, 100, 0);
}

static void evict_slow(void) {
  assert_code(publish_until(RILL_NOW), -EAGAIN);
  clock_now += AFTER;
  assert_code(publish_until(RILL_NOW), 0);
  assert_true(is_void(0) && !is_void(1));
}

static void done(void) {
  plain_leave(&slow);
  plain_leave(&other);
  plain_close(&plain);
}

static void a_group_is_evicted_after_its_time_and_not_before(void **state) {
  (void)state;
  held_up(0);
  clock_now += AFTER - 1; /* the first try was at 1000 */
  assert_code(publish_until(RILL_NOW), -EAGAIN);
  assert_true(!is_void(0));
  clock_now++;
  assert_code(publish_until(RILL_NOW), 0);
  assert_true(is_void(0) && !is_void(1));
  assert_true(atomic_load(&plain.ring.page->evictions) == 1);
  done();
}

static void the_others_lose_nothing(void **state) {
  (void)state;
  held_up(0);
  const uint64_t from = next;
  evict_slow();
  fill_up(); /* now `other` gates */
  assert_true(!is_void(1));
  expect_from(&other, from, 0);
  done();
}

static void an_evicted_member_learns_it_from_its_release(void **state) {
  (void)state;
  held_up(0);
  evict_slow();
  fill_up();
  assert_true(!support_is(held.data, held.size, 100)); /* it was overwritten */
  assert_code(rill_release(&slow, &held), -ESTALE);
  assert_non_null(strstr(rill_error(), "evicted"));
  assert_code(rill_release(&slow, NULL), -ESTALE);
  done();
}

static void an_evicted_member_learns_it_from_a_receive(void **state) {
  (void)state;
  for (int empty = 0; empty < 2; empty++) {
    held_up(0);
    struct rill_message message;
    while (empty && rill_receive(&slow, RILL_NOW, &message) == 0)
      ; /* all received, nothing released */
    evict_slow();
    if (!empty)
      fill_up();
    else
      assert_code(rill_receive(&slow, RILL_NOW, &message), 0); /* messages since then */
    const int64_t deadlines[] = {RILL_NOW, RILL_FOREVER};
    for (int i = 0; i < 2; i++)
      assert_code(rill_receive(&slow, deadlines[i], &message), -ESTALE);
    done();
  }
}

static void a_parked_member_is_woken(void **state) {
  (void)state;
  held_up(0);
  const uint32_t kick = atomic_load(&slow.group->kick), calm = atomic_load(&other.group->kick);
  evict_slow();
  assert_true(atomic_load(&slow.group->kick) != kick);
  assert_true(atomic_load(&other.group->kick) == calm);
  done();
}

static void releases_are_known_immediately(void **state) {
  (void)state;
  begin();
  assert_code(plain_consumer(&plain, &slow, 0, RILL_OLDEST, 0, 0), 0);
  for (int i = 0; i < 20; i++) {
    struct rill_message message;
    assert_code(publish_until(RILL_NOW), 0);
    assert_code(rill_receive(&slow, RILL_NOW, &message), 0);
    assert_code(rill_release(&slow, &message), 0);
    assert_true(atomic_load(&slow.group->cursor) == producer.position);
  }
  plain_leave(&slow);
  plain_close(&plain);
}

static void a_group_that_gives_room_in_time_gets_its_full_time_again(void **state) {
  (void)state;
  held_up(0);
  for (int i = 0; i < 50; i++) {
    fill_up();
    clock_now += AFTER - 1;
    while (publish_until(RILL_NOW) == -EAGAIN) {
      struct rill_message message;
      assert_code(rill_release(&slow, NULL), 0);
      assert_code(rill_receive(&slow, RILL_NOW, &message), 0);
      expect_from(&other, other.sequence, 0);
    }
    assert_true(!is_void(0) && !is_void(1));
  }
  done();
}

static void a_need_for_more_room_starts_the_time_again(void **state) {
  (void)state;
  held_up(0);
  clock_now += AFTER - 1;
  static const uint8_t much[8000];
  assert_code(rill_publish(&producer, much, sizeof much, RILL_NOW), -EAGAIN);
  clock_now += AFTER - 1;
  assert_code(rill_publish(&producer, much, sizeof much, RILL_NOW), -EAGAIN);
  assert_true(!is_void(0));
  clock_now++;
  assert_code(rill_publish(&producer, much, sizeof much, RILL_NOW), 0);
  assert_true(is_void(0));
  done();
}

static void a_publish_that_waits_evicts(void **state) {
  (void)state;
  for (uint32_t wait = RILL_ADAPTIVE; wait <= RILL_PARK; wait++) {
    held_up(0);
    clock_now = 0;
    producer.patience.wait = wait;
    assert_code(publish_until(rill_after(INT64_C(60000000000))), 0);
    assert_true(is_void(0) && !is_void(1));
    assert_true(atomic_load(&plain.ring.page->waiting) == RILLI_NONE);
    done();
  }
}

static void a_deadline_before_its_time_evicts_no_group(void **state) {
  (void)state;
  held_up(0);
  plain.ring.evict_after = producer.ring.evict_after = RILL_FOREVER;
  clock_now = 0;
  assert_code(publish_until(rill_after(1000)), -ETIMEDOUT);
  assert_true(!is_void(0));
  done();
}

static void without_evict_after_no_group_is_evicted(void **state) {
  (void)state;
  held_up(0);
  producer.ring.evict_after = 0;
  clock_now += 1000 * AFTER;
  assert_code(publish_until(RILL_NOW), -EAGAIN);
  assert_true(!is_void(0));
  done();
}

static void the_next_tenancy_is_its_own(void **state) {
  (void)state;
  held_up(0);
  evict_slow();
  plain_leave(&slow);
  assert_code(plain_consumer(&plain, &slow, 0, RILL_LATEST, 0, 0), 0);
  expect_from(&other, other.sequence, 0);
  const uint64_t from = next;
  fill_up(); /* it gates again */
  expect_from(&slow, from, 0);
  expect_from(&other, from, 0);
  done();
}

/* A kept group that was evicted, as ACTIVE or as KEPT, gates no more, and its next member
 * learns how many it missed. */
static void a_kept_group_comes_back_at_the_oldest_message(void **state) {
  (void)state;
  for (int alone = 0; alone < 2; alone++) {
    held_up(RILLI_GROUP_KEEP);
    assert_code(rill_release(&slow, &held), 0); /* message 100; 101 is the first that it needs */
    if (alone)
      plain_leave(&slow);
    fill_up();
    expect_from(&other, other.sequence, 0);
    evict_slow();
    if (!alone)
      plain_leave(&slow);
    assert_true(RILLI_STATE_STATE(atomic_load(&slow.group->state)) == RILLI_GROUP_KEPT);
    for (int laps = 0; laps < 5; laps++) {
      fill_up(); /* `other` gates */
      expect_from(&other, other.sequence, 0);
    }
    assert_true(is_void(0));
    const uint64_t oldest = oldest_whole();
    assert_code(plain_consumer(&plain, &slow, 0, RILL_LATEST, 0, RILLI_GROUP_KEEP), 0);
    assert_true(!is_void(0) && oldest > 101);
    expect_from(&slow, oldest, oldest - 101);
    done();
  }
}

/* No member continues where a kept group was refused. */
static void a_member_of_a_refused_group_starts_a_new_tenancy(void **state) {
  (void)state;
  held_up(RILLI_GROUP_KEEP);
  plain_leave(&slow); /* KEPT in its first generation */
  atomic_store(&plain.ring.seen[0].void_state, RILLI_STATE(1, 0, RILLI_GROUP_KEPT));
  const uint64_t oldest = oldest_whole();
  assert_code(plain_consumer(&plain, &slow, 0, RILL_LATEST, 0, 0), 0);
  assert_true(RILLI_STATE_GENERATION(slow.tenancy) == 2 && !is_void(0));
  assert_true(atomic_load(&slow.slot->lost) == oldest - 100);
  expect_from(&slow, oldest, oldest - 100);
  done();
}

/* What it lost is reported until it releases a message, although members die on the way. */
static void what_a_refused_group_lost_is_not_forgotten(void **state) {
  (void)state;
  for (int moment = 0; moment < 3; moment++) {
    held_up(RILLI_GROUP_KEEP);
    plain_leave(&slow);
    atomic_store(&plain.ring.seen[0].void_state, RILLI_STATE(1, 0, RILLI_GROUP_KEPT));
    const uint64_t oldest = oldest_whole();
    assert_code(plain_consumer(&plain, &slow, 0, RILL_LATEST, 0, 0), 0);
    if (moment == 0) /* it dies before it has a cursor */
      atomic_store(&slow.group->cursor, RILLI_NONE);
    if (moment < 2) /* before it is ACTIVE */
      atomic_store(&slow.group->state, RILLI_STATE(2, RILLI_GROUP_KEEP, RILLI_GROUP_KEPT));
    else /* when it is ACTIVE */
      rilli_leave(slow.group, 1);
    assert_code(plain_consumer(&plain, &slow, 0, RILL_LATEST, 0, 0), 0);
    expect_from(&slow, oldest, oldest - 100);
    plain_leave(&slow);
    assert_code(plain_consumer(&plain, &slow, 0, RILL_LATEST, 0, 0), 0);
    assert_true(slow.lost == 0);
    done();
  }
}

static void a_joiner_that_stands_still_is_evicted(void **state) {
  (void)state;
  held_up(0);
  plain_leave(&slow);
  struct rilli_group *group = slow.group;
  atomic_store(&group->state, RILLI_STATE(7, 0, RILLI_GROUP_JOINING));
  atomic_store(&group->cursor, 1600);
  assert_code(publish_until(RILL_NOW), -EAGAIN);
  clock_now += AFTER;
  assert_code(publish_until(RILL_NOW), 0);
  assert_true(is_void(0));
  fill_up();
  assert_code(plain_consumer(&plain, &slow, 0, RILL_LATEST, 0, 0), 0);
  assert_true(RILLI_STATE_GENERATION(slow.tenancy) == 8 && !is_void(0));
  done();
}

/* A row does not hold the queue up for ever, whatever its member writes there. */
static void invalid_rows_are_evicted_too(void **state) {
  (void)state;
  const uint64_t full = RILLI_MIN_CAPACITY;
  const struct {
    uint64_t state, cursor;
  } rows[] = {{0, 1600},
              {0, 1601},
              {RILLI_STATE(1, 0, RILLI_GROUP_NONE), 1600},
              {RILLI_STATE(1, 0, RILLI_GROUP_JOINING), 1600 + full + 64},
              {RILLI_STATE(1, 0, RILLI_GROUP_JOINING), 1601},
              {RILLI_STATE(1, 0, 77), 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    held_up(0);
    atomic_store(&slow.group->state, rows[i].state);
    atomic_store(&slow.group->cursor, rows[i].cursor);
    for (int rounds = 0; rounds < 3; rounds++) {
      int code = -EAGAIN;
      for (int tries = 0; code && tries < 3; tries++, clock_now += AFTER)
        code = publish_until(RILL_NOW);
      assert_code(code, 0);
      fill_up();
      expect_from(&other, other.sequence, 0);
    }
    done();
  }
}

/* A cursor with the same remainder of 16 as the mark of refused groups. */
static void a_void_row_gates_with_no_cursor(void **state) {
  (void)state;
  for (uint64_t odd = 0; odd < 16; odd++) {
    held_up(0);
    evict_slow();
    for (int rounds = 0; rounds < 3; rounds++) {
      atomic_store(&slow.group->cursor, (producer.position & ~(uint64_t)15) - 1024 + odd);
      fill_up();
      expect_from(&other, other.sequence, 0);
      assert_code(publish_until(RILL_NOW), 0);
    }
    done();
  }
}

static void nothing_is_noted_of_a_member_that_left(void **state) {
  (void)state;
  held_up(0);
  evict_slow();
  plain_leave(&slow);
  fill_up();
  assert_true(atomic_load(&plain.ring.seen[0].gate) == RILLI_NONE);
  assert_true(atomic_load(&plain.ring.seen[0].gate_state) == 0);
  plain_leave(&other);
  plain_close(&plain);
}

static void a_successor_keeps_to_it(void **state) {
  (void)state;
  held_up(0);
  evict_slow();
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  fill_up();
  expect_from(&other, other.sequence, 0);
  fill_up();
  expect_from(&other, other.sequence, 0);
  assert_true(atomic_load(&plain.ring.page->evictions) == 1);
  assert_code(rill_release(&slow, NULL), -ESTALE);
  done();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(a_group_is_evicted_after_its_time_and_not_before),
      BEHAVIOUR(the_others_lose_nothing),
      BEHAVIOUR(an_evicted_member_learns_it_from_its_release),
      BEHAVIOUR(an_evicted_member_learns_it_from_a_receive),
      BEHAVIOUR(a_parked_member_is_woken),
      BEHAVIOUR(releases_are_known_immediately),
      BEHAVIOUR(a_group_that_gives_room_in_time_gets_its_full_time_again),
      BEHAVIOUR(a_need_for_more_room_starts_the_time_again),
      BEHAVIOUR(a_publish_that_waits_evicts),
      BEHAVIOUR(a_deadline_before_its_time_evicts_no_group),
      BEHAVIOUR(without_evict_after_no_group_is_evicted),
      BEHAVIOUR(the_next_tenancy_is_its_own),
      BEHAVIOUR(a_kept_group_comes_back_at_the_oldest_message),
      BEHAVIOUR(a_member_of_a_refused_group_starts_a_new_tenancy),
      BEHAVIOUR(what_a_refused_group_lost_is_not_forgotten),
      BEHAVIOUR(a_joiner_that_stands_still_is_evicted),
      BEHAVIOUR(invalid_rows_are_evicted_too),
      BEHAVIOUR(a_void_row_gates_with_no_cursor),
      BEHAVIOUR(nothing_is_noted_of_a_member_that_left),
      BEHAVIOUR(a_successor_keeps_to_it)};
  return cmocka_run_group_tests_name("ring_evict", tests, NULL, NULL);
}
