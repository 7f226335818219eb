/* SPDX-License-Identifier: MIT */
/* reclaim.c - with the registry running, what dead processes left is reclaimed without any other
 * process: the test itself only observes (RILL_OBSERVE reclaims nothing). */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "api.h"
#include "daemon.h"

static rill_context *context;
static int ready[2]; /* a pipe: the child is attached */

struct part {
  int consumer; /* else a producer                                                   */
  unsigned flags;
  uint32_t lifetime;
};

/* Attaches, says so, and stays until it is killed. */
static int attach_and_stay(void *arg) {
  const struct part *part = arg;
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .lifetime = part->lifetime};
  rill_queue *queue = open_queue(open_context(RILL_FENCE_AUTO), "orders", RILL_CREATE, &attr);
  if (part->consumer)
    (void)open_consumer(queue, "billing", RILL_OLDEST, part->flags);
  else
    publish_text(open_producer(queue, RILL_PARK), "last words");
  CHECK_EQ(write(ready[1], "", 1), 1);
  for (;;)
    (void)pause();
}

static pid_t attached_child(struct part *part) {
  char byte;
  CHECK_EQ(pipe(ready), 0);
  const pid_t child = support_child(attach_and_stay, part);
  CHECK_EQ(read(ready[0], &byte, 1), 1);
  (void)close(ready[0]);
  (void)close(ready[1]);
  return child;
}

static void kill_it(pid_t child) {
  CHECK_EQ(kill(child, SIGKILL), 0);
  CHECK_EQ(support_reap(child), -SIGKILL);
}

static rill_queue *observe(void) {
  return open_queue(context, "orders", RILL_OBSERVE, NULL);
}

/* By its event: the periodic check cannot know when the process ended. */
static void expect_by_event(const struct rilli_wire_event *event, uint32_t kind) {
  assert_code(event->kind, kind);
  assert_true(event->after > 0);
  print_message("%.3f ms after the end of the process\n", (double)event->after / 1e6);
}

static void killed_consumer_is_reclaimed(void **state) {
  struct part part = {.consumer = 1, .lifetime = RILL_KEPT};
  (void)state;
  (void)daemon_start();
  context = open_context(RILL_FENCE_AUTO);
  const int watch = talk_watch("orders");
  const pid_t child = attached_child(&part);
  rill_queue *queue = observe();
  assert_code(group_of(queue, "billing").state, RILL_GROUP_ACTIVE);
  (void)talk_await(watch, RILLI_EVENT_ATTACHED, "orders");
  kill_it(child);
  const struct rilli_wire_event event = talk_await(watch, RILLI_EVENT_RECLAIMED, "orders");
  expect_by_event(&event, RILLI_KIND_CONSUMER);
  assert_code(event.pid, child);
  assert_code(group_of(queue, "billing").state, 0); /* gone */
  assert_true(daemon_said("group 'billing'", "the group is removed"));
  (void)close(watch);
  rill_queue_close(queue);
  rill_context_close(context);
}

static void killed_member_of_a_kept_group_keeps_its_place(void **state) {
  struct part part = {.consumer = 1, .flags = RILL_KEEP_GROUP, .lifetime = RILL_KEPT};
  (void)state;
  (void)daemon_start();
  context = open_context(RILL_FENCE_AUTO);
  const int watch = talk_watch("orders");
  kill_it(attached_child(&part));
  const struct rilli_wire_event event = talk_await(watch, RILLI_EVENT_RECLAIMED, "orders");
  expect_by_event(&event, RILLI_KIND_CONSUMER);
  rill_queue *queue = observe();
  assert_code(group_of(queue, "billing").state, RILL_GROUP_KEPT);
  (void)close(watch);
  rill_queue_close(queue);
  rill_context_close(context);
}

