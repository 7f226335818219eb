/* SPDX-License-Identifier: MIT */
/* api_watch.c - rill_watch without a registry: names as they come and go, roles by probing, and
 * every error. tests/registry/watch.c has the rest. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "watch.h"

static void create_and_close(rill_context *context, const char *name) {
  const struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536, .max_groups = 1};
  rill_queue_close(open_queue(context, name, RILL_CREATE, &attr));
}

/* --- names ------------------------------------------------------------------------------------ */

static void every_queue_appears_and_is_removed_in_turn(void **state) {
  enum { TIMES = 50 };
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  create_and_close(context, "before");
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  expect_no_event(watch);
  for (unsigned i = 0; i < TIMES; i++) { /* and none is read meanwhile */
    create_and_close(context, "orders");
    assert_code(rill_queue_unlink(context, "orders"), 0);
  }
  assert_code(rill_queue_unlink(context, "before"), 0);
  for (unsigned i = 0; i < TIMES; i++) {
    const struct rill_event event = expect_event(watch, RILL_EVENT_APPEARED, "orders");
    assert_true(event.size == sizeof event && event.lost == 0 && event.time > 0);
    assert_code(event.source, RILL_SOURCE_DIRECTORY);
    expect_event(watch, RILL_EVENT_REMOVED, "orders");
  }
  expect_event(watch, RILL_EVENT_REMOVED, "before");
  expect_no_event(watch);
  rill_watch_close(watch);
  rill_context_close(context);
}

static void only_queues_that_match_are_reported(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *some = open_watch(context, "md/[ab]*", 0);
  rill_watch *all = open_watch(context, NULL, 0);
  expect_source(some, RILL_SOURCE_DIRECTORY, 0);
  expect_source(all, RILL_SOURCE_DIRECTORY, 0);
  create_and_close(context, "orders");
  create_and_close(context, "md/c/a");
  create_and_close(context, "md/a/c");
  touch_queue("not+a name");
  create_and_close(context, "last");
  expect_event(some, RILL_EVENT_APPEARED, "md/a/c");
  expect_no_event(some);
  expect_event(all, RILL_EVENT_APPEARED, "orders");
  expect_event(all, RILL_EVENT_APPEARED, "md/c/a");
  expect_event(all, RILL_EVENT_APPEARED, "md/a/c");
  expect_event(all, RILL_EVENT_APPEARED, "last");
  rill_watch_close(all);
  rill_watch_close(some);
  rill_context_close(context);
}

static void queues_that_are_there_are_reported_when_asked_for(void **state) {
  enum { MANY = 2000 };
  char name[32];
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  for (unsigned i = 0; i < MANY; i++) {
    (void)snprintf(name, sizeof name, "q%04u", i);
    touch_queue(name);
  }
  rill_watch *watch = open_watch(context, NULL, RILL_WATCH_EXISTING);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  for (unsigned i = 0; i < MANY; i++) {
    (void)snprintf(name, sizeof name, "q%04u", i);
    expect_event(watch, RILL_EVENT_APPEARED, name);
  }
  expect_no_event(watch);
  for (unsigned i = 0; i < MANY; i++) {
    (void)snprintf(name, sizeof name, "q%04u", i);
    remove_touched(name);
  }
  for (unsigned i = 0; i < MANY; i++) {
    (void)snprintf(name, sizeof name, "q%04u", i);
    expect_event(watch, RILL_EVENT_REMOVED, name);
  }
  expect_no_event(watch);
  rill_watch_close(watch);
  rill_context_close(context);
}

/* How many changes the kernel keeps for a watcher. */
static unsigned changes_kept(void) {
  unsigned most = 0;
  FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "re");
  if (!file || fscanf(file, "%u", &most) != 1)
    most = 0;
  if (file)
    (void)fclose(file);
  return most;
}

