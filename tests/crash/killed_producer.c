/* SPDX-License-Identifier: MIT */
/* killed_producer.c - a producer that dies: what its consumers get, its successor, and what is
 * left when all processes died. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "oracle.h"

static void receive_until_the_end(void *arg) {
  rill_consumer *consumer = open_consumer(open_queue(NULL), *(const struct joining *)arg);
  report_ready();
  (void)receive_all(consumer, 0, -EPIPE);
  rill_consumer_close(consumer);
}

#define MESSAGES 500u

static void publish_some(void *arg) {
  const rill_time deadline = *(rill_time *)arg;
  rill_queue *queue = open_queue(NULL);
  rill_producer *producer = open_producer(queue, RILL_PARK, deadline);
  const uint64_t first = stat_of(queue).sequence;
  for (uint64_t number = first; number < first + MESSAGES; number++)
    CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
  atomic_store(&me->count[0], first + MESSAGES);
  report_ready();
  await_proceed();
  rill_producer_close(producer);
}

static void consumers_get_everything_of_a_killed_producer(void) {
  struct joining park = {.wait = RILL_PARK}, spin = {.wait = RILL_SPIN}, adapt = {.wait = 0};
  rill_time now = RILL_NOW;
  rill_queue *queue = open_queue(NULL);
  struct process *consumers[3] = {spawn("parks", receive_until_the_end, &park),
                                  spawn("spins", receive_until_the_end, &spin),
                                  spawn("adapts", receive_until_the_end, &adapt)};
  for (int i = 0; i < 3; i++)
    await_ready(consumers[i]);
  struct process *producer = spawn("producer", publish_some, &now);
  await_ready(producer);
  await_parked(queue, 2);
  kill_process(producer);
  for (int i = 0; i < 3; i++) {
    await_end(consumers[i]);
    CHECK(consumers[i]->count[0] == MESSAGES);
  }
  CHECK(stat_of(queue).producer == RILL_PRODUCER_DEAD);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void follower_goes_on_with_the_successor(void) {
  struct joining park = {.wait = RILL_PARK, .flags = RILL_FOLLOW};
  struct joining spin = {.wait = RILL_SPIN, .flags = RILL_FOLLOW};
  rill_time now = RILL_NOW;
  rill_queue *queue = open_queue(NULL);
  struct process *followers[2] = {spawn("parks", receive_until_the_end, &park),
                                  spawn("spins", receive_until_the_end, &spin)};
  for (int i = 0; i < 2; i++)
    await_ready(followers[i]);
  for (unsigned life = 1; life <= 4; life++) {
    struct process *producer = spawn("producer", publish_some, &now);
    await_ready(producer);
    CHECK(producer->count[0] == life * MESSAGES);
    if (life % 2)
      kill_process(producer);
    else {
      proceed(producer);
      await_end(producer);
    }
    for (int i = 0; i < 2; i++)
      await_count(followers[i], 0, life * MESSAGES);
  }
  CHECK(stat_of(queue).producer_generation == 4);
  for (int i = 0; i < 2; i++)
    kill_process(followers[i]);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void standby_takes_over(int kill_it) {
  struct joining park = {.wait = RILL_PARK, .flags = RILL_FOLLOW};
  rill_time now = RILL_NOW, forever = RILL_FOREVER;
  rill_queue *queue = open_queue(NULL);
  struct process *follower = spawn("follower", receive_until_the_end, &park);
  await_ready(follower);
  struct process *first = spawn("first", publish_some, &now);
  await_ready(first);
  struct process *standby = spawn("standby", publish_some, &forever);
  rill_producer *third = NULL;
  CHECK_EQ(rill_producer_open(queue, NULL, rill_after(50000000), &third), -ETIMEDOUT);
  CHECK(stat_of(queue).producer_generation == 1);
  if (kill_it)
    kill_process(first);
  else {
    proceed(first);
    await_end(first);
  }
  await_ready(standby);
  CHECK(standby->count[0] == 2 * MESSAGES);
  await_count(follower, 0, 2 * MESSAGES);
  proceed(standby);
  await_end(standby);
  kill_process(follower);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void standby_producer_takes_over_from_a_killed_one(void) {
  standby_takes_over(1);
}
static void standby_producer_takes_over_from_one_that_closes(void) {
  standby_takes_over(0);
}

/* Dies with half a batch in the ring, or with a reservation open: neither is seen. */
static void die_with_a_reservation(void *arg) {
  (void)arg;
  void *data;
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  CHECK_EQ(publish_number(producer, 0, RILL_NOW), 0);
  CHECK_EQ(rill_reserve(producer, NULL, 4000, RILL_NOW, &data), 0);
  for (size_t i = 0; i < 4000; i++)
    ((volatile unsigned char *)data)[i] = 0xa5;
  report_ready();
  await_proceed();
}

