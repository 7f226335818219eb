/* SPDX-License-Identifier: MIT */
/* killed_consumer.c - a consumer that dies, or is stopped, while it holds a queue up.
 *
 * Dead: the producer continues by itself, however it waits. Stopped: it does not. */
#include <errno.h>
#include <signal.h>

#include "oracle.h"

/* Joins and takes some, but releases nothing. */
static void hold_up(void *arg) {
  const struct joining *joining = arg;
  rill_consumer *consumer = open_consumer(open_queue(NULL), *joining);
  struct rill_message message;
  report_ready();
  CHECK_EQ(rill_receive(consumer, RILL_FOREVER, &message), 0);
  check_message(&message, 0);
  report_ready();
  await_proceed();
}

/* Publishes until the ring is full, says so, and then one more, waiting or polling. */
struct pushing {
  uint32_t wait;
  int polls;
};

static void push(void *arg) {
  const struct pushing *how = arg;
  rill_producer *producer = open_producer(open_queue(NULL), how->wait, RILL_NOW);
  const uint64_t number = fill_ring(producer, 0);
  int code;
  atomic_store(&me->count[0], number);
  report_ready();
  do {
    at("publishing %llu on a full ring", (unsigned long long)number);
    code = publish_number(producer, number, how->polls ? RILL_NOW : RILL_FOREVER);
  } while (code == -EAGAIN && how->polls);
  CHECK_EQ(code, 0);
  rill_producer_close(producer);
}

static void producer_survives(uint32_t wait, int polls) {
  struct pushing how = {wait, polls};
  struct joining joining = {.wait = RILL_PARK};
  rill_queue *queue = open_queue(NULL);
  struct process *consumer = spawn("consumer", hold_up, &joining);
  await_ready(consumer);
  struct process *producer = spawn("producer", push, &how);
  await_ready(producer);
  await_ready(consumer);
  if (!polls && wait == RILL_PARK) /* it sleeps */
    while (stat_of(queue).producer_parks == 0)
      breathe();
  kill_process(consumer);
  await_end(producer);
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(stat.sequence == producer->count[0] + 1 && stat.group_count == 0);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void killed_consumer_frees_a_parked_producer(void) {
  producer_survives(RILL_PARK, 0);
}
static void killed_consumer_frees_a_spinning_producer(void) {
  producer_survives(RILL_SPIN, 0);
}
static void killed_consumer_frees_an_adaptive_producer(void) {
  producer_survives(RILL_ADAPTIVE, 0);
}
static void killed_consumer_frees_a_polling_producer(void) {
  producer_survives(RILL_ADAPTIVE, 1);
}

/* A kept group holds its place although its member died; the next member gets all messages. */
static void killed_member_of_a_kept_group_holds_its_place(void) {
  struct joining joining = {.group = "kept", .wait = RILL_PARK, .flags = RILL_KEEP_GROUP};
  rill_queue *queue = open_queue(NULL);
  struct process *consumer = spawn("consumer", hold_up, &joining);
  await_ready(consumer);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  const uint64_t number = fill_ring(producer, 0);
  await_ready(consumer);
  kill_process(consumer);
  for (int i = 0; i < 3; i++)
    CHECK_EQ(publish_number(producer, number, rill_after(150000000)), -ETIMEDOUT);
  rill_consumer *successor = open_consumer(queue, joining);
  for (uint64_t i = 0; i < number; i++)
    receive_number(successor, i);
  CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
  receive_number(successor, number);
  rill_consumer_close(successor);
  rill_producer_close(producer);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void receive_to_the_end(void *arg) {
  rill_consumer *consumer = open_consumer(open_queue(NULL), *(const struct joining *)arg);
  report_ready();
  await_proceed();
  (void)receive_all(consumer, 0, -EPIPE);
}

static void stopped_consumer_keeps_its_place(void) {
  struct joining joining = {.wait = RILL_PARK};
  rill_queue *queue = open_queue(NULL);
  struct process *consumer = spawn("consumer", receive_to_the_end, &joining);
  await_ready(consumer);
  stop_process(consumer);
  proceed(consumer);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  uint64_t number = fill_ring(producer, 0);
  for (int i = 0; i < 4; i++) { /* over several slices, in which it checks for dead members */
    CHECK_EQ(publish_number(producer, number, rill_after(150000000)), -ETIMEDOUT);
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 0);
  }
  CHECK(stat_of(queue).group_count == 1);
  continue_process(consumer);
  for (uint64_t more = 0; more < 300; more++)
    CHECK_EQ(publish_number(producer, number++, RILL_FOREVER), 0);
  rill_producer_close(producer);
  await_end(consumer);
  CHECK(consumer->count[0] == number);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void publish_and_wait(void *arg) {
  (void)arg;
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  CHECK_EQ(publish_number(producer, 0, RILL_NOW), 0);
  report_ready();
  await_proceed();
  CHECK_EQ(publish_number(producer, 1, RILL_NOW), 0);
  rill_producer_close(producer);
}

static void stopped_producer_is_not_gone(void) {
  rill_queue *queue = open_queue(NULL);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
  rill_producer *second = NULL;
  struct rill_message message;
  struct process *producer = spawn("producer", publish_and_wait, NULL);
  await_ready(producer);
  stop_process(producer);
  receive_number(consumer, 0);
  for (int i = 0; i < 3; i++)
    CHECK_EQ(rill_receive(consumer, rill_after(150000000), &message), -ETIMEDOUT);
  for (int i = 0; i < 100; i++)
    CHECK_EQ(rill_receive(consumer, RILL_NOW, &message), -EAGAIN);
  CHECK_EQ(rill_producer_open(queue, NULL, RILL_NOW, &second), -EBUSY);
  CHECK_EQ(rill_producer_open(queue, NULL, rill_after(150000000), &second), -ETIMEDOUT);
  CHECK(stat_of(queue).producer == RILL_PRODUCER_ALIVE);
  continue_process(producer);
  proceed(producer);
  receive_number(consumer, 1);
  CHECK_EQ(rill_receive(consumer, RILL_FOREVER, &message), -EPIPE);
  await_end(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static const struct test tests[] = {
    NAMED(killed_consumer_frees_a_parked_producer),
    NAMED(killed_consumer_frees_a_spinning_producer),
    NAMED(killed_consumer_frees_an_adaptive_producer),
    NAMED(killed_consumer_frees_a_polling_producer),
    NAMED(killed_member_of_a_kept_group_holds_its_place),
    NAMED(stopped_consumer_keeps_its_place),
    NAMED(stopped_producer_is_not_gone),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 30);
}
