/* SPDX-License-Identifier: MIT */
/* inherited.c - handles and leases after fork, exec, spawn and close_range.
 *
 * A lease belongs to one process: no child keeps it, no descriptor carries it. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "oracle.h"

extern char **environ;

static uint32_t group_state(rill_queue *queue) {
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  return rill_group_read_stat(queue, &index, &group) == 1 ? group.state : 0;
}

static void check_all_alive(rill_queue *queue) {
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(stat.attached && stat.producer == RILL_PRODUCER_ALIVE);
  CHECK(group_state(queue) == RILL_GROUP_ACTIVE);
}

static void check_all_dead(rill_queue *queue) {
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(!stat.attached && stat.producer == RILL_PRODUCER_DEAD);
  CHECK(group_state(queue) == RILL_GROUP_DEAD);
}

struct handles {
  rill_queue *queue;
  rill_producer *producer;
  rill_consumer *consumer;
};

static struct handles open_all(void) {
  struct handles all;
  all.queue = open_queue(NULL);
  all.producer = open_producer(all.queue, RILL_PARK, RILL_NOW);
  all.consumer = open_consumer(all.queue, (struct joining){.wait = RILL_PARK});
  CHECK_EQ(publish_number(all.producer, 0, RILL_NOW), 0);
  receive_number(all.consumer, 0);
  return all;
}

static int no_visit(const char *name, void *arg) {
  (void)name;
  (void)arg;
  return 0;
}

static void use_everything_in_the_child(rill_context *context, const struct handles *all) {
  struct rill_message message = {.size = 0};
  struct rill_item item = {"x", 1, NULL};
  struct rill_queue_stat stat = {.size = sizeof stat};
  struct rill_group_stat group = {.size = sizeof group};
  rill_queue *queue = NULL;
  rill_producer *producer = NULL;
  rill_consumer *consumer = NULL;
  uint32_t index = 0;
  void *data = NULL;
  CHECK_EQ(rill_queue_open(context, "q", RILL_CREATE, NULL, RILL_NOW, &queue), -ECHILD);
  CHECK_EQ(rill_queue_open(context, "other", RILL_CREATE, NULL, RILL_NOW, &queue), -ECHILD);
  CHECK_EQ(rill_queue_unlink(context, "q"), -ECHILD);
  CHECK_EQ(rill_queue_list(context, NULL, no_visit, NULL), -ECHILD);
  CHECK_EQ(rill_queue_gc(context, 0, NULL, NULL), -ECHILD);
  CHECK_EQ(rill_queue_read_stat(all->queue, &stat), -ECHILD);
  CHECK_EQ(rill_group_read_stat(all->queue, &index, &group), -ECHILD);
  CHECK_EQ(rill_producer_open(all->queue, NULL, RILL_NOW, &producer), -ECHILD);
  CHECK_EQ(rill_consumer_open(all->queue, NULL, &consumer), -ECHILD);
  CHECK_EQ(rill_publish(all->producer, "x", 1, RILL_NOW), -ECHILD);
  CHECK_EQ(rill_publish(all->producer, NULL, 0, RILL_NOW), -ECHILD);
  CHECK_EQ(rill_publish(all->producer, "x", 1, RILL_FOREVER), -ECHILD);
  CHECK_EQ(rill_publish_batch(all->producer, &item, 1, RILL_NOW), -ECHILD);
  CHECK_EQ(rill_reserve(all->producer, NULL, 1, RILL_NOW, &data), -ECHILD);
  CHECK_EQ(rill_commit(all->producer, 0), -ECHILD);
  rill_abort(all->producer);
  CHECK_EQ(rill_receive(all->consumer, RILL_NOW, &message), -ECHILD);
  CHECK_EQ(rill_receive(all->consumer, RILL_FOREVER, &message), -ECHILD);
  CHECK_EQ(rill_receive_batch(all->consumer, 1, RILL_NOW, &message), -ECHILD);
  CHECK_EQ(rill_release(all->consumer, NULL), -ECHILD);
  CHECK_EQ(rill_consumer_interrupt(all->consumer), -ECHILD);
  CHECK(queue == NULL && producer == NULL && consumer == NULL && data == NULL);
}

/* Not one of spawn: it must have exactly what fork leaves. */
static int in_a_fork(void (*run)(rill_context *, const struct handles *), rill_context *context,
                     const struct handles *all) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    run(context, all);
    _exit(0);
  }
  return support_reap(child);
}

static void handles_are_refused_in_a_forked_child(void) {
  struct handles all = open_all();
  CHECK(in_a_fork(use_everything_in_the_child, context_here(), &all) == 0);
  check_all_alive(all.queue);
  CHECK_EQ(publish_number(all.producer, 1, RILL_NOW), 0);
  receive_number(all.consumer, 1);
  rill_consumer_close(all.consumer);
  rill_producer_close(all.producer);
  rill_queue_close(all.queue);
  gc_leaves_nothing();
}

static void close_all_in_the_child(rill_context *context, const struct handles *all) {
  rill_consumer_close(all->consumer);
  rill_producer_close(all->producer);
  rill_queue_close(all->queue);
  rill_context_close(context);
  forget_context(); /* a context of its own works */
  rill_queue *queue = open_queue(NULL);
  check_all_alive(queue);
  rill_queue_close(queue);
  rill_context_close(context_here());
}