static void killed_producer_is_reported_and_its_successor_continues(void **state) {
  struct part part = {.lifetime = RILL_KEPT};
  (void)state;
  (void)daemon_start();
  context = open_context(RILL_FENCE_AUTO);
  const int watch = talk_watch("orders");
  kill_it(attached_child(&part));
  const struct rilli_wire_event event = talk_await(watch, RILLI_EVENT_DIED, "orders");
  expect_by_event(&event, RILLI_KIND_PRODUCER);
  rill_queue *queue = open_queue(context, "orders", 0, NULL);
  rill_consumer *consumer = open_consumer(queue, "billing", RILL_OLDEST, 0);
  expect_text(consumer, 0, "last words");
  expect_nothing(consumer, -EPIPE);
  rill_producer *producer = open_producer(queue, RILL_PARK);
  publish_text(producer, "next");
  expect_text(consumer, 1, "next");
  rill_producer_close(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context);
  (void)close(watch);
}

struct waiter {
  rill_queue *queue;
  uint32_t kick; /* the futex its group waits on, as it was before                    */
  _Atomic int code;
};

static void *receive_to_the_end(void *arg) {
  struct waiter *waiter = arg;
  struct rill_message message;
  rill_consumer *consumer = open_consumer(waiter->queue, "billing", RILL_OLDEST, 0);
  int code;
  while ((code = rill_receive(consumer, RILL_FOREVER, &message)) == 0)
    CHECK_EQ(rill_release(consumer, &message), 0);
  atomic_store(&waiter->code, code);
  rill_consumer_close(consumer);
  return NULL;
}

static void sleeping_consumer_learns_of_its_producers_death(void **state) {
  struct part part = {.lifetime = RILL_KEPT};
  struct waiter waiter = {.code = 0};
  pthread_t thread;
  (void)state;
  (void)daemon_start();
  context = open_context(RILL_FENCE_AUTO);
  const pid_t child = attached_child(&part);
  waiter.queue = open_queue(context, "orders", 0, NULL);
  assert_code(pthread_create(&thread, NULL, receive_to_the_end, &waiter), 0);
  while (group_of(waiter.queue, "billing").parks == 0)
    breathe();
  const uint32_t before = atomic_load(&rilli_group_at(&waiter.queue->segments.ring, 0)->kick);
  kill_it(child);
  assert_code(pthread_join(thread, NULL), 0);
  assert_code(atomic_load(&waiter.code), -EPIPE);
  while (atomic_load(&rilli_group_at(&waiter.queue->segments.ring, 0)->kick) == before)
    breathe();
  rill_queue_close(waiter.queue);
  rill_context_close(context);
}

static void transient_queue_goes_when_no_process_has_it_open(void **state) {
  struct part part = {.consumer = 1};
  (void)state;
  (void)daemon_start();
  const int watch = talk_watch("orders");
  const pid_t child = attached_child(&part);
  (void)talk_await(watch, RILLI_EVENT_APPEARED, "orders");
  kill_it(child);
  (void)talk_await(watch, RILLI_EVENT_REMOVED, "orders");
  assert_false(file_is_there("orders.control"));
  (void)close(watch);
}

static void transient_queue_stays_while_a_process_has_it_open(void **state) {
  struct part part = {.consumer = 1};
  (void)state;
  (void)daemon_start();
  context = open_context(RILL_FENCE_AUTO);
  rill_queue *other = small_queue("other", RILL_RELIABLE);
  rill_queue_close(other); /* idle from now on: its removal shows that the grace time is over */
  const int watch = talk_watch("");
  const pid_t child = attached_child(&part);
  rill_queue *queue = open_queue(context, "orders", 0, NULL);
  kill_it(child);
  (void)talk_await(watch, RILLI_EVENT_REMOVED, "other");
  assert_true(file_is_there("orders.control"));
  rill_queue_close(queue);
  (void)talk_await(watch, RILLI_EVENT_REMOVED, "orders");
  rill_context_close(context);
  (void)close(watch);
}

/* It was attached before the registry started, which therefore does not know it. */
static void process_unknown_to_the_registry_is_found_by_the_periodic_check(void **state) {
  struct part part = {.consumer = 1, .lifetime = RILL_KEPT};
  (void)state;
  const pid_t child = attached_child(&part);
  (void)daemon_start();
  context = open_context(RILL_FENCE_AUTO);
  const int watch = talk_watch("orders");
  rill_queue *queue = observe();
  kill_it(child);
  const struct rilli_wire_event event = talk_await(watch, RILLI_EVENT_RECLAIMED, "orders");
  assert_true(event.after == 0);
  assert_code(group_of(queue, "billing").state, 0);
  assert_true(daemon_said("group 'billing'", "found by the periodic look"));
  rill_queue_close(queue);
  rill_context_close(context);
  (void)close(watch);
}

