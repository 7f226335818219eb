/* SPDX-License-Identifier: MIT */
/* sweep_waiting.c - a process that dies between the steps of parking and waking costs the
 * others a slice, and never the message. The watchdog sees that none hangs. */
#include "sweep.h"

/* --- a consumer parks ------------------------------------------------------------------------ */

static void receive_one(void *arg) {
  (void)arg;
  rill_consumer *mine =
      open_consumer(open_queue(&others.attr), (struct joining){.wait = RILL_PARK});
  struct rill_message message;
  mark();
  CHECK_EQ(rill_receive(mine, RILL_FOREVER, &message), 0);
  CHECK_EQ(rill_release(mine, &message), 0);
  mark_end();
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
  CHECK(others.due <= 1);
  traffic_goes_on();
  examine_reclaimed();
  CHECK(stat_of(others.queue).group_count == 1);
  all_leave();
}

static void producer_and_consumer_again(void) {
  producer_and_consumer();
  slices = 0;
}

static void sleeper_for_several_slices(void) {
  const struct sweep sweep = {.before = producer_and_consumer_again,
                              .run = receive_one,
                              .asleep = message_comes_later,
                              .after = others_go_on};
  sweep_changes(&sweep);
}

static void sleeper(void) {
  const struct sweep sweep = {.before = producer_and_consumer,
                              .run = receive_one,
                              .asleep = message_comes,
                              .after = others_go_on};
  sweep_instructions(&sweep);
}

/* --- a producer wakes them ------------------------------------------------------------------- */

enum { SLEEPERS = 2, MESSAGES = 3 };

static struct process *sleepers[SLEEPERS];

static void receive_messages(void *arg) {
  (void)arg;
  rill_consumer *mine = open_consumer(open_queue(&others.attr),
                                      (struct joining){.wait = RILL_PARK, .flags = RILL_FOLLOW});
  report_ready();
  for (uint64_t number = 0; number < MESSAGES; number++) {
    at("waiting for message %llu", (unsigned long long)number);
    receive_number(mine, number);
  }
  rill_consumer_close(mine);
}

static void sleepers_wait(void) {
  consumer_waits();
  for (int i = 0; i < SLEEPERS; i++) {
    sleepers[i] = spawn("sleeper", receive_messages, NULL);
    await_ready(sleepers[i]);
  }
}

static rill_producer *producer_of_sleepers(void) {
  rill_queue *here = open_queue(&others.attr);
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  await_parked(here, SLEEPERS);
  return mine;
}

static void wake_by_publish(void *arg) {
  (void)arg;
  unsigned char bytes[MESSAGE_MOST];
  rill_producer *mine = producer_of_sleepers();
  const size_t size = fill_message(0, bytes);
  mark();
  CHECK_EQ(rill_publish(mine, bytes, size, RILL_NOW), 0);
  mark_end();
}

static void wake_by_close(void *arg) {
  (void)arg;
  rill_producer *mine = producer_of_sleepers();
  CHECK_EQ(publish_number(mine, 0, RILL_NOW), 0);
  mark();
  rill_producer_close(mine);
  mark_end();
}

/* They get the message that was cut, or the successor's, and all that follow. */
static void sleepers_have_all(void) {
  drain();
  CHECK(others.due <= 1);
  for (uint64_t number = others.due; number < MESSAGES; number++)
    publish_next(number);
  for (int i = 0; i < SLEEPERS; i++)
    await_end(sleepers[i]);
  drain();
  CHECK(others.due == MESSAGES);
  traffic_goes_on();
  examine_reclaimed();
  all_leave();
}

static void sleepers_wake(void) {
  examine();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  sleepers_have_all();
}

static void waker(void) {
  const struct sweep sweep = {
      .before = sleepers_wait, .run = wake_by_publish, .after = sleepers_wake};
  sweep_instructions(&sweep);
}

static void close_of_the_producer(void) {
  const struct sweep sweep = {
      .before = sleepers_wait, .run = wake_by_close, .after = sleepers_wake};
  sweep_changes(&sweep);
}

/* Another sleeper dies, and no wake-up is lost by that. */
static void sleepers_and_producer(void) {
  sleepers_wait();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  await_parked(others.queue, SLEEPERS);
}

static void others_have_all(void) {
  examine();
  sleepers_have_all();
}

static void sleeper_beside_others(void) {
  const struct sweep sweep = {.before = sleepers_and_producer,
                              .run = receive_one,
                              .asleep = message_comes,
                              .after = others_have_all};
  sweep_changes(&sweep);
}

/* --- a consumer wakes the producer ----------------------------------------------------------- */

enum { STREAM = 250 }; /* more than the ring holds                                             */

static struct process *publisher;

static void publish_stream(void *arg) {
  (void)arg;
  rill_producer *mine = open_producer(open_queue(&others.attr), RILL_PARK, RILL_NOW);
  for (uint64_t number = 0; number < STREAM; number++)
    CHECK_EQ(publish_number(mine, number, RILL_FOREVER), 0);
  rill_producer_close(mine);
}

/* The group of the victim has joined, and now holds the ring up. */
static void publisher_waits(void) {
  publisher = spawn("publisher", publish_stream, NULL);
  while (!stat_of(others.queue).waiting) {
    drain();
    fail_if_dead();
    breathe();
  }
}

/* It has an eighth of the ring and more, and gives it back immediately. */
static void release_a_full_ring(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine =
      open_consumer(open_queue(&others.attr), (struct joining){.wait = RILL_PARK});
  mark();
  for (int i = 0; i < 30; i++)
    CHECK_EQ(rill_receive(mine, RILL_NOW, &message), 0);
  mark();
  CHECK_EQ(rill_release(mine, &message), 0);
  mark_end();
}

static void publisher_goes_on(void) {
  examine();
  while (others.due < STREAM)
    receive_number(others.consumer, others.due++);
  await_end(publisher);
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  traffic_goes_on();
  examine_reclaimed();
  CHECK(stat_of(others.queue).group_count == 1);
  all_leave();
}

static void release_that_wakes_the_producer(void) {
  const struct sweep sweep = {.before = consumer_waits,
                              .run = release_a_full_ring,
                              .at_marks = publisher_waits,
                              .after = publisher_goes_on,
                              .marks = 1};
  sweep_instructions(&sweep);
}

static const struct test tests[] = {
    NAMED(sleeper),
    NAMED(sleeper_for_several_slices),
    NAMED(waker),
    NAMED(sleeper_beside_others),
    NAMED(close_of_the_producer),
    NAMED(release_that_wakes_the_producer),
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
