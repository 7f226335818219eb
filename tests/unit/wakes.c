/* SPDX-License-Identifier: MIT */
/* wakes.c - how often a producer enters the kernel to wake its consumers: at most once a
 * message, however many sleep, and never while they spin.
 *
 * The library is linked statically here, so that its system calls by syscall(2) go through a
 * counter of the calling thread (ld --wrap); the queue's own counter must agree. */
#include "api.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

enum { SLEEPERS = 16, SPINNERS = 2, MESSAGES = 200 };

static _Thread_local uint64_t wake_calls, other_calls;

/* syscall(2) has the six arguments of the kernel in registers, whatever the call uses. */
long __real_syscall(long number, long a, long b, long c, long d, long e, long f);
long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f);

long __wrap_syscall(long number, long a, long b, long c, long d, long e, long f) {
  if (number == SYS_futex && (b & FUTEX_CMD_MASK) == FUTEX_WAKE)
    wake_calls++;
  else
    other_calls++;
  return __real_syscall(number, a, b, c, d, e, f);
}

struct taker {
  pthread_t thread;
  rill_queue *queue;
  char group[16];
  uint32_t wait;
  _Atomic uint64_t taken;
};

static _Atomic uint32_t ready;

static void *take_all(void *arg) {
  struct taker *taker = arg;
  const struct rill_consumer_attr attr = {
      .size = sizeof attr, .group = taker->group, .wait = taker->wait};
  rill_consumer *consumer = NULL;
  struct rill_message message;
  CHECK_EQ(rill_consumer_open(taker->queue, &attr, &consumer), 0);
  atomic_fetch_add(&ready, 1);
  for (uint64_t i = 0; i < MESSAGES; i++) {
    CHECK_EQ(rill_receive(consumer, RILL_FOREVER, &message), 0);
    CHECK_EQ(message.sequence, i);
    CHECK_EQ(rill_release(consumer, &message), 0);
    atomic_store(&taker->taken, i + 1);
  }
  rill_consumer_close(consumer);
  return NULL;
}

static void start(struct taker *takers, uint32_t count, rill_queue *queue, uint32_t wait) {
  atomic_store(&ready, 0);
  for (uint32_t i = 0; i < count; i++) {
    takers[i] = (struct taker){.queue = queue, .wait = wait};
    (void)snprintf(takers[i].group, sizeof takers[i].group, "g%u", i);
    CHECK_EQ(pthread_create(&takers[i].thread, NULL, take_all, &takers[i]), 0);
  }
  while (atomic_load(&ready) < count)
    (void)sched_yield();
}

static void finish(struct taker *takers, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    (void)pthread_join(takers[i].thread, NULL);
}

/* Until all of them have taken n messages and gone to sleep once more than before. */
static void await_sleep(struct taker *takers, uint64_t n, uint64_t parks[SLEEPERS]) {
  for (uint32_t i = 0; i < SLEEPERS; i++) {
    struct rill_group_stat stat;
    while (atomic_load(&takers[i].taken) < n ||
           (stat = group_of(takers[i].queue, takers[i].group)).parks == parks[i])
      (void)sched_yield();
    parks[i] = stat.parks;
  }
}

static void sixteen_sleepers_cost_one_wake_call_a_message(void **state) {
  (void)state;
  static struct taker takers[SLEEPERS];
  uint64_t parks[SLEEPERS] = {0};
  rill_queue *queue = small_queue("q", RILL_RELIABLE);
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  start(takers, SLEEPERS, queue, RILL_PARK);
  const uint64_t before = wake_calls;
  for (uint64_t i = 0; i < MESSAGES; i++) {
    await_sleep(takers, i, parks);
    const uint64_t calls = wake_calls, others = other_calls;
    assert_code(rill_publish(producer, "x", 1, RILL_NOW), 0);
    assert_true(wake_calls - calls <= 1);
    assert_int_equal(other_calls, others);
  }
  finish(takers, SLEEPERS);
  assert_int_equal(stat_of(queue).wakes, wake_calls - before);
  /* They did sleep: a slice may end at any moment, but not often. */
  assert_true(wake_calls - before > MESSAGES / 2);
  rill_producer_close(producer);
  rill_queue_close(queue);
}

static void spinning_consumers_cost_no_call(void **state) {
  (void)state;
  static struct taker takers[SPINNERS];
  rill_queue *queue = small_queue("q", RILL_RELIABLE);
  rill_producer *producer = open_producer(queue, RILL_SPIN);
  start(takers, SPINNERS, queue, RILL_SPIN);
  const uint64_t before = wake_calls, others = other_calls;
  for (uint64_t i = 0; i < MESSAGES; i++) {
    for (uint32_t at = 0; at < SPINNERS; at++) /* they have read everything, and poll for more */
      while (atomic_load(&takers[at].taken) < i)
        (void)sched_yield();
    assert_code(rill_publish(producer, "x", 1, RILL_NOW), 0);
  }
  finish(takers, SPINNERS);
  assert_int_equal(wake_calls, before);
  assert_int_equal(other_calls, others);
  assert_int_equal(stat_of(queue).wakes, 0);
  rill_producer_close(producer);
  rill_queue_close(queue);
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(sixteen_sleepers_cost_one_wake_call_a_message),
                                     BEHAVIOUR(spinning_consumers_cost_no_call)};
  return cmocka_run_group_tests_name("wakes", tests, NULL, NULL);
}