static void slow_watcher_learns_of_it_and_misses_no_queue_that_stays(void **state) {
  const unsigned most = changes_kept();
  (void)state;
  if (most == 0 || most > 500000)
    skip();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  touch_queue("queue_that_goes");
  touch_queue("queue_that_is_replaced");
  rill_watch *watch = open_watch(context, "queue*", 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  for (unsigned i = 0; i <= most / 2; i++) {
    touch_queue("flood");
    remove_touched("flood");
  }
  remove_touched("queue_that_goes");
  remove_touched("queue_that_is_replaced");
  touch_queue("queue_that_stays");
  touch_queue("queue_that_is_replaced");
  expect_source(watch, RILL_SOURCE_DIRECTORY, RILL_LOST_UNKNOWN);
  expect_event(watch, RILL_EVENT_REMOVED, "queue_that_goes");
  expect_event(watch, RILL_EVENT_REMOVED, "queue_that_is_replaced");
  expect_event(watch, RILL_EVENT_APPEARED, "queue_that_is_replaced");
  expect_event(watch, RILL_EVENT_APPEARED, "queue_that_stays");
  expect_no_event(watch);
  remove_touched("queue_that_stays"); /* and from here on each change again */
  touch_queue("queue_that_stays");
  expect_event(watch, RILL_EVENT_REMOVED, "queue_that_stays");
  expect_event(watch, RILL_EVENT_APPEARED, "queue_that_stays");
  expect_no_event(watch);
  rill_watch_close(watch);
  rill_context_close(context);
}

static void removed_directory_ends_it(void **state) {
  struct rill_event event = {.size = sizeof event};
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  create_and_close(context, "orders");
  rill_watch *watch = open_watch(context, NULL, 0), *late = NULL;
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  assert_code(rill_queue_unlink(context, "orders"), 0);
  assert_code(rmdir(support_directory()), 0);
  expect_event(watch, RILL_EVENT_REMOVED, "orders");
  assert_code(rill_watch_next(watch, RILL_FOREVER, &event), -ENOENT);
  assert_non_null(strstr(rill_error(), "directory"));
  assert_code(rill_watch_next(watch, RILL_NOW, &event), -ENOENT);
  assert_code(rill_watch_open(context, NULL, NULL, &late), -ENOENT);
  assert_null(late);
  rill_watch_close(watch);
  rill_context_close(context);
}

/* --- roles ------------------------------------------------------------------------------------ */

static void producers_and_consumers_are_found_by_probing(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, "ord*", 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  rill_queue *queue = small_queue("orders", RILL_RELIABLE);
  rill_consumer *first = open_consumer(queue, "first", RILL_OLDEST, RILL_KEEP_GROUP);
  rill_consumer *second = open_consumer(queue, "second", RILL_OLDEST, 0);
  rill_producer *producer = open_producer(queue, RILL_PARK);
  expect_event(watch, RILL_EVENT_APPEARED, "orders");
  unsigned seen = 0; /* a probe may find one before the other is there */
  for (unsigned i = 0; i < 3; i++) {
    const struct rill_event one = expect_event(watch, RILL_EVENT_ATTACHED, "orders");
    assert_true(one.pid == getpid() && one.slot == 0 && one.after == 0 && one.group < 2);
    seen |= one.role == RILL_ROLE_PRODUCER ? 1u : 2u << one.group;
  }
  assert_code(seen, 7);
  rill_producer_close(producer);
  struct rill_event event = expect_event(watch, RILL_EVENT_DETACHED, "orders");
  assert_true(event.role == RILL_ROLE_PRODUCER && event.pid == getpid());
  rill_consumer_close(first);
  event = expect_event(watch, RILL_EVENT_DETACHED, "orders");
  assert_true(event.role == RILL_ROLE_CONSUMER && event.group == 0);
  rill_consumer_close(second);
  event = expect_event(watch, RILL_EVENT_DETACHED, "orders");
  assert_true(event.role == RILL_ROLE_CONSUMER && event.group == 1);
  rill_watch_close(watch);
  rill_queue_close(queue);
  rill_context_close(context);
}

/* What was so before it began is no event. */
static void probing_begins_with_what_is_there(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queue = small_queue("orders", RILL_RELIABLE);
  rill_consumer *consumer = open_consumer(queue, "first", RILL_OLDEST, 0);
  rill_producer *producer = open_producer(queue, RILL_PARK);
  rill_watch *watches[2] = {open_watch(context, NULL, 0),
                            open_watch(context, NULL, RILL_WATCH_EXISTING)};
  rill_producer_close(producer);
  for (unsigned i = 0; i < 2; i++) {
    expect_source(watches[i], RILL_SOURCE_DIRECTORY, 0);
    if (i)
      expect_event(watches[i], RILL_EVENT_APPEARED, "orders");
    const struct rill_event event = expect_event(watches[i], RILL_EVENT_DETACHED, "orders");
    assert_code(event.role, RILL_ROLE_PRODUCER);
  }
  rill_consumer_close(consumer);
  for (unsigned i = 0; i < 2; i++) {
    const struct rill_event event = expect_event(watches[i], RILL_EVENT_DETACHED, "orders");
    assert_code(event.role, RILL_ROLE_CONSUMER);
    rill_watch_close(watches[i]);
  }
  rill_queue_close(queue);
  rill_context_close(context);
}

static int take_a_role(void *arg) {
  const uint32_t role = *(const uint32_t *)arg;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queue = open_queue(context, "orders", 0, NULL);
  if (role == RILL_ROLE_PRODUCER)
    (void)open_producer(queue, RILL_PARK);
  else
    (void)open_consumer(queue, "dead", RILL_OLDEST, RILL_KEEP_GROUP);
  (void)pause();
  return 99;
}

static void deaths_are_found_and_what_is_reclaimed(void **state) {
  static const uint32_t roles[] = {RILL_ROLE_PRODUCER, RILL_ROLE_CONSUMER};
  (void)state;
  rill_queue *queue = small_queue("orders", RILL_RELIABLE);
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  for (unsigned i = 0; i < 2; i++) {
    const pid_t child = support_child(take_a_role, (void *)(uintptr_t)&roles[i]);
    struct rill_event event = expect_event(watch, RILL_EVENT_ATTACHED, "orders");
    assert_true(event.role == roles[i] && event.pid == child);
    assert_code(kill(child, SIGKILL), 0);
    assert_code(support_reap(child), -SIGKILL);
    event = expect_event(watch, RILL_EVENT_DIED, "orders");
    assert_true(event.role == roles[i] && event.pid == child);
  }
  struct rill_event none = {.size = sizeof none};
  assert_code(rill_watch_next(watch, rill_after(1100000000), &none), -ETIMEDOUT); /* once */
  assert_code(rill_queue_gc(context, 0, NULL, NULL), 1);
  const struct rill_event event = expect_event(watch, RILL_EVENT_RECLAIMED, "orders");
  assert_code(event.role, RILL_ROLE_CONSUMER);
  rill_watch_close(watch);
  rill_context_close(context);
  rill_queue_close(queue);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void wrong_arguments_are_refused(void **state) {
  rill_watch *watch = NULL;
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  struct rill_watch_attr attr = {.size = sizeof attr.size - 1};
  assert_code(rill_watch_open(context, NULL, &attr, &watch), -EINVAL);
  attr = (struct rill_watch_attr){.size = sizeof attr, .flags = 2};
  assert_code(rill_watch_open(context, NULL, &attr, &watch), -EINVAL);
  attr = (struct rill_watch_attr){.size = sizeof attr, .reserved0 = 1};
  assert_code(rill_watch_open(context, NULL, &attr, &watch), -EINVAL);
  assert_null(watch);
  assert_code(rill_watch_open(context, NULL, NULL, &watch), 0);
  struct rill_event event = {.size = sizeof event.size - 1, .what = 99};
  assert_code(rill_watch_next(watch, RILL_NOW, &event), -EINVAL);
  assert_code(event.what, 99);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0); /* which was not lost by that */
  rill_watch_close(watch);
  rill_watch_close(NULL);
  rill_context_close(context);
}

static void deadline_ends_a_wait_and_leaves_the_error_text(void **state) {
  struct rill_event event = {.size = sizeof event, .what = 99};
  char text[512];
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  touch_queue("damaged"); /* a probe of it fails, and leaves no text */
  assert_code(rill_queue_unlink(context, "no queue"), -EINVAL);
  (void)snprintf(text, sizeof text, "%s", rill_error());
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  assert_code(rill_watch_next(watch, RILL_NOW, &event), -EAGAIN);
  const rill_time deadline = rill_after(1100000000); /* behind a probe */
  assert_code(rill_watch_next(watch, deadline, &event), -ETIMEDOUT);
  assert_true(rill_clock() >= deadline);
  assert_code(rill_watch_next(watch, deadline, &event), -ETIMEDOUT);
  assert_code(event.what, 99);
  assert_string_equal(rill_error(), text);
  rill_watch_close(watch);
  rill_context_close(context);
}

static void *interrupt(void *watch) {
  CHECK_EQ(rill_watch_interrupt(watch), 0);
  return NULL;
}

static rill_watch *to_interrupt;

static void on_signal(int number) {
  (void)number;
  (void)rill_watch_interrupt(to_interrupt);
}

static void interrupt_ends_a_wait_or_the_next_one(void **state) {
  struct rill_event event = {.size = sizeof event};
  const struct sigaction action = {.sa_handler = on_signal};
  pthread_t thread;
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = to_interrupt = open_watch(context, NULL, 0);
  assert_code(rill_watch_interrupt(watch), 0);
  assert_code(rill_watch_interrupt(watch), 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0); /* events come first */
  assert_code(rill_watch_next(watch, RILL_FOREVER, &event), -ECANCELED);
  expect_no_event(watch); /* once, however often it was interrupted */
  for (unsigned i = 0; i < 100; i++) {
    assert_code(pthread_create(&thread, NULL, interrupt, watch), 0);
    assert_code(rill_watch_next(watch, RILL_FOREVER, &event), -ECANCELED);
    assert_code(pthread_join(thread, NULL), 0);
  }
  assert_code(sigaction(SIGUSR1, &action, NULL), 0);
  errno = 4711;
  assert_code(raise(SIGUSR1), 0);
  assert_code(errno, 4711);
  assert_code(rill_watch_next(watch, RILL_FOREVER, &event), -ECANCELED);
  rill_watch_close(watch);
  rill_context_close(context);
}

static void nothing(int number) {
  (void)number;
}

static void signal_ends_a_wait(void **state) {
  struct rill_event event = {.size = sizeof event};
  const struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
  static const struct itimerval often = {{.tv_usec = 10000}, {.tv_usec = 10000}}, never;
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  assert_code(sigaction(SIGALRM, &action, NULL), 0);
  assert_code(setitimer(ITIMER_REAL, &often, NULL), 0);
  assert_code(rill_watch_next(watch, RILL_FOREVER, &event), -EINTR);
  assert_code(setitimer(ITIMER_REAL, &never, NULL), 0);
  rill_watch_close(watch);
  rill_context_close(context);
}

static void *wait_to_be_cancelled(void *watch) {
  struct rill_event event = {.size = sizeof event};
  (void)rill_watch_next(watch, RILL_FOREVER, &event);
  return NULL;
}

static void cancelled_thread_leaves_the_watcher_whole(void **state) {
  pthread_t thread;
  void *result;
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  for (unsigned i = 0; i < 50; i++) {
    assert_code(pthread_create(&thread, NULL, wait_to_be_cancelled, watch), 0);
    assert_code(pthread_cancel(thread), 0);
    assert_code(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    touch_queue("orders");
    expect_event(watch, RILL_EVENT_APPEARED, "orders");
    remove_touched("orders");
    expect_event(watch, RILL_EVENT_REMOVED, "orders");
  }
  rill_watch_close(watch);
  rill_context_close(context);
}

struct inherited {
  rill_context *context;
  rill_watch *watch;
};

static int use_in_child(void *arg) {
  const struct inherited *inherited = arg;
  struct rill_event event = {.size = sizeof event};
  rill_watch *own = NULL;
  CHECK_EQ(rill_watch_next(inherited->watch, RILL_FOREVER, &event), -ECHILD);
  CHECK_EQ(rill_watch_interrupt(inherited->watch), -ECHILD);
  CHECK_EQ(rill_watch_open(inherited->context, NULL, NULL, &own), -ECHILD);
  rill_watch_close(inherited->watch);
  rill_context_close(inherited->context);
  return 0;
}

static void forked_child_is_refused_and_harms_nothing(void **state) {
  (void)state;
  struct inherited inherited = {.context = open_context(RILL_FENCE_AUTO)};
  inherited.watch = open_watch(inherited.context, NULL, 0);
  assert_code(support_reap(support_child(use_in_child, &inherited)), 0);
  expect_source(inherited.watch, RILL_SOURCE_DIRECTORY, 0);
  create_and_close(inherited.context, "orders");
  expect_event(inherited.watch, RILL_EVENT_APPEARED, "orders");
  rill_context_close(inherited.context); /* the watcher lives on */
  rill_context *other = open_context(RILL_FENCE_AUTO);
  create_and_close(other, "invoices");
  expect_event(inherited.watch, RILL_EVENT_APPEARED, "invoices");
  rill_watch_close(inherited.watch);
  rill_context_close(other);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static int lowest_free(void) {
  const int fd = dup(STDERR_FILENO);
  assert_true(fd >= 0);
  (void)close(fd);
  return fd;
}

/* Inotify is done without; no descriptor at all is an error. */
static void few_descriptors_are_an_error_or_enough(void **state) {
  struct rlimit before, few;
  char name[16];
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  const int lowest = lowest_free();
  assert_code(getrlimit(RLIMIT_NOFILE, &before), 0);
  for (unsigned more = 0; more < 6; more++) {
    rill_watch *watch = NULL;
    few = before;
    few.rlim_cur = (rlim_t)lowest + more;
    assert_code(setrlimit(RLIMIT_NOFILE, &few), 0);
    const int code = rill_watch_open(context, NULL, NULL, &watch);
    if (more < 2)
      assert_code(code, -EMFILE);
    else if (more > 2)
      assert_code(code, 0);
    assert_code(setrlimit(RLIMIT_NOFILE, &before), 0);
    if (code == 0) {
      expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
      (void)snprintf(name, sizeof name, "q%u", more);
      touch_queue(name);
      expect_event(watch, RILL_EVENT_APPEARED, name);
    }
    rill_watch_close(watch);
    assert_code(lowest_free(), lowest);
  }
  rill_context_close(context);
}

/* A program that closes all descriptors that it does not know, and then opens files of its own. */
static void files_with_reused_numbers_are_left_alone(void **state) {
  enum { FDS = 64 };
  struct rill_event event = {.size = sizeof event};
  int others[FDS], ends[2], held = 0;
  char byte;
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  for (int fd = 0; fd < FDS; fd++)
    others[fd] = fcntl(fd, F_GETFD) >= 0;
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  assert_code(pipe2(ends, O_NONBLOCK), 0);
  for (int fd = 0; fd < FDS; fd++)
    if (!others[fd] && fcntl(fd, F_GETFD) >= 0 && fd != ends[0] && fd != ends[1]) {
      assert_code(dup2(ends[1], fd), fd);
      held++;
    }
  assert_true(held > 0);
  assert_code(rill_watch_next(watch, RILL_FOREVER, &event), -EBADF);
  assert_code(rill_watch_interrupt(watch), 0);
  rill_watch_close(watch);
  assert_true(read(ends[0], &byte, 1) < 0 && errno == EAGAIN);
  for (int fd = 0; fd < FDS; fd++)
    if (!others[fd] && fcntl(fd, F_GETFD) >= 0) {
      held--;
      assert_code(close(fd), 0);
    }
  assert_code(held, -2); /* all of them, and the two ends */
  rill_context_close(context);
}

static void descriptors_are_closed_on_exec_and_not_missed(void **state) {
  enum { FDS = 64 };
  struct rill_event event = {.size = sizeof event};
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  int others[FDS], held[FDS], count = 0;
  for (int fd = 0; fd < FDS; fd++)
    others[fd] = fcntl(fd, F_GETFD) >= 0;
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  for (int fd = 0; fd < FDS; fd++)
    if (!others[fd] && fcntl(fd, F_GETFD) >= 0)
      held[count++] = fd;
  assert_in_range(count, 1, 3);
  for (int i = 0; i < count; i++) {
    assert_true(fcntl(held[i], F_GETFD) & FD_CLOEXEC);
    assert_code(close(held[i]), 0);
  }
  assert_code(rill_watch_next(watch, RILL_FOREVER, &event), -EBADF);
  assert_non_null(strstr(rill_error(), "closed"));
  rill_watch_close(watch);
  rill_context_close(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(every_queue_appears_and_is_removed_in_turn),
      BEHAVIOUR(only_queues_that_match_are_reported),
      BEHAVIOUR(queues_that_are_there_are_reported_when_asked_for),
      BEHAVIOUR(slow_watcher_learns_of_it_and_misses_no_queue_that_stays),
      BEHAVIOUR(removed_directory_ends_it),
      BEHAVIOUR(producers_and_consumers_are_found_by_probing),
      BEHAVIOUR(probing_begins_with_what_is_there),
      BEHAVIOUR(deaths_are_found_and_what_is_reclaimed),
      BEHAVIOUR(wrong_arguments_are_refused),
      BEHAVIOUR(deadline_ends_a_wait_and_leaves_the_error_text),
      BEHAVIOUR(interrupt_ends_a_wait_or_the_next_one),
      BEHAVIOUR(signal_ends_a_wait),
      BEHAVIOUR(cancelled_thread_leaves_the_watcher_whole),
      BEHAVIOUR(forked_child_is_refused_and_harms_nothing),
      BEHAVIOUR(few_descriptors_are_an_error_or_enough),
      BEHAVIOUR(files_with_reused_numbers_are_left_alone),
      BEHAVIOUR(descriptors_are_closed_on_exec_and_not_missed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
