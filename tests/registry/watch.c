/* SPDX-License-Identifier: MIT */
/* watch.c - rill_watch beside a registry: what that reports, and what becomes of a watcher when
 * the registry dies, is started, is full, or says nothing. */
#include <signal.h>
#include <unistd.h>

#include "daemon.h"
#include "watch.h"

static rill_queue *create_queue(rill_context *context, const char *name) {
  const struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536, .max_groups = 4};
  return open_queue(context, name, RILL_CREATE, &attr);
}

static void expect_role(rill_watch *watch, uint32_t what, uint32_t role, uint32_t group) {
  const struct rill_event event = expect_event(watch, what, "orders");
  assert_code(event.source, RILL_SOURCE_REGISTRY);
  assert_code(event.role, role);
  assert_code(event.pid, getpid());
  assert_true(event.group == group && event.slot == 0 && event.lost == 0 && event.time > 0);
}

static void each_role_is_reported_as_it_is_taken_and_given_up(void **state) {
  (void)state;
  (void)daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, "ord*", 0);
  expect_source(watch, RILL_SOURCE_REGISTRY, 0);
  rill_queue *other = create_queue(context, "invoices");
  rill_queue *queue = create_queue(context, "orders");
  expect_event(watch, RILL_EVENT_APPEARED, "orders");
  expect_role(watch, RILL_EVENT_ATTACHED, RILL_ROLE_OPEN, 0);
  rill_consumer *first = open_consumer(queue, "first", RILL_OLDEST, 0);
  expect_role(watch, RILL_EVENT_ATTACHED, RILL_ROLE_CONSUMER, 0);
  rill_consumer *second = open_consumer(queue, "second", RILL_OLDEST, 0);
  expect_role(watch, RILL_EVENT_ATTACHED, RILL_ROLE_CONSUMER, 1);
  rill_producer *producer = open_producer(queue, RILL_PARK);
  expect_role(watch, RILL_EVENT_ATTACHED, RILL_ROLE_PRODUCER, 0);
  rill_consumer_close(second);
  expect_role(watch, RILL_EVENT_DETACHED, RILL_ROLE_CONSUMER, 1);
  rill_producer_close(producer);
  expect_role(watch, RILL_EVENT_DETACHED, RILL_ROLE_PRODUCER, 0);
  rill_consumer_close(first);
  expect_role(watch, RILL_EVENT_DETACHED, RILL_ROLE_CONSUMER, 0);
  rill_queue_close(queue);
  expect_role(watch, RILL_EVENT_DETACHED, RILL_ROLE_OPEN, 0);
  assert_code(rill_queue_unlink(context, "orders"), 0);
  expect_event(watch, RILL_EVENT_REMOVED, "orders");
  expect_no_event(watch);
  rill_queue_close(other);
  rill_watch_close(watch);
  rill_context_close(context);
}

/* The registry has sets of characters of its own kind: these are matched as fnmatch does it. */
static void patterns_are_those_of_the_library(void **state) {
  (void)state;
  (void)daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, "[[:alpha:]]r*", 0);
  expect_source(watch, RILL_SOURCE_REGISTRY, 0);
  rill_queue *queue = create_queue(context, "orders");
  expect_event(watch, RILL_EVENT_APPEARED, "orders");
  expect_role(watch, RILL_EVENT_ATTACHED, RILL_ROLE_OPEN, 0);
  rill_watch_close(watch);
  rill_queue_close(queue);
  rill_context_close(context);
}

static int consume(void *arg) {
  (void)arg;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  (void)open_consumer(open_queue(context, "orders", 0, NULL), NULL, RILL_OLDEST, 0);
  (void)pause();
  return 99;
}

