/* SPDX-License-Identifier: MIT */
/* killed_asleep.c - killed between the steps of parking and waking, at each system call.
 *
 * Whoever dies with the sleeper bits in his hand costs the others a slice, never the
 * message. That nobody hangs is what the watchdog sees. */
#include <errno.h>

#include "tracer.h"

#define STOPS 16 /* of a park that lasts: two slices and more */

static void receive_to_the_end(void *arg) {
  const struct joining joining = {.wait = RILL_PARK};
  const uint64_t *expected = arg;
  rill_consumer *consumer = open_consumer(open_queue(NULL), joining);
  struct rill_message message;
  reached();
  int code;
  for (uint64_t number = 0; (code = rill_receive(consumer, RILL_FOREVER, &message)) == 0;
       number++) {
    CHECK(message.sequence == number);
    check_message(&message, number);
    CHECK_CODE(rill_release(consumer, &message), 0);
    atomic_store(&me->count[0], number + 1);
  }
  CHECK_CODE(code, -EPIPE);
  CHECK(expected == NULL || me->count[0] == *expected);
  rill_consumer_close(consumer);
}

static void await_parked(rill_queue *queue, uint32_t groups) {
  struct rill_group_stat group = {.size = sizeof group};
  for (uint32_t parked = 0; parked < groups; breathe()) {
    parked = 0;
    for (uint32_t index = 0; rill_group_stat(queue, &index, &group) == 1;)
      parked += group.parks > 0;
    fail_if_dead();
  }
}

static void receive_one(void *arg) {
  (void)arg;
  rill_consumer *consumer = open_consumer(open_queue(NULL), (struct joining){.wait = RILL_PARK});
  curtain();
  receive_number(consumer, 0);
}

static void sleeper_killed_at_any_step_takes_no_wake_up_with_it(void) {
  for (unsigned stop = 1; stop <= STOPS; stop++) {
    rill_queue *queue = open_queue(NULL);
    uint64_t all = 2;
    struct actor *other = spawn("other", receive_to_the_end, &all);
    meet(other);
    rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
    await_parked(queue, 1);
    struct actor *victim = spawn_traced("victim", receive_one, NULL);
    CHECK(run_to_stop(victim, stop) >= 0);
    CHECK_CODE(publish_number(producer, 0, RILL_NOW), 0); /* while it stands there */
    await_count(other, 0, 1);
    kill_traced(victim);
    CHECK_CODE(publish_number(producer, 1, RILL_NOW), 0);
    await_count(other, 0, 2);
    rill_producer_close(producer);
    await_end(other);
    rill_queue_close(queue);
    gc_leaves_nothing();
  }
}

static void publish_one(void *arg) {
  rill_queue *queue = open_queue(NULL);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  reached();
  (void)arg;
  await_parked(queue, 2);
  curtain();
  CHECK_CODE(publish_number(producer, 0, RILL_NOW), 0);
  for (;;) /* the curtain falls */
    (void)publish_number(producer, 1, RILL_NOW);
}

/* At each stop of the wake: before it, between the bells, behind it. */
static void waker_killed_at_any_step_leaves_nobody_asleep(void) {
  for (unsigned stop = 1; stop <= 2; stop++) {
    rill_queue *queue = open_queue(NULL);
    uint64_t all = 1;
    struct actor *sleepers[2] = {spawn("first", receive_to_the_end, &all),
                                 spawn("second", receive_to_the_end, &all)};
    for (int i = 0; i < 2; i++)
      meet(sleepers[i]);
    struct actor *waker = spawn_traced("waker", publish_one, NULL);
    CHECK(run_to_stop(waker, stop) >= 0);
    kill_traced(waker);
    for (int i = 0; i < 2; i++)
      await_end(sleepers[i]);
    rill_queue_close(queue);
    gc_leaves_nothing();
  }
}

static void close_at_once(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(NULL);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  await_parked(queue, 2);
  CHECK_CODE(publish_number(producer, 0, RILL_NOW), 0);
  curtain();
  rill_producer_close(producer);
}

