/* SPDX-License-Identifier: MIT */
/* ring_wait.c - waiting on plain memory, in threads: a thread that parks is woken by every event
 * that ends its wait, in both fence modes. No host checks for dead processes here, so a wait that
 * is not woken, and does not see its end by itself, never ends. */
#include "unit.h"

#include <pthread.h>
#include <sched.h>

#include "futex.h"
#include "plain_ring.h"

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer;
static uint8_t bytes[1 << 16];

static void begin(uint32_t wait, uint32_t full_fence) {
  plain_open(&plain, NULL);
  plain_producer(&plain, &producer, wait, full_fence);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  consumer.patience.wait = wait;
  consumer.full_fence = full_fence;
}

static void end(void) {
  plain_leave(&consumer);
  plain_close(&plain);
}

static void *receive_one(void *ret) {
  struct rill_message message;
  *(int *)ret = rill_receive(&consumer, RILL_FOREVER, &message);
  return NULL;
}

static void *publish_one(void *ret) {
  *(int *)ret = rill_publish(&producer, bytes, 4000, RILL_FOREVER);
  return NULL;
}

static void fill_up(void) {
  while (rill_publish(&producer, bytes, 4000, RILL_NOW) == 0)
    ;
}

static void until_parked(_Atomic uint64_t *parks) {
  while (atomic_load(parks) == 0)
    (void)sched_yield();
}

static void a_message_wakes_a_parked_consumer(void **state) {
  (void)state;
  for (uint32_t full = 0; full < 2; full++)
    for (int round = 0; round < 200; round++) {
      begin(RILL_PARK, full);
      pthread_t thread;
      int code = 1;
      (void)pthread_create(&thread, NULL, receive_one, &code);
      if (round % 2)
        until_parked(&consumer.slot->parks);
      assert_code(rill_publish(&producer, "x", 1, RILL_NOW), 0);
      (void)pthread_join(thread, NULL);
      assert_code(code, 0);
      end();
    }
}

static void room_wakes_a_parked_producer(void **state) {
  (void)state;
  for (uint32_t full = 0; full < 2; full++)
    for (int round = 0; round < 200; round++) {
      begin(RILL_PARK, full);
      fill_up();
      pthread_t thread;
      int code = 1;
      (void)pthread_create(&thread, NULL, publish_one, &code);
      if (round % 2)
        while (atomic_load(&plain.ring.page->parks) == 0)
          (void)sched_yield();
      struct rill_message message;
      while (rill_receive(&consumer, RILL_NOW, &message) == 0)
        assert_code(rill_release(&consumer, &message), 0);
      (void)pthread_join(thread, NULL);
      assert_code(code, 0);
      end();
    }
}

static void a_removal_ends_every_wait_for_room(void **state) {
  (void)state;
  static const uint32_t waits[] = {RILL_PARK, RILL_ADAPTIVE, RILL_SPIN};
  for (size_t i = 0; i < 3; i++) {
    begin(waits[i], 0);
    fill_up();
    pthread_t thread;
    int code = 1;
    (void)pthread_create(&thread, NULL, publish_one, &code);
    if (waits[i] == RILL_PARK)
      while (atomic_load(&plain.ring.page->parks) == 0)
        (void)sched_yield();
    atomic_store(&plain.tombstone, 1);
    rilli_wake_producer(plain.ring.hints); /* as a remover does */
    (void)pthread_join(thread, NULL);
    assert_code(code, -ESTALE);
    assert_true(atomic_load(&plain.ring.page->waiting) == RILLI_NONE);
    end();
  }
}

/* Linked with --wrap=rilli_fence_peers and --wrap=rilli_futex_wait. */
int __real_rilli_fence_peers(void);
int __wrap_rilli_fence_peers(void);
int __real_rilli_futex_wait(const struct rilli_futex *words, unsigned n, int64_t deadline);
int __wrap_rilli_futex_wait(const struct rilli_futex *words, unsigned n, int64_t deadline);
static int buries, refuses, sleeps;

int __wrap_rilli_fence_peers(void) {
  if (buries)
    atomic_store(&plain.tombstone, 1);
  return __real_rilli_fence_peers();
}

int __wrap_rilli_futex_wait(const struct rilli_futex *words, unsigned n, int64_t deadline) {
  sleeps += buries;
  if (refuses)
    atomic_store(&plain.ring.seen[0].void_state, consumer.tenancy);
  return __real_rilli_futex_wait(words, n, deadline);
}

/* Its wake-up came before the word to sleep on was read: nothing will end that sleep. */
static void no_process_sleeps_on_a_queue_that_was_just_removed(void **state) {
  (void)state;
  struct rill_message message;
  for (int room = 0; room < 2; room++) {
    begin(RILL_PARK, 0);
    if (room)
      fill_up();
    buries = 1;
    assert_code(room ? rill_publish(&producer, bytes, 4000, RILL_FOREVER)
                     : rill_receive(&consumer, RILL_FOREVER, &message),
                -ESTALE);
    buries = 0;
    assert_int_equal(sleeps, 0);
    end();
  }
}

static void a_removal_ends_every_wait_for_a_message(void **state) {
  (void)state;
  static const uint32_t waits[] = {RILL_PARK, RILL_ADAPTIVE, RILL_SPIN};
  for (size_t i = 0; i < 3; i++) {
    begin(waits[i], 0);
    pthread_t thread;
    int code = 1;
    (void)pthread_create(&thread, NULL, receive_one, &code);
    if (waits[i] == RILL_PARK)
      until_parked(&consumer.slot->parks);
    atomic_store(&plain.tombstone, 1);
    atomic_fetch_add(&consumer.group->kick, 1);
    rilli_futex_wake(&consumer.group->kick);
    (void)pthread_join(thread, NULL);
    assert_code(code, -ESTALE);
    end();
  }
}