static void reservation_of_a_killed_producer_is_never_seen(void) {
  rill_queue *queue = open_queue(NULL);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.flags = RILL_FOLLOW});
  struct rill_message message;
  struct process *producer = spawn("producer", die_with_a_reservation, NULL);
  await_ready(producer);
  kill_process(producer);
  receive_number(consumer, 0);
  CHECK_EQ(rill_receive(consumer, rill_after(150000000), &message), -ETIMEDOUT);
  rill_producer *successor = open_producer(queue, RILL_PARK, RILL_NOW);
  for (uint64_t number = 1; number < 300; number++) {
    CHECK_EQ(publish_number(successor, number, RILL_NOW), 0);
    receive_number(consumer, number);
  }
  rill_producer_close(successor);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

/* On a tmpfs of its own, so that every block of it can be accounted for. */
static void all_die(void (*clean_up)(void)) {
  const char *directory = getenv("RILL_DIR");
  struct joining park = {.wait = RILL_PARK, .group = "kept", .flags = RILL_KEEP_GROUP};
  rill_time now = RILL_NOW;
  struct statvfs before, during, after;
  (void)context_here(); /* makes the namespace's directory */
  CHECK(statvfs(directory, &before) == 0);
  struct process *consumer = spawn("consumer", receive_until_the_end, &park);
  await_ready(consumer);
  struct process *producer = spawn("producer", publish_some, &now);
  await_ready(producer);
  await_count(consumer, 0, MESSAGES);
  CHECK(statvfs(directory, &during) == 0 && during.f_bfree < before.f_bfree);
  kill_process(producer);
  kill_process(consumer);
  clean_up();
  CHECK(statvfs(directory, &after) == 0);
  CHECK_THAT(after.f_bfree == before.f_bfree, "%lu blocks are not given back",
             (unsigned long)(before.f_bfree - after.f_bfree));
  CHECK(after.f_ffree == before.f_ffree);
}

static void with_gc(void) {
  CHECK(rill_queue_gc(context_here(), RILL_GC_DRY_RUN, NULL, NULL) == 1);
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 1);
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 0);
}

/* Another capacity: what is left is replaced; then that one is removed, too. */
static void with_open(void) {
  const struct rill_queue_attr other = {.size = sizeof other, .capacity = 131072};
  rill_queue *queue = open_queue(&other);
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(stat.capacity == 131072 && stat.sequence == 0 && stat.group_count == 0);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  CHECK_EQ(publish_number(producer, 0, RILL_NOW), 0);
  rill_producer_close(producer);
  rill_queue_close(queue);
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
}

static void own_tmpfs(void *arg) {
  char path[256];
  own_mounts(path);
  CHECK(mount("rill", path, "tmpfs", 0, "size=8m") == 0);
  CHECK(setenv("RILL_DIR", path, 1) == 0);
  all_die(arg == NULL ? with_gc : with_open);
  CHECK(umount2(path, MNT_DETACH) == 0);
}

static void gc_gives_back_all_memory_of_dead_processes(void) {
  await_end(spawn("own mount", own_tmpfs, NULL));
}

static void next_open_replaces_what_dead_processes_left(void) {
  static char with;
  await_end(spawn("own mount", own_tmpfs, &with));
}

static const struct test tests[] = {
    NAMED(consumers_get_everything_of_a_killed_producer),
    NAMED(follower_goes_on_with_the_successor),
    NAMED(standby_producer_takes_over_from_a_killed_one),
    NAMED(standby_producer_takes_over_from_one_that_closes),
    NAMED(reservation_of_a_killed_producer_is_never_seen),
    NAMED(gc_gives_back_all_memory_of_dead_processes),
    NAMED(next_open_replaces_what_dead_processes_left),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 30);
}
