/* SPDX-License-Identifier: MIT */
/* ring_waiter.c - how long a waiter spins, rests and sleeps: decisions, without a clock. */
#include "unit.h"

#include "ring.h"

#define US INT64_C(1000)
#define SECOND INT64_C(1000000000)

static struct rilli_patience strategy(uint32_t wait, int64_t typical) {
  return (struct rilli_patience){.wait = wait, .typical = typical};
}

static void adaptive_waiting_spins_about_as_long_as_its_waits_lately_took(void **state) {
  (void)state;
  static const struct {
    int64_t typical, budget;
  } cases[] = {
      {0, 20 * US},       {4 * US, 20 * US},     {5 * US, 20 * US},
      {6 * US, 24 * US},  {12 * US, 48 * US},    {13 * US, 50 * US},
      {50 * US, 50 * US}, {50 * US + 1, 5 * US}, {SECOND, 5 * US},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    const struct rilli_patience patience = strategy(RILL_ADAPTIVE, cases[i].typical);
    assert_true(rilli_spin_budget(&patience) == cases[i].budget);
  }
}

static void spinners_spin_for_ever_and_parkers_not_at_all(void **state) {
  (void)state;
  const struct rilli_patience spins = strategy(RILL_SPIN, 0), parks = strategy(RILL_PARK, 0);
  assert_true(rilli_spin_budget(&spins) == RILL_FOREVER);
  assert_true(rilli_spin_budget(&parks) == 0);
}

static void one_long_wait_is_not_a_habit_and_many_are(void **state) {
  (void)state;
  struct rilli_patience patience = strategy(RILL_ADAPTIVE, 8 * US);
  rilli_learn(&patience, SECOND);
  assert_true(patience.typical == 8 * US + (200 * US - 8 * US) / 8);
  assert_true(rilli_spin_budget(&patience) == 50 * US);
  for (int i = 0; i < 100; i++)
    rilli_learn(&patience, SECOND);
  assert_true(rilli_spin_budget(&patience) == 5 * US);
  for (int i = 0; i < 100; i++)
    rilli_learn(&patience, US);
  assert_true(rilli_spin_budget(&patience) == 20 * US);
}

static void a_tail_sleeps_longer_the_longer_it_waits_within_limits(void **state) {
  (void)state;
  assert_true(rilli_tail_slice(0) == RILLI_SLICE_BLIND);
  assert_true(rilli_tail_slice(10000 * US) == 5000 * US);
  assert_true(rilli_tail_slice(SECOND) == 20000 * US);
  assert_true(rilli_tail_slice(RILL_FOREVER) == 20000 * US);
}

static void a_stream_is_many_messages_or_some_that_are_large(void **state) {
  (void)state;
  assert_false(rilli_is_stream(0, 0));
  assert_false(rilli_is_stream(3, 1 << 20));
  assert_false(rilli_is_stream(4, 4095));
  assert_true(rilli_is_stream(4, 4096));
  assert_false(rilli_is_stream(15, 1024));
  assert_true(rilli_is_stream(16, 1024));
}

static void rests_behind_a_stream_double_up_to_six_microseconds(void **state) {
  (void)state;
  static const int64_t spans[] = {750, 1500, 3000, 6000, 6000};
  int64_t last = 0;
  for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
    last = rilli_rest_span(last);
    assert_true(last == spans[i]);
  }
}

static void a_full_ring_is_left_alone_for_at_most_half_the_time(void **state) {
  (void)state;
  const struct rilli_patience adaptive = strategy(RILL_ADAPTIVE, 0);
  const struct rilli_patience spins = strategy(RILL_SPIN, 0), parks = strategy(RILL_PARK, 0);
  const int64_t now = SECOND;
  struct rilli_room_plan plan = rilli_plan_room(&adaptive, now, RILL_FOREVER);
  assert_true(plan.rest == now + 50 * US && plan.spin == plan.rest + 20 * US);
  plan = rilli_plan_room(&adaptive, now, now + 10 * US);
  assert_true(plan.rest == now + 5 * US && plan.spin == plan.rest + 20 * US);
  plan = rilli_plan_room(&adaptive, now, now - 1);
  assert_true(plan.rest == now);
  plan = rilli_plan_room(&spins, now, RILL_FOREVER);
  assert_true(plan.rest == now + 50 * US && plan.spin == RILL_FOREVER);
  plan = rilli_plan_room(&parks, now, RILL_FOREVER);
  assert_true(plan.rest == now && plan.spin == now);
}