static void an_announced_close_ends_the_wait_when_all_is_read(void **state) {
  (void)state;
  for (int messages = 0; messages < 3; messages++) {
    begin(RILL_PARK, 0);
    for (int i = 0; i < messages; i++)
      assert_code(rill_publish(&producer, "x", 1, RILL_NOW), 0);
    plain_announce_close(&plain);
    struct rill_message message;
    for (int i = 0; i < messages; i++)
      assert_code(rill_receive(&consumer, RILL_FOREVER, &message), 0);
    assert_code(rill_receive(&consumer, RILL_FOREVER, &message), -EPIPE);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), -EPIPE);
    consumer.follow = 1;
    assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN);
    assert_code(rill_receive(&consumer, rill_after(1), &message), -ETIMEDOUT);
    end();
  }
}

static void a_wait_ends_at_its_deadline_with_nothing_changed(void **state) {
  (void)state;
  static const uint32_t waits[] = {RILL_PARK, RILL_ADAPTIVE, RILL_SPIN};
  for (size_t i = 0; i < 3; i++) {
    begin(waits[i], 0);
    struct rill_message message;
    static const rill_time past[] = {1, -1, INT64_MIN};
    for (size_t k = 0; k < 3; k++)
      assert_code(rill_receive(&consumer, past[k], &message), -ETIMEDOUT);
    const rill_time soon = rill_after(2000000);
    assert_code(rill_receive(&consumer, soon, &message), -ETIMEDOUT);
    assert_true(rill_clock() >= soon); /* never too early */
    fill_up();
    const uint64_t position = producer.position, sequence = producer.sequence;
    for (size_t k = 0; k < 3; k++)
      assert_code(rill_publish(&producer, bytes, 4000, past[k]), -ETIMEDOUT);
    const rill_time later = rill_after(2000000);
    assert_code(rill_publish(&producer, bytes, 4000, later), -ETIMEDOUT);
    assert_true(rill_clock() >= later);
    assert_true(producer.position == position && producer.sequence == sequence);
    assert_true(atomic_load(&plain.ring.page->waiting) == RILLI_NONE);
    end();
  }
}

static void an_interrupt_before_or_during_the_wait_ends_it_once(void **state) {
  (void)state;
  static const uint32_t waits[] = {RILL_PARK, RILL_ADAPTIVE, RILL_SPIN};
  for (size_t i = 0; i < 3; i++)
    for (int round = 0; round < 50; round++) {
      begin(waits[i], 0);
      pthread_t thread;
      int code = 1;
      (void)pthread_create(&thread, NULL, receive_one, &code);
      if (waits[i] == RILL_PARK && round % 2)
        until_parked(&consumer.slot->parks);
      assert_code(rill_consumer_interrupt(&consumer), 0);
      (void)pthread_join(thread, NULL);
      assert_code(code, -ECANCELED);
      struct rill_message message;
      assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN);
      assert_code(rill_consumer_interrupt(&consumer), 0);
      assert_code(rill_consumer_interrupt(&consumer), 0);
      assert_code(rill_publish(&producer, "x", 1, RILL_NOW), 0);
      assert_code(rill_receive(&consumer, RILL_FOREVER, &message), 0); /* need not wait */
      assert_code(rill_receive(&consumer, RILL_FOREVER, &message), -ECANCELED);
      assert_code(rill_receive(&consumer, RILL_NOW, &message),
                  -EAGAIN); /* two interrupts count as one */
      end();
    }
}

static void a_waiting_consumer_learns_that_it_is_refused(void **state) {
  (void)state;
  begin(RILL_PARK, 0);
  struct rill_message message;
  assert_code(rill_publish(&producer, "x", 1, RILL_NOW), 0);
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  atomic_store(&plain.ring.seen[0].void_state, consumer.tenancy);
  assert_code(rill_receive(&consumer, RILL_FOREVER, &message), -ESTALE);
  assert_non_null(strstr(rill_error(), "void"));
  end();
}

/* Its kick is lost: the end of the slice finds it. */
static void a_sleeping_consumer_learns_that_it_is_refused(void **state) {
  (void)state;
  begin(RILL_PARK, 0);
  struct rill_message message;
  refuses = 1;
  assert_code(rill_receive(&consumer, RILL_FOREVER, &message), -ESTALE);
  refuses = 0;
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(a_message_wakes_a_parked_consumer),
                                     BEHAVIOUR(room_wakes_a_parked_producer),
                                     BEHAVIOUR(a_removal_ends_every_wait_for_room),
                                     BEHAVIOUR(a_removal_ends_every_wait_for_a_message),
                                     BEHAVIOUR(no_process_sleeps_on_a_queue_that_was_just_removed),
                                     BEHAVIOUR(an_announced_close_ends_the_wait_when_all_is_read),
                                     BEHAVIOUR(a_wait_ends_at_its_deadline_with_nothing_changed),
                                     BEHAVIOUR(an_interrupt_before_or_during_the_wait_ends_it_once),
                                     BEHAVIOUR(a_waiting_consumer_learns_that_it_is_refused),
                                     BEHAVIOUR(a_sleeping_consumer_learns_that_it_is_refused)};
  return cmocka_run_group_tests_name("ring_wait", tests, NULL, NULL);
}