static void producer_killed_in_its_farewell_leaves_nobody_asleep(void) {
  int more = 1;
  for (unsigned stop = 1; more; stop++) {
    rill_queue *queue = open_queue(NULL);
    uint64_t all = 1;
    struct actor *sleepers[2] = {spawn("first", receive_to_the_end, &all),
                                 spawn("second", receive_to_the_end, &all)};
    for (int i = 0; i < 2; i++)
      meet(sleepers[i]);
    struct actor *closer = spawn_traced("closer", close_at_once, NULL);
    more = run_to_stop(closer, stop) >= 0;
    if (more)
      kill_traced(closer);
    for (int i = 0; i < 2; i++)
      await_end(sleepers[i]);
    rill_queue_close(queue);
    gc_leaves_nothing();
  }
}

/* --- waiting for room ------------------------------------------------------------------- */

static uint64_t fill_ring(rill_producer *producer) {
  uint64_t number = 0;
  while (publish_number(producer, number, RILL_NOW) == 0)
    number++;
  return number;
}

static void publish_beyond_the_ring(void *arg) {
  (void)arg;
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  const uint64_t number = fill_ring(producer);
  atomic_store(&me->count[0], number);
  curtain();
  (void)publish_number(producer, number, RILL_FOREVER);
}

static void producer_killed_while_it_waits_for_room_leaves_a_working_queue(void) {
  for (unsigned stop = 1; stop <= STOPS; stop++) {
    rill_queue *queue = open_queue(NULL);
    struct rill_message message;
    rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
    struct actor *victim = spawn_traced("victim", publish_beyond_the_ring, NULL);
    CHECK(run_to_stop(victim, stop) >= 0);
    const uint64_t number = victim->count[0];
    kill_traced(victim);
    for (uint64_t i = 0; i < number; i++)
      receive_number(consumer, i);
    CHECK_CODE(rill_receive(consumer, RILL_FOREVER, &message), -EPIPE);
    rill_producer *successor = open_producer(queue, RILL_PARK, RILL_NOW);
    for (uint64_t i = number; i < number + 300; i++) {
      CHECK_CODE(publish_number(successor, i, RILL_FOREVER), 0);
      receive_number(consumer, i);
    }
    rill_producer_close(successor);
    rill_consumer_close(consumer);
    rill_queue_close(queue);
    gc_leaves_nothing();
  }
}

static void publish_all(void *arg) {
  (void)arg;
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  const uint64_t number = fill_ring(producer);
  reached();
  at("waits for room");
  CHECK_CODE(publish_number(producer, number, RILL_FOREVER), 0);
  rill_producer_close(producer);
}

/* Two phases: joined, so that the ring fills; then traced, when the producer sleeps. */
static void release_a_full_ring(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(NULL);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
  struct rill_message message;
  curtain(); /* joined */
  while (!stat_of(queue).waiting)
    breathe();
  curtain(); /* the producer sleeps */
  for (;;) {
    CHECK_CODE(rill_receive(consumer, RILL_FOREVER, &message), 0);
    CHECK_CODE(rill_release(consumer, &message), 0);
  }
}

static void consumer_killed_while_it_wakes_the_producer_holds_nobody_up(void) {
  for (unsigned stop = 1; stop <= 4; stop++) {
    rill_queue *queue = open_queue(NULL);
    struct actor *victim = spawn_traced("victim", release_a_full_ring, NULL);
    struct actor *producer = spawn("producer", publish_all, NULL);
    meet(producer);
    run_to_curtain(victim);
    CHECK(run_to_stop(victim, stop) >= 0);
    kill_traced(victim);
    await_end(producer);
    rill_queue_close(queue);
    gc_leaves_nothing();
  }
}

static const struct test tests[] = {
    {"sleeper_killed_at_any_step_takes_no_wake_up_with_it",
     sleeper_killed_at_any_step_takes_no_wake_up_with_it},
    {"waker_killed_at_any_step_leaves_nobody_asleep",
     waker_killed_at_any_step_leaves_nobody_asleep},
    {"producer_killed_in_its_farewell_leaves_nobody_asleep",
     producer_killed_in_its_farewell_leaves_nobody_asleep},
    {"producer_killed_while_it_waits_for_room_leaves_a_working_queue",
     producer_killed_while_it_waits_for_room_leaves_a_working_queue},
    {"consumer_killed_while_it_wakes_the_producer_holds_nobody_up",
     consumer_killed_while_it_wakes_the_producer_holds_nobody_up},
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