static void death_is_reported_with_its_process(void **state) {
  (void)state;
  (void)daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queue = create_queue(context, "orders");
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_REGISTRY, 0);
  const pid_t child = support_child(consume, NULL);
  struct rill_event event = await_role(watch, RILL_EVENT_ATTACHED, "orders", RILL_ROLE_CONSUMER);
  assert_code(event.pid, child);
  assert_code(kill(child, SIGKILL), 0);
  assert_code(support_reap(child), -SIGKILL);
  for (uint32_t what = RILL_EVENT_DIED; what <= RILL_EVENT_RECLAIMED; what++) {
    event = await_role(watch, what, "orders", RILL_ROLE_CONSUMER);
    assert_true(event.pid == child && event.after > 0 && event.group == 0);
  }
  rill_watch_close(watch);
  rill_queue_close(queue);
  rill_context_close(context);
}

static void killed_registry_is_survived_and_the_next_one_found(void **state) {
  enum { TIMES = 3 };
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  pid_t daemon = daemon_start();
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_REGISTRY, 0);
  for (unsigned i = 0; i < TIMES; i++) {
    rill_queue *before = create_queue(context, "before");
    expect_event(watch, RILL_EVENT_APPEARED, "before");
    (void)await_role(watch, RILL_EVENT_ATTACHED, "before", RILL_ROLE_OPEN);
    assert_code(daemon_end(daemon, i % 2 ? SIGTERM : SIGKILL), i % 2 ? 0 : -SIGKILL);
    rill_queue *meanwhile = create_queue(context, "meanwhile");
    assert_code(rill_queue_unlink(context, "before"), 0);
    struct rill_event event = next_event(watch); /* and nothing in the registry's last words */
    while (event.what >= RILL_EVENT_ATTACHED && event.what != RILL_EVENT_SOURCE)
      event = next_event(watch);
    assert_true(event.what == RILL_EVENT_SOURCE && event.source == RILL_SOURCE_DIRECTORY);
    assert_true(event.lost == RILL_LOST_UNKNOWN);
    expect_event(watch, RILL_EVENT_APPEARED, "meanwhile");
    expect_event(watch, RILL_EVENT_REMOVED, "before");
    rill_producer *producer = open_producer(meanwhile, RILL_PARK);
    event = expect_event(watch, RILL_EVENT_ATTACHED, "meanwhile"); /* by a probe */
    assert_true(event.role == RILL_ROLE_PRODUCER && event.source == RILL_SOURCE_DIRECTORY);
    daemon = daemon_start();
    expect_source(watch, RILL_SOURCE_REGISTRY, RILL_LOST_UNKNOWN);
    rill_producer_close(producer);
    rill_queue_close(meanwhile);
    assert_code(rill_queue_unlink(context, "meanwhile"), 0);
    (void)await_event(watch, RILL_EVENT_REMOVED, "meanwhile");
    rill_queue_close(before);
  }
  rill_watch_close(watch);
  rill_context_close(context);
}

/* Whatever becomes of the registry, each name appears and is removed in turn. */
static void names_alternate_while_registries_come_and_go(void **state) {
  enum { ROUNDS = 6, TIMES = 40 };
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, NULL, 0);
  unsigned appeared = 0, removed = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    const pid_t daemon = daemon_start();
    for (unsigned i = 0; i < TIMES; i++) {
      rill_queue_close(create_queue(context, "orders"));
      if (i == TIMES / 2)
        assert_code(daemon_end(daemon, SIGKILL), -SIGKILL);
      assert_code(rill_queue_unlink(context, "orders"), 0);
    }
    while (removed < (round + 1) * TIMES) {
      const struct rill_event event = next_event(watch);
      appeared += event.what == RILL_EVENT_APPEARED;
      removed += event.what == RILL_EVENT_REMOVED;
      assert_in_range(appeared - removed, 0, 1);
    }
  }
  assert_true(appeared == removed);
  rill_watch_close(watch);
  rill_context_close(context);
}

