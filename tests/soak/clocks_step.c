/* SPDX-License-Identifier: MIT */
/* clocks_step.c - clocks that differ, step and stop: deadlines still end, messages flow, and values
 * that are only displayed may be wrong, but do no harm.
 *
 * The real-time clock steps by a wrapper around clock_gettime (the linker's --wrap); monotonic
 * clocks differ between processes in time namespaces; all of a queue's processes are stopped
 * together as in a suspended machine. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

#define MESSAGES 200u
#define YEAR INT64_C(31557600)

/* --- the real-time clock ------------------------------------------------------------------ */

static int64_t step; /* s */

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret) {
  const int code = __real_clock_gettime(clock, ret);
  if (code == 0 && clock == CLOCK_REALTIME)
    ret->tv_sec += step;
  return code;
}

/* The inspector, on what other clocks have written. */
static void inspect(const char *verb) {
  int status;
  (void)fflush(NULL);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    const int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(null, STDOUT_FILENO) < 0)
      _exit(98);
    (void)execl(RILL, "rill", verb, "q", (char *)NULL);
    _exit(98);
  }
  CHECK(waitpid(child, &status, 0) == child);
  CHECK_THAT(status == 0, "rill %s ended with status %x", verb, (unsigned)status);
}

static void check_seen(rill_queue *queue) {
  check_invariants(queue);
  check_sound(RILL_NOTE, "as clocks step");
}

static void inspect_all(void) {
  inspect("stat");
  inspect("why");
  inspect("ls");
}

static const struct rill_producer_attr stamping = {
    .size = sizeof stamping, .wait = RILL_PARK, .stamp = 1};

static void real_time_clock_may_step_at_any_moment(void) {
  static const int64_t steps[] = {/* the kernel allows 1970 to 2232 */ 0,
                                  50 * YEAR,
                                  -50 * YEAR,
                                  3600,
                                  -3600,
                                  205 * YEAR};
  const struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536};
  uint64_t number = 0;
  step = -20 * YEAR;
  rill_queue *queue = open_queue(&attr);
  for (size_t i = 0; i < 3 * sizeof steps / sizeof *steps; i++) {
    rill_producer *producer = NULL;
    step = steps[i / 3];
    CHECK_EQ(rill_producer_open(queue, &stamping, RILL_NOW, &producer), 0);
    rill_consumer *consumer = open_consumer(
        queue, (struct joining){.group = "g", .wait = RILL_PARK, .flags = RILL_KEEP_GROUP});
    for (unsigned k = 0; k < 50; k++) {
      step = steps[(i + k) % (sizeof steps / sizeof *steps)];
      CHECK_EQ(publish_number(producer, number, RILL_NOW), 0);
      receive_number(consumer, number++);
    }
    struct rill_message message;
    CHECK_EQ(rill_receive(consumer, rill_after(1000000), &message), -ETIMEDOUT);
    CHECK_EQ(publish_number(producer, number, RILL_NOW), 0);
    check_seen(queue);
    if (i % 3 == 0)
      inspect_all();
    receive_number(consumer, number++);
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 0);
    rill_consumer_close(consumer);
    rill_producer_close(producer);
  }
  step = 0;
  rill_queue_close(queue);
  gc_leaves_nothing();
}

/* --- clocks that differ ----------------------------------------------------------------- */

/* The children of this process live `seconds` later than it. */
static void shift_children(long seconds) {
  char text[64];
  if (unshare(CLONE_NEWTIME) != 0)
    CHECK_THAT(unshare(CLONE_NEWUSER | CLONE_NEWTIME) == 0, "neither root nor a user namespace: %s",
               strerror(errno));
  const int offsets = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  (void)snprintf(text, sizeof text, "monotonic %ld 0", seconds);
  CHECK_THAT(offsets >= 0 && write(offsets, text, strlen(text)) == (ssize_t)strlen(text),
             "cannot set the offset: %s", strerror(errno));
  (void)close(offsets);
}

static const struct rill_queue_attr wide = {.size = sizeof wide, .capacity = 1 << 20};

static void publish_in_bursts(void *arg) {
  rill_queue *queue = open_queue(&wide);
  rill_producer *producer = NULL;
  (void)arg;
  CHECK_EQ(rill_producer_open(queue, &stamping, RILL_FOREVER, &producer), 0);
  report_ready();
  for (uint64_t number = 0; number < MESSAGES; number++) {
    if (number % 20 == 0)
      await_proceed();
    CHECK_EQ(publish_number(producer, number, rill_after(INT64_C(60000000000))), 0);
  }
  await_proceed();
  rill_producer_close(producer);
}

/* Its deadlines end, by its own clock, and it sees all messages. */
static void consume_all(void *arg) {
  const uint32_t *how = arg;
  rill_consumer *consumer =
      open_consumer(open_queue(&wide), (struct joining){.group = "all", .wait = *how});
  struct rill_message message;
  report_ready();
  for (uint64_t number = 0; number < MESSAGES;) {
    const rill_time deadline = rill_after(3000000);
    const int code = rill_receive(consumer, deadline, &message);
    if (code == -ETIMEDOUT) {
      CHECK(rill_clock() >= deadline);
      continue;
    }
    CHECK_EQ(code, 0);
    CHECK(message.sequence == number && message.lost == 0 && message.time > 0);
    check_message(&message, number++);
    CHECK_EQ(rill_release(consumer, &message), 0);
    atomic_store(&me->count[0], number);
  }
  await_proceed();
  rill_consumer_close(consumer);
}

struct side {
  long seconds;
  void (*run)(void *arg);
  void *arg;
};