/* Two queues: one opened before the registry was killed, one after it was started again. */
static int attach_around_a_restart(void *arg) {
  char byte;
  rill_context *mine = open_context(RILL_FENCE_AUTO);
  rill_queue *first = open_queue(mine, "orders", RILL_CREATE, NULL);
  (void)open_consumer(first, "billing", RILL_OLDEST, 0);
  CHECK_EQ(write(((int *)arg)[1], "", 1), 1);
  CHECK_EQ(read(((int *)arg)[2], &byte, 1), 1);
  (void)open_queue(mine, "second", RILL_CREATE, NULL);
  CHECK_EQ(write(((int *)arg)[1], "", 1), 1);
  for (;;)
    (void)pause();
}

static void client_finds_the_registry_that_was_started_again(void **state) {
  int pipes[4];
  char byte;
  (void)state;
  assert_code(pipe(pipes), 0);
  assert_code(pipe(pipes + 2), 0);
  const pid_t daemon = daemon_start();
  const pid_t child = support_child(attach_around_a_restart, pipes);
  assert_code(read(pipes[0], &byte, 1), 1);
  assert_code(daemon_end(daemon, SIGKILL), -SIGKILL);
  (void)daemon_start();
  const int watch = talk_watch("orders");
  assert_code(write(pipes[3], "", 1), 1);
  assert_code(read(pipes[0], &byte, 1), 1);
  kill_it(child);
  const struct rilli_wire_event event = talk_await(watch, RILLI_EVENT_RECLAIMED, "orders");
  expect_by_event(&event, RILLI_KIND_CONSUMER);
  for (int i = 0; i < 4; i++)
    (void)close(pipes[i]);
  (void)close(watch);
}

/* A parent's death is noticed although its child lives on and has its descriptors. */
static int fork_and_stay(void *arg) {
  rill_queue *queue = open_queue(open_context(RILL_FENCE_AUTO), "orders", RILL_CREATE, NULL);
  (void)open_consumer(queue, "billing", RILL_OLDEST, 0);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child)
    CHECK_EQ(write(*(int *)arg, &child, sizeof child), sizeof child);
  else
    support_watchdog(60); /* alarms are not inherited; it must not outlive a test that failed */
  for (;;)
    (void)pause();
}

static void forked_child_does_not_hide_its_parents_death(void **state) {
  int pipe_ends[2];
  pid_t grandchild;
  (void)state;
  assert_code(pipe(pipe_ends), 0);
  (void)daemon_start();
  const int watch = talk_watch("orders");
  const pid_t child = support_child(fork_and_stay, &pipe_ends[1]);
  assert_code(read(pipe_ends[0], &grandchild, sizeof grandchild), sizeof grandchild);
  kill_it(child);
  const struct rilli_wire_event event = talk_await(watch, RILLI_EVENT_RECLAIMED, "orders");
  expect_by_event(&event, RILLI_KIND_CONSUMER);
  assert_code(kill(grandchild, SIGKILL), 0);
  (void)close(pipe_ends[0]);
  (void)close(pipe_ends[1]);
  (void)close(watch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_DAEMON(killed_consumer_is_reclaimed),
      WITH_DAEMON(killed_member_of_a_kept_group_keeps_its_place),
      WITH_DAEMON(killed_producer_is_reported_and_its_successor_continues),
      WITH_DAEMON(sleeping_consumer_learns_of_its_producers_death),
      WITH_DAEMON(transient_queue_goes_when_no_process_has_it_open),
      WITH_DAEMON(transient_queue_stays_while_a_process_has_it_open),
      WITH_DAEMON(process_unknown_to_the_registry_is_found_by_the_periodic_check),
      WITH_DAEMON(client_finds_the_registry_that_was_started_again),
      WITH_DAEMON(forked_child_does_not_hide_its_parents_death),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