static void slow_watcher_is_told_how_many_it_missed(void **state) {
  enum { TIMES = 1500 };
  (void)state;
  (void)daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, NULL, 0);
  const int fast = talk_watch("");
  expect_source(watch, RILL_SOURCE_REGISTRY, 0);
  rill_queue *queue = create_queue(context, "orders");
  for (unsigned i = 0; i < TIMES; i++) {
    rill_queue_close(open_queue(context, "orders", 0, NULL));
    (void)talk_await(fast, RILLI_EVENT_DETACHED, "orders"); /* so it was reported to all */
  }
  uint64_t roles = 0, lost = 0;
  expect_event(watch, RILL_EVENT_APPEARED, "orders");
  rill_consumer *last = NULL;
  for (int done = 0; !done;) {
    const struct rill_event event = next_event(watch);
    roles++;
    assert_true(event.what == RILL_EVENT_ATTACHED || event.what == RILL_EVENT_DETACHED);
    assert_true(event.lost != RILL_LOST_UNKNOWN);
    lost += event.lost;
    if (!last) /* there is room for it now */
      last = open_consumer(queue, "last", RILL_OLDEST, 0);
    done = event.role == RILL_ROLE_CONSUMER;
  }
  assert_true(lost > 0);
  assert_true(roles + lost == 1 + 2 * TIMES + 1);
  (void)close(fast);
  rill_consumer_close(last);
  rill_queue_close(queue);
  rill_watch_close(watch);
  rill_context_close(context);
}

static void registry_that_is_full_is_asked_again(void **state) {
  enum { WATCHERS = 64 };
  int others[WATCHERS];
  (void)state;
  (void)daemon_start();
  for (unsigned i = 0; i < WATCHERS; i++)
    others[i] = talk_watch("");
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  touch_queue("orders");
  expect_event(watch, RILL_EVENT_APPEARED, "orders");
  (void)close(others[0]);
  expect_source(watch, RILL_SOURCE_REGISTRY, RILL_LOST_UNKNOWN);
  for (unsigned i = 1; i < WATCHERS; i++)
    (void)close(others[i]);
  rill_watch_close(watch);
  rill_context_close(context);
}

static void stopped_registry_is_done_without_until_it_goes_on(void **state) {
  (void)state;
  const pid_t daemon = daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  assert_code(kill(daemon, SIGSTOP), 0);
  rill_watch *watch = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  touch_queue("orders");
  expect_event(watch, RILL_EVENT_APPEARED, "orders");
  assert_code(kill(daemon, SIGCONT), 0);
  expect_source(watch, RILL_SOURCE_REGISTRY, RILL_LOST_UNKNOWN);
  rill_watch_close(watch);
  rill_context_close(context);
}

static int interrupt_it(void *arg) {
  CHECK_EQ(kill(*(const pid_t *)arg, SIGUSR1), 0);
  return 0;
}

static rill_watch *to_interrupt;

static void on_signal(int number) {
  (void)number;
  (void)rill_watch_interrupt(to_interrupt);
}

static void interrupt_ends_a_wait_beside_a_registry(void **state) {
  const struct sigaction action = {.sa_handler = on_signal};
  struct rill_event event = {.size = sizeof event};
  pid_t self = getpid();
  int code;
  (void)state;
  (void)daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_watch *watch = to_interrupt = open_watch(context, NULL, 0);
  expect_source(watch, RILL_SOURCE_REGISTRY, 0);
  assert_code(sigaction(SIGUSR1, &action, NULL), 0);
  const pid_t child = support_child(interrupt_it, &self);
  while ((code = rill_watch_next(watch, RILL_FOREVER, &event)) == -EINTR)
    continue;
  assert_code(code, -ECANCELED);
  assert_code(support_reap(child), 0);
  rill_watch_close(watch);
  rill_context_close(context);
}

/* --- where the kernel refuses inotify -----------------------------------------------------------
 */

static int refused; /* errno; 0: it is not */

int __real_inotify_init1(int flags);
int __wrap_inotify_init1(int flags);
int __real_inotify_add_watch(int fd, const char *path, uint32_t mask);
int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask);

int __wrap_inotify_init1(int flags) {
  if (refused != EMFILE)
    return __real_inotify_init1(flags);
  errno = refused;
  return -1;
}

int __wrap_inotify_add_watch(int fd, const char *path, uint32_t mask) {
  if (refused != ENOSPC)
    return __real_inotify_add_watch(fd, path, mask);
  errno = refused;
  return -1;
}

