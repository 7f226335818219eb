/* SPDX-License-Identifier: MIT */
/* descriptors.c - handles after a program has closed the library's descriptors. For a child that
 * another thread forks in the middle of a call see soak/forks_in_the_middle.c. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oracle.h"

static void close_all_but_the_pipes(void) {
  CHECK(dup2(me->input, 0) == 0 && dup2(me->output, 1) == 1);
  me->input = 0;
  me->output = 1;
  CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
}

static void produce_one(void *arg) {
  (void)arg;
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  CHECK_EQ(publish_number(producer, 0, RILL_NOW), 0);
  report_ready();
  await_proceed();
}

static void consume_without_descriptors(void *arg) {
  const int other_in_its_place = arg != NULL;
  rill_consumer *consumer = open_consumer(open_queue(NULL), (struct joining){.wait = RILL_PARK});
  struct rill_message message;
  receive_number(consumer, 0);
  close_all_but_the_pipes();
  if (other_in_its_place) /* the numbers are given to other files */
    for (int i = 0; i < 16; i++)
      CHECK(dup(0) > 0);
  report_ready();
  CHECK_EQ(rill_receive(consumer, RILL_FOREVER, &message), -EPIPE);
  rill_consumer_close(consumer);
}

static void consumer_learns_of_a_death(void *arg) {
  struct process *producer = spawn("producer", produce_one, NULL);
  await_ready(producer);
  struct process *consumer = spawn("consumer", consume_without_descriptors, arg);
  await_ready(consumer);
  kill_process(producer);
  await_end(consumer);
  gc_leaves_nothing();
}

static void consumer_whose_descriptors_were_closed_learns_that_the_producer_died(void) {
  consumer_learns_of_a_death(NULL);
}

static void descriptors_that_others_took_over_are_not_mistaken(void) {
  static char with;
  consumer_learns_of_a_death(&with);
}

static void hold_up(void *arg) {
  (void)arg;
  const rill_consumer *consumer =
      open_consumer(open_queue(NULL), (struct joining){.wait = RILL_PARK});
  CHECK(consumer);
  report_ready();
  await_proceed();
}

static void fill_without_descriptors(void *arg) {
  (void)arg;
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  close_all_but_the_pipes();
  const uint64_t number = fill_ring(producer, 0);
  report_ready();
  CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
  rill_producer_close(producer);
}

static void producer_whose_descriptors_were_closed_reclaims_dead_members(void) {
  struct process *consumer = spawn("consumer", hold_up, NULL);
  await_ready(consumer);
  struct process *producer = spawn("producer", fill_without_descriptors, NULL);
  await_ready(producer);
  kill_process(consumer);
  await_end(producer);
  gc_leaves_nothing();
}

static const struct test tests[] = {
    NAMED(consumer_whose_descriptors_were_closed_learns_that_the_producer_died),
    NAMED(descriptors_that_others_took_over_are_not_mistaken),
    NAMED(producer_whose_descriptors_were_closed_reclaims_dead_members),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