/* --- targets ---------------------------------------------------------------------- */

static void the_target_is_within_reach_of_consumers(void **state) {
  (void)state;
  const uint64_t capacity = 65536;
  const struct rilli_ring ring = {.capacity = capacity};
  const uint64_t positions[] = {1 << 20, 0, 0 - UINT64_C(1024),
                                0 - UINT64_C(32768)}; /* they wrap */
  for (size_t i = 0; i < sizeof positions / sizeof positions[0]; i++) {
    const uint64_t position = positions[i], need = position + 1024, least = need - capacity;
    assert_true(rilli_room_target(&ring, position, need, 0) == least + capacity / 8);
    assert_true(rilli_room_target(&ring, position, need, 1) == least);
    assert_true(rilli_room_target(&ring, position, need + 8, 0) == least + capacity / 8);
    /* most of the ring is needed: no consumer can pass the head */
    assert_true(rilli_room_target(&ring, position, position + capacity, 0) == position);
    assert_true(rilli_room_target(&ring, position, position + capacity, 1) == position);
  }
}

/* --- yielding ---------------------------------------------------------------------- */

#define GROUPS 3

static struct rilli_view seen[GROUPS];

static int yields(const struct rilli_patience *patience, uint32_t own, int64_t deadline) {
  const struct rilli_ring ring = {.capacity = 65536, .max_groups = GROUPS, .seen = seen};
  return rilli_should_yield(patience, &ring, 100 * 1024, own, SECOND, deadline);
}

static void note(uint32_t index, uint64_t gate, uint32_t group_state) {
  atomic_store(&seen[index].gate, gate);
  atomic_store(&seen[index].gate_state, RILLI_STATE(1, 0, group_state));
}

static void a_core_is_yielded_to_a_member_that_lags_an_eighth_of_the_ring(void **state) {
  (void)state;
  const struct rilli_patience adaptive = strategy(RILL_ADAPTIVE, 0);
  const struct rilli_patience spins = strategy(RILL_SPIN, 0);
  for (uint32_t i = 0; i < GROUPS; i++)
    note(i, RILLI_NONE, RILLI_GROUP_NONE);
  assert_false(yields(&adaptive, GROUPS, RILL_FOREVER));
  note(1, 92 * 1024, RILLI_GROUP_ACTIVE);
  assert_false(yields(&adaptive, GROUPS, RILL_FOREVER)); /* an eighth, not more */
  note(1, 92 * 1024 - 16, RILLI_GROUP_ACTIVE);
  assert_true(yields(&adaptive, GROUPS, RILL_FOREVER));
  assert_true(yields(&adaptive, 0, RILL_FOREVER));
  assert_false(yields(&adaptive, 1, RILL_FOREVER)); /* its own group */
  assert_false(yields(&spins, GROUPS, RILL_FOREVER));
  assert_false(yields(&adaptive, GROUPS, SECOND + 10000 * US)); /* too close */
  note(1, 92 * 1024 - 16, RILLI_GROUP_KEPT);
  assert_false(yields(&adaptive, GROUPS, RILL_FOREVER));
  note(1, 1024, RILLI_GROUP_ACTIVE); /* further than the ring: an old note */
  assert_false(yields(&adaptive, GROUPS, RILL_FOREVER));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(adaptive_waiting_spins_about_as_long_as_its_waits_lately_took),
      BEHAVIOUR(spinners_spin_for_ever_and_parkers_not_at_all),
      BEHAVIOUR(one_long_wait_is_not_a_habit_and_many_are),
      BEHAVIOUR(a_tail_sleeps_longer_the_longer_it_waits_within_limits),
      BEHAVIOUR(a_stream_is_many_messages_or_some_that_are_large),
      BEHAVIOUR(rests_behind_a_stream_double_up_to_six_microseconds),
      BEHAVIOUR(a_full_ring_is_left_alone_for_at_most_half_the_time),
      BEHAVIOUR(the_target_is_within_reach_of_consumers),
      BEHAVIOUR(a_core_is_yielded_to_a_member_that_lags_an_eighth_of_the_ring),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
