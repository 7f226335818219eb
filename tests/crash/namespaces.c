/* SPDX-License-Identifier: MIT */
/* namespaces.c - producer and consumer in different mount and pid namespaces: containers.
 *
 * Leases are locks of the kernel on one inode, so a death is seen on the other side, whatever path
 * the directory has there and whatever numbers processes have. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "oracle.h"

#define MESSAGES 200u

struct side {
  int other_path; /* the segments lie under another path there */
};

static void enter_side(const struct side *side) {
  char path[256];
  if (!side->other_path)
    return;
  own_mounts(path);
  CHECK(mount("/dev/shm", path, NULL, MS_BIND, NULL) == 0);
  CHECK(setenv("RILL_DIR", path, 1) == 0);
}

static void produce(void *arg) {
  enter_side(arg);
  rill_queue *queue = open_queue(NULL);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  for (uint64_t number = stat_of(queue).sequence;; number++) {
    at("publishing %llu", (unsigned long long)number);
    CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
    atomic_store(&me->count[0], number + 1);
    if (number % MESSAGES == 0) {
      report_ready();
      await_proceed();
    }
  }
}

static void consume(void *arg) {
  enter_side(arg);
  const struct joining joining = {.group = "g", .wait = RILL_PARK, .flags = RILL_KEEP_GROUP};
  rill_queue *queue = open_queue(NULL);
  rill_consumer *consumer = open_consumer(queue, joining);
  report_ready();
  (void)receive_all(consumer, group_stat_of(queue, "g").sequence, -EPIPE);
  rill_consumer_close(consumer);
}

/* A process id means that process in its own pid namespace alone, which is stated with it. */
static void check_pid_namespaces(rill_queue *queue, int other) {
  struct stat own;
  const struct rill_queue_stat of_queue = stat_of(queue);
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  CHECK(stat("/proc/self/ns/pid", &own) == 0 && rill_group_read_stat(queue, &index, &group) == 1);
  CHECK(of_queue.producer_pid_namespace && group.pid_namespace);
  CHECK((of_queue.producer_pid_namespace != own.st_ino) == other);
  CHECK((group.pid_namespace != own.st_ino) == other);
}

static void across(int flags, int producer_path, int consumer_path) {
  struct side producers = {producer_path}, consumers = {consumer_path};
  const int user = geteuid() != 0 && flags ? CLONE_NEWUSER : 0;
  rill_queue *queue = open_queue(NULL);
  struct process *consumer = spawn_with(flags | user, "consumer", consume, &consumers);
  await_ready(consumer);
  struct process *producer = spawn_with(flags | user, "producer", produce, &producers);
  await_ready(producer); /* message 0 */
  proceed(producer);
  await_count(consumer, 0, 1);
  await_ready(producer);
  check_pid_namespaces(queue, (flags & CLONE_NEWPID) != 0);
  /* The consumer dies while it is held up; its kept group waits for the next one. */
  stop_process(consumer);
  proceed(producer);
  while (!stat_of(queue).waiting)
    breathe();
  CHECK(stat_of(queue).producer == RILL_PRODUCER_ALIVE);
  rill_producer *second = NULL;
  CHECK_EQ(rill_producer_open(queue, NULL, RILL_NOW, &second), -EBUSY);
  kill_process(consumer);
  consumer = spawn_with(flags | user, "consumer", consume, &consumers);
  await_ready(consumer);
  await_ready(producer); /* went on */
  const uint64_t all = producer->count[0];
  kill_process(producer);
  await_end(consumer);
  CHECK_THAT(consumer->count[0] == all, "%llu of %llu", (unsigned long long)consumer->count[0],
             (unsigned long long)all);
  CHECK(stat_of(queue).producer == RILL_PRODUCER_DEAD);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void queue_works_between_mount_namespaces(void) {
  across(0, 0, 1);
  across(0, 1, 0);
}
static void queue_works_between_pid_namespaces(void) {
  across(CLONE_NEWPID, 0, 0);
}
static void queue_works_between_pid_and_mount_namespaces(void) {
  across(CLONE_NEWPID, 1, 1);
}

static const struct test tests[] = {
    NAMED(queue_works_between_mount_namespaces),
    NAMED(queue_works_between_pid_namespaces),
    NAMED(queue_works_between_pid_and_mount_namespaces),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 30);
}
