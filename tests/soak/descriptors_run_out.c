/* SPDX-License-Identifier: MIT */
/* descriptors_run_out.c - too few descriptors: for each call, from none up to as many as it takes
 * to succeed; for waits beside dead processes; and for the registry with many clients. An error is
 * clear and leaves nothing behind; messages still flow; when there are descriptors again,
 * everything that was missed is done. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "operations.h"

#define MOST 40u /* more than any call takes                                          */

static struct rlimit before;

static void limit_to(pid_t pid, rlim_t most) {
  const struct rlimit limit = {most, before.rlim_max};
  CHECK(prlimit(pid, RLIMIT_NOFILE, &limit, NULL) == 0);
}

/* The lowest number that is not taken: with that limit no call gets one. */
static rlim_t lowest(void) {
  const int fd = dup(0);
  CHECK(fd >= 0 && close(fd) == 0);
  return (rlim_t)fd;
}

/* --- each call ------------------------------------------------------------------------- */

/* Returns how few suffice. */
static unsigned starve(const struct operation *operation) {
  unsigned enough = MOST;
  const unsigned open_before = descriptors_open(), mapped = mappings_of_segments();
  for (unsigned more = 0; more < MOST; more++) {
    at("%s with %u descriptors", operation->name, more);
    limit_to(0, lowest() + more);
    const int code = operate(operation);
    const int has_text = code == 0 || rill_error()[0] != 0;
    limit_to(0, before.rlim_cur);
    CHECK_THAT((code == 0 || code == -EMFILE) && has_text, "%s with %u descriptors: %d (%s)",
               operation->name, more, code, rill_error());
    if (code == 0 && enough == MOST)
      enough = more;
    CHECK_THAT(code == 0 || enough == MOST, "%s with %u descriptors: %d, though %u sufficed",
               operation->name, more, code, enough);
    CHECK_THAT(descriptors_open() == open_before && mappings_of_segments() == mapped,
               "%s with %u descriptors leaks", operation->name, more);
    (void)rill_queue_unlink(set.context, "new"); /* which may not exist                    */
    CHECK(files_left(0) == SET_FILES);
  }
  CHECK_THAT(enough < MOST, "%s never succeeds", operation->name);
  return enough;
}

static void call_without_enough_descriptors_is_an_error_that_leaves_nothing(void) {
  open_set();
  for (size_t i = 0; i < operation_count; i++)
    (void)printf("  %s: %u suffice\n", operations[i].name, starve(&operations[i]));
  close_set();
  gc_leaves_nothing();
}

/* --- waits beside dead processes ------------------------------------------------------------- */

static void receive_until_it_is_gone(void *arg) {
  rill_queue *queue = open_queue(NULL);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
  struct rill_message message;
  (void)arg;
  report_ready();
  receive_number(consumer, 0);
  atomic_store(&me->count[0], 1);
  CHECK_EQ(rill_receive(consumer, RILL_FOREVER, &message), -EPIPE);
}

static void publish_and_wait(void *arg) {
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  (void)arg;
  report_ready();
  await_proceed();
  CHECK_EQ(publish_number(producer, 0, RILL_NOW), 0);
  await_proceed();
}

static uint64_t parks_of(rill_queue *queue) {
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  return rill_group_read_stat(queue, &index, &group) == 1 ? group.parks : 0;
}

static void consumer_without_descriptors_learns_later_that_the_producer_died(void) {
  rill_queue *queue = open_queue(NULL);
  struct process *producer = spawn("producer", publish_and_wait, NULL);
  await_ready(producer);
  struct process *consumer = spawn("consumer", receive_until_it_is_gone, NULL);
  await_ready(consumer);
  limit_to(consumer->pid, 0);
  proceed(producer);
  await_count(consumer, 0, 1); /* messages need none */
  kill_process(producer);
  const uint64_t slept = parks_of(queue);
  while (parks_of(queue) < slept + 3) /* it checks, and cannot find out */
    breathe();
  fail_if_dead();
  limit_to(consumer->pid, before.rlim_cur);
  await_end(consumer);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void join_and_wait(void *arg) {
  (void)arg;
  (void)open_consumer(open_queue(NULL), (struct joining){.wait = RILL_PARK});
  report_ready();
  await_proceed();
}

static void publish_more_than_fits(void *arg) {
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  (void)arg;
  report_ready();
  for (uint64_t number = 0; number < 500; number++)
    CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0);
}

