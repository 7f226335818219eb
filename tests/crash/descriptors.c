/* SPDX-License-Identifier: MIT */
/* descriptors.c - what becomes of handles when descriptors are closed under the library, or
 * inherited by a child that another thread forks at the wrong moment. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actors.h"

static void close_all_but_the_pipes(void) {
  CHECK(dup2(me->hears, 0) == 0 && dup2(me->speaks, 1) == 1);
  me->hears = 0;
  me->speaks = 1;
  CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
}

/* --- a directory that is no longer open ----------------------------------------------- */

static void produce_one(void *arg) {
  (void)arg;
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  CHECK_CODE(publish_number(producer, 0, RILL_NOW), 0);
  reached();
  await_cue();
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
  reached();
  CHECK_CODE(rill_receive(consumer, RILL_FOREVER, &message), -EPIPE);
  rill_consumer_close(consumer);
}

static void consumer_learns_of_a_death(void *arg) {
  struct actor *producer = spawn("producer", produce_one, NULL);
  meet(producer);
  struct actor *consumer = spawn("consumer", consume_without_descriptors, arg);
  meet(consumer);
  kill_actor(producer);
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
  reached();
  await_cue();
}

static void fill_without_descriptors(void *arg) {
  (void)arg;
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  uint64_t number = 0;
  close_all_but_the_pipes();
  while (publish_number(producer, number, RILL_NOW) == 0)
    number++;
  reached();
  CHECK_CODE(publish_number(producer, number, RILL_FOREVER), 0);
  rill_producer_close(producer);
}

static void producer_whose_descriptors_were_closed_reclaims_the_dead(void) {
  struct actor *consumer = spawn("consumer", hold_up, NULL);
  meet(consumer);
  struct actor *producer = spawn("producer", fill_without_descriptors, NULL);
  meet(producer);
  kill_actor(consumer);
  await_end(producer);
  gc_leaves_nothing();
}

/* --- a fork in the middle of an open ----------------------------------------------------- */

#define OPENS 400

static _Atomic int opening;

static void *open_and_close(void *arg) {
  (void)arg;
  for (int i = 0; i < OPENS; i++) {
    rill_queue *queue = open_queue(NULL);
    /* A child that has not run yet may hold the last one's lease for a moment. */
    rill_producer *producer = open_producer(queue, RILL_PARK, RILL_FOREVER);
    rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
    rill_consumer_close(consumer);
    rill_producer_close(producer);
    rill_queue_close(queue);
  }
  atomic_store(&opening, 0);
  return NULL;
}

/* Its children live until the test closes its end of the pipe. */
static void fork_while_another_thread_opens(void *arg) {
  (void)arg;
  (void)context_here();
  pthread_t thread;
  int children = 0, born[2];
  char byte = 0;
  CHECK(pipe(born) == 0);
  atomic_store(&opening, 1);
  CHECK(pthread_create(&thread, NULL, open_and_close, NULL) == 0);
  for (; children < 200 && atomic_load(&opening); children++) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      CHECK(write(born[1], &byte, 1) == 1);
      while (read(me->hears, &byte, 1) > 0)
        ;
      _exit(0);
    }
  }
  CHECK(pthread_join(thread, NULL) == 0);
  for (; children; children--)
    CHECK(read(born[0], &byte, 1) == 1);
  reached();
  for (;;)
    (void)pause();
}

static void fork_in_the_middle_of_an_open_takes_no_lease_along(void) {
  rill_queue *queue = open_queue(NULL); /* so that the name stays the same queue */
  struct actor *actor = spawn("actor", fork_while_another_thread_opens, NULL);
  meet(actor);
  const int keep_children = dup(actor->to);
  kill_actor(actor);
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(stat.producer != RILL_PRODUCER_ALIVE && stat.group_count == 0);
  rill_queue_close(queue);
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 1);
  (void)close(keep_children);
  gc_leaves_nothing();
}

static const struct test tests[] = {
    {"consumer_whose_descriptors_were_closed_learns_that_the_producer_died",
     consumer_whose_descriptors_were_closed_learns_that_the_producer_died},
    {"descriptors_that_others_took_over_are_not_mistaken",
     descriptors_that_others_took_over_are_not_mistaken},
    {"producer_whose_descriptors_were_closed_reclaims_the_dead",
     producer_whose_descriptors_were_closed_reclaims_the_dead},
    {"fork_in_the_middle_of_an_open_takes_no_lease_along",
     fork_in_the_middle_of_an_open_takes_no_lease_along},
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
