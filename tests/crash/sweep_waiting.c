/* SPDX-License-Identifier: MIT */
/* sweep_waiting.c - who dies between the steps of parking and waking costs the others a slice,
 * and never the message. That nobody hangs is what the watchdog sees. */
#include "sweep.h"

/* --- a consumer parks ------------------------------------------------------------------------ */

static void receive_one(void *arg) {
  (void)arg;
  rill_consumer *mine = open_consumer(open_queue(&attr), (struct joining){.wait = RILL_PARK});
  struct rill_message message;
  curtain();
  CHECK_CODE(rill_receive(mine, RILL_FOREVER, &message), 0);
  CHECK_CODE(rill_release(mine, &message), 0);
  curtain_falls();
}

static void message_comes(void) {
  publish_next(0);
}

enum { SLICES = 2 }; /* that it sleeps through before the message comes                        */
static unsigned slices;

static void message_comes_later(void) {
  if (slices++ == SLICES)
    publish_next(0);
}

static void others_go_on(void) {
  examine();
  drain();
  CHECK(due <= 1);
  traffic_goes_on();
  examine_reclaimed();
  CHECK(stat_of(queue).group_count == 1);
  everybody_leaves();
}

static void producer_and_consumer_anew(void) {
  producer_and_consumer();
  slices = 0;
}

static void sleeper_for_several_slices(void) {
  const struct operation operation = {.before = producer_and_consumer_anew,
                                      .play = receive_one,
                                      .asleep = message_comes_later,
                                      .after = others_go_on};
  sweep_changes(&operation);
}

static void sleeper(void) {
  const struct operation operation = {.before = producer_and_consumer,
                                      .play = receive_one,
                                      .asleep = message_comes,
                                      .after = others_go_on};
  sweep_instructions(&operation);
}

/* --- a producer wakes them ----------------------------------------------------------------------
 */

enum { SLEEPERS = 2, MESSAGES = 3 };

static struct actor *sleepers[SLEEPERS];

static void receive_all(void *arg) {
  (void)arg;
  rill_consumer *mine =
      open_consumer(open_queue(&attr), (struct joining){.wait = RILL_PARK, .flags = RILL_FOLLOW});
  reached();
  for (uint64_t number = 0; number < MESSAGES; number++) {
    at("waiting for message %llu", (unsigned long long)number);
    receive_number(mine, number);
  }
  rill_consumer_close(mine);
}

static void sleepers_wait(void) {
  consumer_waits();
  for (int i = 0; i < SLEEPERS; i++) {
    sleepers[i] = spawn("sleeper", receive_all, NULL);
    meet(sleepers[i]);
  }
}

static void await_parked(rill_queue *here) {
  struct rill_group_stat group = {.size = sizeof group};
  for (uint32_t parked = 0; parked < SLEEPERS; breathe()) {
    parked = 0;
    for (uint32_t index = 0; rill_group_stat(here, &index, &group) == 1;)
      parked += group.parks > 0;
  }
}

static rill_producer *producer_of_sleepers(void) {
  rill_queue *here = open_queue(&attr);
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  await_parked(here);
  return mine;
}

static void wake_by_publish(void *arg) {
  (void)arg;
  unsigned char bytes[MESSAGE_MOST];
  rill_producer *mine = producer_of_sleepers();
  const size_t size = fill_message(0, bytes);
  curtain();
  CHECK_CODE(rill_publish(mine, bytes, size, RILL_NOW), 0);
  curtain_falls();
}

static void wake_by_farewell(void *arg) {
  (void)arg;
  rill_producer *mine = producer_of_sleepers();
  CHECK_CODE(publish_number(mine, 0, RILL_NOW), 0);
  curtain();
  rill_producer_close(mine);
  curtain_falls();
}

/* They get the message that was cut, or its successor's, and all that follow. */
static void sleepers_have_all(void) {
  drain();
  CHECK(due <= 1);
  for (uint64_t number = due; number < MESSAGES; number++)
    publish_next(number);
  for (int i = 0; i < SLEEPERS; i++)
    await_end(sleepers[i]);
  drain();
  CHECK(due == MESSAGES);
  traffic_goes_on();
  examine_reclaimed();
  everybody_leaves();
}

static void sleepers_wake(void) {
  examine();
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  sleepers_have_all();
}

static void waker(void) {
  const struct operation operation = {
      .before = sleepers_wait, .play = wake_by_publish, .after = sleepers_wake};
  sweep_instructions(&operation);
}

static void farewell(void) {
  const struct operation operation = {
      .before = sleepers_wait, .play = wake_by_farewell, .after = sleepers_wake};
  sweep_changes(&operation);
}

/* Another sleeper dies, and takes no wake-up with it. */
static void sleepers_and_producer(void) {
  sleepers_wait();
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  await_parked(queue);
}

static void others_have_all(void) {
  examine();
  sleepers_have_all();
}

static void sleeper_beside_others(void) {
  const struct operation operation = {.before = sleepers_and_producer,
                                      .play = receive_one,
                                      .asleep = message_comes,
                                      .after = others_have_all};
  sweep_changes(&operation);
}

/* --- a consumer wakes the producer --------------------------------------------------------------
 */

enum { STREAM = 250 }; /* more than the ring holds                                             */

static struct actor *publisher;

static void publish_stream(void *arg) {
  (void)arg;
  rill_producer *mine = open_producer(open_queue(&attr), RILL_PARK, RILL_NOW);
  for (uint64_t number = 0; number < STREAM; number++)
    CHECK_CODE(publish_number(mine, number, RILL_FOREVER), 0);
  rill_producer_close(mine);
}

/* The group of the victim has joined, and now holds the ring up. */
static void publisher_waits(void) {
  publisher = spawn("publisher", publish_stream, NULL);
  while (!stat_of(queue).waiting) {
    drain();
    fail_if_dead();
    breathe();
  }
}

/* It has an eighth of the ring and more, and gives it back at once. */
static void release_a_full_ring(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = open_consumer(open_queue(&attr), (struct joining){.wait = RILL_PARK});
  curtain();
  for (int i = 0; i < 30; i++)
    CHECK_CODE(rill_receive(mine, RILL_NOW, &message), 0);
  curtain();
  CHECK_CODE(rill_release(mine, &message), 0);
  curtain_falls();
}

static void publisher_goes_on(void) {
  examine();
  while (due < STREAM)
    receive_number(consumer, due++);
  await_end(publisher);
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  traffic_goes_on();
  examine_reclaimed();
  CHECK(stat_of(queue).group_count == 1);
  everybody_leaves();
}

static void release_that_wakes_the_producer(void) {
  const struct operation operation = {.before = consumer_waits,
                                      .play = release_a_full_ring,
                                      .interval = publisher_waits,
                                      .after = publisher_goes_on,
                                      .curtains = 1};
  sweep_instructions(&operation);
}

static const struct test tests[] = {
    {"sleeper", sleeper},   {"sleeper_for_several_slices", sleeper_for_several_slices},
    {"waker", waker},       {"sleeper_beside_others", sleeper_beside_others},
    {"farewell", farewell}, {"release_that_wakes_the_producer", release_that_wakes_the_producer},
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