static void producer_without_descriptors_reclaims_dead_members_later(void) {
  rill_queue *queue = open_queue(NULL);
  struct process *consumer = spawn("consumer", join_and_wait, NULL);
  await_ready(consumer);
  struct process *producer = spawn("producer", publish_more_than_fits, NULL);
  await_ready(producer);
  limit_to(producer->pid, 0);
  while (!stat_of(queue).waiting)
    breathe();
  kill_process(consumer);
  const uint64_t slept = stat_of(queue).producer_parks;
  while (stat_of(queue).producer_parks < slept + 3)
    breathe();
  fail_if_dead();
  limit_to(producer->pid, before.rlim_cur);
  await_end(producer);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

/* --- the registry --------------------------------------------------------------------------- */

static void serve_with_few(void *most) {
  const struct rlimit limit = {*(const rlim_t *)most, *(const rlim_t *)most};
  for (int fd = 3; fd < 100; fd++)
    (void)close(fd);
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0); /* the hard limit: rilld raises the soft one  */
  serve(NULL);
}

/* Asks the registry for a queue's state. Returns 0 when it was answered. */
static int ask(int fd) {
  struct rilli_wire_request request;
  union rilli_wire_message message;
  rilli_wire_start(&request, RILLI_WIRE_STAT, 1);
  rilli_wire_name(request.name, "q");
  if (rilli_registry_send(fd, &request))
    return -EPIPE;
  return rilli_registry_receive(fd, &message) == RILLI_WIRE_ANSWER ? 0 : -EPIPE;
}

/* Until it serves, or has ended (with 1). Returns a connection, or -1. */
static int await_registry(struct process *registry) {
  for (;;) {
    const int fd = rilli_registry_connect(rilli_context_dir(context_here()), 0);
    if (fd >= 0 && ask(fd) == 0)
      return fd;
    if (fd >= 0)
      (void)close(fd);
    int status;
    const pid_t ended = waitpid(registry->pid, &status, WNOHANG);
    if (ended == registry->pid) {
      registry->pid = 0;
      CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) == 1, "rilld ended with %x",
                 (unsigned)status);
      return -1;
    }
    breathe();
  }
}

/* More clients than it has room for: a client that is rejected is disconnected, one that is served
 * stays. */
static void crowd(int served) {
  int fds[MOST];
  for (unsigned i = 0; i < MOST; i++)
    fds[i] = rilli_registry_connect(rilli_context_dir(context_here()), 0);
  for (unsigned i = 0; i < MOST; i++)
    if (fds[i] >= 0)
      (void)ask(fds[i]); /* an answer, or the end of the connection                        */
  CHECK_EQ(ask(served), 0);
  (void)close(served);
  for (unsigned i = 0; i < MOST; i++)
    if (fds[i] >= 0)
      (void)close(fds[i]);
  for (int late = -1; late < 0;) { /* what they had is free again */
    late = rilli_registry_connect(rilli_context_dir(context_here()), 0);
    const int code = late >= 0 ? ask(late) : -EPIPE;
    if (late >= 0)
      (void)close(late);
    if (code)
      late = -1;
  }
}

static void registry_with_few_descriptors_serves_the_clients_it_can_or_says_no(void) {
  unsigned refused = 0, served = 0;
  open_set();
  for (rlim_t most = 4; served < 12; most++) {
    at("rilld with %u descriptors", (unsigned)most);
    struct process *registry = spawn("rilld", serve_with_few, &most);
    const int fd = await_registry(registry);
    if (fd < 0) {
      refused++;
      CHECK(most < 64);
      continue;
    }
    served++;
    crowd(fd);
    CHECK_EQ(operate(&operations[0]), 0); /* messages flow */
    CHECK(kill(registry->pid, SIGTERM) == 0);
    await_end(registry);
  }
  (void)printf("  refused to start %u times\n", refused);
  close_set();
  gc_leaves_nothing();
}

static const struct test tests[] = {
    NAMED(call_without_enough_descriptors_is_an_error_that_leaves_nothing),
    NAMED(consumer_without_descriptors_learns_later_that_the_producer_died),
    NAMED(producer_without_descriptors_reclaims_dead_members_later),
    NAMED(registry_with_few_descriptors_serves_the_clients_it_can_or_says_no),
};

int main(int argc, char **argv) {
  if (getrlimit(RLIMIT_NOFILE, &before) != 0)
    return 1;
  return RUN_TESTS(argc, argv, 60);
}