static void closes_in_a_forked_child_are_harmless(void) {
  struct handles all = open_all();
  CHECK(in_a_fork(close_all_in_the_child, context_here(), &all) == 0);
  rill_queue *seen = observe_queue();
  check_all_alive(seen);
  CHECK_EQ(publish_number(all.producer, 1, RILL_NOW), 0);
  receive_number(all.consumer, 1);
  rill_consumer_close(all.consumer);
  rill_producer_close(all.producer);
  rill_queue_close(all.queue);
  rill_queue_close(seen);
  gc_leaves_nothing();
}

/* --- the child outlives its parent ---------------------------------------------------- */

static void until_end_of_file(void) {
  char byte;
  while (read(me->input, &byte, 1) == 1)
    ;
  _exit(0);
}

static void fork_a_survivor(void *arg) {
  (void)arg;
  (void)open_all();
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0)
    until_end_of_file(); /* which comes when the test has reaped this one's parent */
  report_ready();
  await_proceed();
}

static void leases_end_with_the_parent_though_its_child_lives(void) {
  struct process *parent = spawn("parent", fork_a_survivor, NULL);
  await_ready(parent);
  rill_queue *queue = observe_queue();
  check_all_alive(queue);
  const int keep_child = dup(parent->to);
  kill_process(parent);
  check_all_dead(queue);
  (void)close(keep_child); /* now the child ends */
  rill_queue_close(queue);
  gc_leaves_nothing();
}

/* --- exec and spawn ------------------------------------------------------------------- */

#define STAY "--stay"

/* The executed program: reports that it runs, and stays until its pipe is closed. */
static int stay(void) {
  char byte = 1;
  if (write(1, &byte, 1) != 1)
    return 1;
  while (read(0, &byte, 1) == 1)
    ;
  return 0;
}

static void exec_itself(void *arg) {
  (void)arg;
  (void)open_all();
  report_ready();
  await_proceed();
  CHECK(dup2(me->input, 0) == 0 && dup2(me->output, 1) == 1);
  (void)execl("/proc/self/exe", "stays", STAY, (char *)NULL);
  CHECK_THAT(0, "cannot exec: %s", strerror(errno));
}

static void exec_gives_all_leases_back(void) {
  struct process *process = spawn("process", exec_itself, NULL);
  await_ready(process);
  rill_queue *queue = observe_queue();
  check_all_alive(queue);
  proceed(process);
  await_ready(process); /* as the new program */
  check_all_dead(queue);
  kill_process(process);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void spawn_a_survivor(void *arg) {
  const int with_vfork = arg != NULL;
  char *const argv[] = {(char[]){"stays"}, (char[]){STAY}, NULL};
  (void)open_all();
  CHECK(dup2(me->input, 0) == 0 && dup2(me->output, 1) == 1);
  pid_t child;
  if (with_vfork) {
    child = vfork();
    if (child == 0) {
      (void)execv("/proc/self/exe", argv);
      _exit(1);
    }
  } else
    CHECK(posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
  CHECK(child > 0);
  for (;;)
    (void)pause();
}

static void leases_survive_a_spawn_and_end_with_their_process(void *arg) {
  struct process *process = spawn("process", spawn_a_survivor, arg);
  await_ready(process); /* that was the child's byte */
  rill_queue *queue = observe_queue();
  check_all_alive(queue);
  const int keep_child = dup(process->to);
  kill_process(process);
  check_all_dead(queue);
  (void)close(keep_child);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void posix_spawn_neither_drops_nor_hands_on_a_lease(void) {
  leases_survive_a_spawn_and_end_with_their_process(NULL);
}
static void vfork_neither_drops_nor_hands_on_a_lease(void) {
  static char with;
  leases_survive_a_spawn_and_end_with_their_process(&with);
}

static void close_every_descriptor(void *arg) {
  (void)arg;
  struct handles all = open_all();
  CHECK(dup2(me->input, 0) == 0 && dup2(me->output, 1) == 1);
  me->input = 0;
  me->output = 1;
  CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
  report_ready();
  await_proceed();
  CHECK_EQ(publish_number(all.producer, 1, RILL_NOW), 0);
  receive_number(all.consumer, 1);
  report_ready();
  await_proceed();
}

static void close_range_drops_no_lease(void) {
  struct process *process = spawn("process", close_every_descriptor, NULL);
  await_ready(process);
  rill_queue *queue = observe_queue();
  check_all_alive(queue);
  proceed(process);
  await_ready(process);
  check_all_alive(queue);
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 0);
  kill_process(process);
  check_all_dead(queue);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static const struct test tests[] = {
    NAMED(handles_are_refused_in_a_forked_child),
    NAMED(closes_in_a_forked_child_are_harmless),
    NAMED(leases_end_with_the_parent_though_its_child_lives),
    NAMED(exec_gives_all_leases_back),
    NAMED(posix_spawn_neither_drops_nor_hands_on_a_lease),
    NAMED(vfork_neither_drops_nor_hands_on_a_lease),
    NAMED(close_range_drops_no_lease),
};

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], STAY) == 0)
    return stay();
  return RUN_TESTS(argc, argv, 30);
}