/* In a process whose clock is later: its child, since the namespace is for children. */
static void run_shifted(void *arg) {
  const struct side side = *(const struct side *)arg;
  int status;
  if (side.seconds)
    shift_children(side.seconds);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    forget_context();
    side.run(side.arg);
    _exit(0);
  }
  while (waitpid(child, &status, 0) < 0)
    CHECK(errno == EINTR);
  CHECK_THAT(status == 0, "the shifted one ended with %x", (unsigned)status);
}

/* Messages from the future have no latencies; those from long ago have long ones. */
static void check_latencies(rill_queue *queue, long producer_later, long consumer_later) {
  struct rill_group_stat group = {.size = sizeof group};
  for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;) {
    if (strcmp(group.name, "all") != 0)
      continue;
    CHECK_THAT(!producer_later || group.latency_count == 0, "%llu latencies of the future",
               (unsigned long long)group.latency_count);
    CHECK(!consumer_later || group.latency_max >= consumer_later * INT64_C(1000000000));
  }
}

static void exchange(long producer_later, long consumer_later, uint32_t wait) {
  struct side producers = {producer_later, publish_in_bursts, NULL};
  struct side consumers = {consumer_later, consume_all, &wait};
  rill_queue *queue = open_queue(&wide);
  rill_consumer *idle = open_consumer(queue, (struct joining){.group = "idle"});
  struct process *consumer = spawn("consumer", run_shifted, &consumers);
  await_ready(consumer);
  struct process *producer = spawn("producer", run_shifted, &producers);
  await_ready(producer);
  for (uint64_t burst = 0; burst < MESSAGES / 20; burst++) {
    check_seen(queue);
    proceed(producer);
    await_count(consumer, 0, 20 * (burst + 1));
  }
  check_seen(queue); /* with messages that the idle group has not read */
  check_latencies(queue, producer_later, consumer_later);
  inspect_all();
  proceed(consumer);
  proceed(producer);
  await_end(consumer);
  await_end(producer);
  rill_consumer_close(idle);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void monotonic_clocks_may_differ_between_processes(void) {
  static const long later[] = {0, 1, 1000000, 200000000};
  for (unsigned i = 0; i < 4; i++) {
    exchange(later[i], 0, i % 2 ? RILL_PARK : RILL_ADAPTIVE);
    exchange(0, later[i], i % 2 ? RILL_ADAPTIVE : RILL_PARK);
  }
}

/* --- a suspended machine ------------------------------------------------------------------ */

static void wait_in_vain(void *arg) {
  rill_consumer *consumer = open_consumer(open_queue(NULL), *(const struct joining *)arg);
  struct rill_message message;
  receive_number(consumer, 0);
  const rill_time deadline = rill_after(150000000);
  report_ready();
  CHECK_EQ(rill_receive(consumer, deadline, &message), -ETIMEDOUT);
  CHECK(rill_clock() >= deadline);
  report_ready();
  receive_number(consumer, 1);
  await_proceed();
}

static void produce_slowly(void *arg) {
  rill_queue *queue = open_queue(NULL);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  (void)arg;
  CHECK_EQ(publish_number(producer, 0, RILL_NOW), 0);
  report_ready();
  await_proceed();
  CHECK_EQ(publish_number(producer, 1, RILL_NOW), 0);
  await_proceed();
}

/* Their deadlines pass while all of them are stopped; a new process takes none of them for dead. */
static void all_processes_may_stand_still_beyond_all_deadlines(void) {
  struct joining groups[2] = {{.group = "parks", .wait = RILL_PARK, .flags = RILL_KEEP_GROUP},
                              {.group = "adapts", .flags = RILL_KEEP_GROUP}};
  rill_queue *queue = open_queue(NULL);
  struct process *consumers[2], *producer;
  for (int i = 0; i < 2; i++)
    consumers[i] = spawn("consumer", wait_in_vain, &groups[i]);
  while (stat_of(queue).group_count < 2)
    breathe();
  producer = spawn("producer", produce_slowly, NULL);
  await_ready(producer);
  for (int i = 0; i < 2; i++)
    await_ready(consumers[i]);
  const rill_time passed = rill_after(300000000);
  stop_process(producer);
  for (int i = 0; i < 2; i++)
    stop_process(consumers[i]);
  while (rill_clock() < passed) {
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 0);
    check_seen(queue);
    CHECK(stat_of(queue).producer == RILL_PRODUCER_ALIVE && stat_of(queue).group_count == 2);
  }
  for (int i = 0; i < 2; i++) {
    continue_process(consumers[i]);
    await_ready(consumers[i]); /* its deadline ended */
  }
  continue_process(producer);
  proceed(producer);
  for (int i = 0; i < 2; i++) {
    proceed(consumers[i]);
    await_end(consumers[i]); /* with message 1 */
  }
  proceed(producer);
  await_end(producer);
  for (int i = 0; i < 2; i++)
    CHECK_EQ(rill_group_unlink(queue, groups[i].group), 0);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static const struct test tests[] = {
    NAMED(real_time_clock_may_step_at_any_moment),
    NAMED(all_processes_may_stand_still_beyond_all_deadlines),
    NAMED(monotonic_clocks_may_differ_between_processes), /* the last one: see main()  */
};

int main(int argc, char **argv) {
  const size_t all = sizeof tests / sizeof *tests;
  if (access("/proc/self/timens_offsets", F_OK) == 0)
    return run_all_tests(tests, all, argc, argv, 60);
  const int code = run_all_tests(tests, all - 1, argc, argv, 60);
  (void)printf("this kernel has no time namespaces: %s is skipped\n", tests[all - 1].name);
  return code ? code : 77;
}