static void without_inotify_the_directory_is_read(void **state) {
  static const int errors[] = {EMFILE, ENOSPC};
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  for (unsigned i = 0; i < 2; i++) {
    refused = errors[i];
    rill_watch *watch = open_watch(context, NULL, 0);
    refused = 0;
    expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
    touch_queue("orders");
    expect_event(watch, RILL_EVENT_APPEARED, "orders");
    remove_touched("orders");
    touch_queue("orders");
    expect_event(watch, RILL_EVENT_REMOVED, "orders");
    expect_event(watch, RILL_EVENT_APPEARED, "orders");
    remove_touched("orders");
    expect_event(watch, RILL_EVENT_REMOVED, "orders");
    rill_watch_close(watch);
  }
  rill_context_close(context);
}

/* Between inotify's beginning and the reading of the directory. */
static int replaces;

int __real_rilli_list(int dir, const char *pattern, int (*visit)(const char *name, void *arg),
                      void *arg);
int __wrap_rilli_list(int dir, const char *pattern, int (*visit)(const char *name, void *arg),
                      void *arg);

int __wrap_rilli_list(int dir, const char *pattern, int (*visit)(const char *name, void *arg),
                      void *arg) {
  if (replaces) {
    remove_touched("replaced");
    touch_queue("replaced");
    touch_queue("new");
  }
  return __real_rilli_list(dir, pattern, visit, arg);
}

static void changes_during_a_reading_are_reported_once(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  touch_queue("replaced");
  replaces = 1;
  rill_watch *watch = open_watch(context, NULL, 0);
  rill_watch *other = open_watch(context, NULL, RILL_WATCH_EXISTING);
  replaces = 0;
  expect_source(other, RILL_SOURCE_DIRECTORY, 0);
  expect_event(other, RILL_EVENT_APPEARED, "new");
  expect_event(other, RILL_EVENT_APPEARED, "replaced");
  expect_no_event(other);
  expect_source(watch, RILL_SOURCE_DIRECTORY, 0);
  rill_watch_close(other);
  /* The second opening replaced it once more: that is a change like any other. */
  expect_event(watch, RILL_EVENT_REMOVED, "replaced");
  expect_event(watch, RILL_EVENT_APPEARED, "replaced");
  expect_no_event(watch);
  rill_watch_close(watch);
  rill_context_close(context);
}

/* Then the registry's word of names is a hint to look there now. */
static void without_inotify_the_registry_names_queues(void **state) {
  (void)state;
  (void)daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  refused = EMFILE;
  rill_watch *watch = open_watch(context, NULL, 0);
  refused = 0;
  expect_source(watch, RILL_SOURCE_REGISTRY, 0);
  for (unsigned i = 0; i < 20; i++) {
    rill_queue *queue = create_queue(context, "orders");
    expect_event(watch, RILL_EVENT_APPEARED, "orders");
    expect_role(watch, RILL_EVENT_ATTACHED, RILL_ROLE_OPEN, 0);
    rill_queue_close(queue);
    expect_role(watch, RILL_EVENT_DETACHED, RILL_ROLE_OPEN, 0);
    assert_code(rill_queue_unlink(context, "orders"), 0);
    expect_event(watch, RILL_EVENT_REMOVED, "orders");
  }
  rill_watch_close(watch);
  rill_context_close(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_DAEMON(each_role_is_reported_as_it_is_taken_and_given_up),
      WITH_DAEMON(patterns_are_those_of_the_library),
      WITH_DAEMON(death_is_reported_with_its_process),
      WITH_DAEMON(killed_registry_is_survived_and_the_next_one_found),
      WITH_DAEMON(names_alternate_while_registries_come_and_go),
      WITH_DAEMON(slow_watcher_is_told_how_many_it_missed),
      WITH_DAEMON(registry_that_is_full_is_asked_again),
      WITH_DAEMON(stopped_registry_is_done_without_until_it_goes_on),
      WITH_DAEMON(interrupt_ends_a_wait_beside_a_registry),
      WITH_DAEMON(without_inotify_the_directory_is_read),
      WITH_DAEMON(without_inotify_the_registry_names_queues),
      WITH_DAEMON(changes_during_a_reading_are_reported_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
