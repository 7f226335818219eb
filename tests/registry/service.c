/* SPDX-License-Identifier: MIT */
/* service.c - what rilld answers: create, open, list, stat, unlink, watch. */
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api.h"
#include "daemon.h"

static int create(int fd, const char *name, uint64_t capacity, uint32_t flags) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = capacity, .lifetime = RILL_KEPT};
  struct rilli_wire_answer answer;
  talk_create(fd, name, &attr, flags, &answer);
  return answer.code;
}

static int ask_code(int fd, enum rilli_wire_type type, const char *name) {
  struct rilli_wire_answer answer;
  talk_ask(fd, type, name, &answer);
  return answer.code;
}

static void queues_are_made_found_and_removed(void **state) {
  (void)state;
  (void)daemon_start();
  const int fd = talk_open();
  assert_code(create(fd, "orders", 1 << 20, 0), 0);
  assert_code(create(fd, "orders", 1 << 20, 0), 0);
  assert_code(create(fd, "orders", 1 << 20, RILLI_WIRE_EXCLUSIVE), -EEXIST);
  assert_code(create(fd, "not a name", 1 << 20, 0), -EINVAL);
  assert_true(talk_stat(fd, "orders").capacity == 1 << 20);
  assert_code(ask_code(fd, RILLI_WIRE_OPEN, "orders"), 0);
  assert_code(ask_code(fd, RILLI_WIRE_UNLINK, "orders"), 0);
  assert_code(ask_code(fd, RILLI_WIRE_UNLINK, "orders"), -ENOENT);
  assert_code(ask_code(fd, RILLI_WIRE_STAT, "orders"), -ENOENT);
  assert_code(ask_code(fd, RILLI_WIRE_OPEN, "orders"), -ENOENT);
  (void)close(fd);
}

static int create_evicting(int fd, const char *name, int64_t evict_after, uint32_t overflow,
                           struct rilli_wire_answer *ret) {
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = 65536,
                                       .lifetime = RILL_KEPT,
                                       .overflow = overflow,
                                       .evict_after = evict_after};
  talk_create(fd, name, &attr, 0, ret);
  return ret->code;
}

static void queue_that_evicts_is_made_and_its_evictions_are_reported(void **state) {
  struct rilli_wire_answer answer;
  const char text[1000] = "";
  (void)state;
  (void)daemon_start();
  const int fd = talk_open();
  assert_code(create_evicting(fd, "never", -1, RILL_RELIABLE, &answer), -EINVAL);
  assert_non_null(strstr(answer.text, "evict_after"));
  assert_code(create_evicting(fd, "never", INT64_MIN, RILL_RELIABLE, &answer), -EINVAL);
  assert_code(create_evicting(fd, "never", 1, RILL_OVERWRITE, &answer), -EINVAL);
  assert_code(ask_code(fd, RILLI_WIRE_STAT, "never"), -ENOENT);
  assert_code(create_evicting(fd, "orders", 1000000, RILL_RELIABLE, &answer), 0);
  struct rill_queue_stat row = talk_row(&answer.rows[0]);
  assert_true(row.evict_after == 1000000 && row.evictions == 0);
  assert_code(create_evicting(fd, "orders", 1000001, RILL_RELIABLE, &answer), -EEXIST);
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queue = open_queue(context, "orders", 0, NULL);
  rill_consumer *consumer = open_consumer(queue, "billing", RILL_OLDEST, 0);
  rill_producer *producer = open_producer(queue, RILL_PARK);
  for (unsigned i = 0; i < 100; i++)
    assert_code(rill_publish(producer, text, sizeof text, RILL_FOREVER), 0);
  row = talk_stat(fd, "orders");
  assert_true(row.evict_after == 1000000 && row.evictions == 1);
  assert_true(row.depth_messages == 0);
  rill_producer_close(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context);
  (void)close(fd);
}

/* CREATE takes every attribute, and those of a later version only if they are not asked for. */
static void every_attribute_is_taken(void **state) {
  static const char *const groups[] = {"billing", "audit"};
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = 65536,
                                       .max_message = 1000,
                                       .overflow = RILL_RELIABLE,
                                       .lifetime = RILL_KEPT,
                                       .max_groups = 3,
                                       .mode = 0740,
                                       .type = {1, 2, 3, 0},
                                       .owner = getuid(),
                                       .group = getgid(),
                                       .placement = RILL_NO_PREFAULT | RILL_DUMP,
                                       .evict_after = 7,
                                       .groups = groups,
                                       .group_count = 2};
  struct rilli_wire_create create;
  struct rilli_wire_answer answer;
  (void)state;
  (void)daemon_start();
  const int fd = talk_open();
  talk_create(fd, "orders", &attr, 0, &answer);
  assert_code(answer.code, 0);
  const struct rill_queue_stat stat = talk_row(&answer.rows[0]);
  assert_true(stat.capacity == 65536 && stat.max_message == 1000 && stat.max_groups == 3);
  assert_true(stat.lifetime == RILL_KEPT && stat.mode == 0740 && stat.evict_after == 7);
  assert_true(stat.type.id == 1 && stat.type.size == 2 && stat.type.version == 3);
  assert_true(stat.uid == getuid() && stat.gid == getgid() && stat.group_count == 2);
  assert_true(stat.placement == (RILL_NO_PREFAULT | RILL_DUMP));

  rilli_wire_start(&create, RILLI_WIRE_CREATE, 0);
  rilli_wire_name(create.request.name, "later");
  create.value_count = RILLI_WIRE_VALUES;
  create.values[RILLI_WIRE_VALUES - 1] = 1;
  talk_request(fd, &create.request, &answer);
  assert_code(answer.code, -E2BIG);
  create.values[RILLI_WIRE_VALUES - 1] = 0;
  create.values[2] = UINT64_C(1) << 32; /* overflow has 32 bits */
  talk_request(fd, &create.request, &answer);
  assert_code(answer.code, -EINVAL);
  create.values[2] = 0;
  talk_request(fd, &create.request, &answer);
  assert_code(answer.code, 0);
  (void)close(fd);
}

/* The file system decides, and a client that made a queue finds it immediately. */
static void queue_made_by_file_is_seen_immediately(void **state) {
  (void)state;
  (void)daemon_start();
  const int fd = talk_open();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  for (unsigned i = 0; i < 50; i++) {
    rill_queue *queue = open_queue(context, "orders", RILL_CREATE, NULL);
    assert_code(ask_code(fd, RILLI_WIRE_STAT, "orders"), 0);
    rill_queue_close(queue);
    assert_code(rill_queue_unlink(context, "orders"), 0);
    assert_code(ask_code(fd, RILLI_WIRE_STAT, "orders"), -ENOENT);
  }
  rill_context_close(context);
  (void)close(fd);
}

static void list_comes_in_pages_in_the_order_of_names(void **state) {
  enum { QUEUES = 100 };
  char name[32];
  struct rilli_wire_request request;
  struct rilli_wire_answer answer;
  unsigned seen = 0;
  (void)state;
  (void)daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queues[QUEUES];
  for (unsigned i = 0; i < QUEUES; i++) {
    const struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536, .max_groups = 1};
    (void)snprintf(name, sizeof name, "md/%02u", (i * 37) % QUEUES);
    queues[i] = open_queue(context, name, RILL_CREATE, &attr);
  }
  rill_queue *other = small_queue("orders", RILL_RELIABLE);
  const int fd = talk_open();
  rilli_wire_start(&request, RILLI_WIRE_LIST, 0);
  rilli_wire_name(request.name, "md/*");
  do {
    talk_request(fd, &request, &answer);
    assert_code(answer.code, 0);
    for (uint32_t i = 0; i < answer.count; i++) {
      (void)snprintf(name, sizeof name, "md/%02u", seen++);
      assert_string_equal(answer.rows[i].name, name);
      assert_true(talk_row(&answer.rows[i]).capacity == 65536);
      rilli_wire_name(request.after, name);
    }
  } while (answer.more);
  assert_true(seen == QUEUES);
  rill_queue_close(other);
  for (unsigned i = 0; i < QUEUES; i++)
    rill_queue_close(queues[i]);
  rill_context_close(context);
  (void)close(fd);
}

static void watcher_learns_what_happens(void **state) {
  (void)state;
  (void)daemon_start();
  const int watch = talk_watch("ord*");
  rill_queue *queue = small_queue("orders", RILL_RELIABLE);
  (void)talk_await(watch, RILLI_EVENT_APPEARED, "orders");
  struct rilli_wire_event event = talk_await(watch, RILLI_EVENT_ATTACHED, "orders");
  assert_code(event.pid, getpid());
  rill_producer *producer = open_producer(queue, RILL_PARK);
  event = talk_await(watch, RILLI_EVENT_ATTACHED, "orders");
  assert_code(event.kind, RILLI_KIND_PRODUCER);
  rill_consumer *consumer = open_consumer(queue, "billing", RILL_OLDEST, 0);
  event = talk_await(watch, RILLI_EVENT_ATTACHED, "orders");
  assert_code(event.kind, RILLI_KIND_CONSUMER);
  rill_consumer_close(consumer);
  event = talk_await(watch, RILLI_EVENT_DETACHED, "orders");
  assert_code(event.kind, RILLI_KIND_CONSUMER);
  rill_producer_close(producer);
  event = talk_await(watch, RILLI_EVENT_DETACHED, "orders");
  assert_code(event.kind, RILLI_KIND_PRODUCER);
  rill_context *context = open_context(RILL_FENCE_AUTO);
  assert_code(rill_queue_unlink(context, "orders"), 0);
  rill_context_close(context);
  (void)talk_await(watch, RILLI_EVENT_REMOVED, "orders");
  rill_queue_close(queue);
  (void)close(watch);
}

/* A file may contain anything: then it is a row with a reason, and the others are served. */
static void damaged_queue_is_a_row_with_its_reason(void **state) {
  char path[300];
  struct rilli_wire_answer answer;
  (void)state;
  (void)daemon_start();
  rill_queue *queue = small_queue("sound", RILL_RELIABLE);
  (void)snprintf(path, sizeof path, "%s/bad.control", support_directory());
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  assert_true(file >= 0 && write(file, "nonsense", 8) == 8);
  (void)close(file);
  const int fd = talk_open();
  talk_ask(fd, RILLI_WIRE_LIST, "", &answer);
  assert_code(answer.count, 2);
  assert_string_equal(answer.rows[0].name, "bad");
  assert_true(answer.rows[0].code < 0);
  assert_code(answer.rows[1].code, 0);
  (void)close(fd);
  rill_queue_close(queue);
}

/* Touching what was cut off a file is a SIGBUS, which must not end the process that serves all. */
static void truncated_queue_does_not_end_the_registry(void **state) {
  char path[300];
  (void)state;
  const pid_t daemon = daemon_start();
  rill_queue *sound = small_queue("sound", RILL_RELIABLE);
  rill_queue *cut = small_queue("cut", RILL_RELIABLE);
  rill_producer *producer = open_producer(cut, RILL_PARK);
  publish_text(producer, "one");
  const int fd = talk_open();
  assert_true(talk_stat(fd, "cut").sequence == 1);
  rill_producer_close(producer);
  (void)snprintf(path, sizeof path, "%s/%s", support_directory(), cut->segments.data_name);
  assert_code(truncate(path, 0), 0);
  (void)ask_code(fd, RILLI_WIRE_STAT, "cut");
  (void)snprintf(path, sizeof path, "%s/cut.control", support_directory());
  assert_code(truncate(path, 0), 0);
  (void)ask_code(fd, RILLI_WIRE_STAT, "cut");
  assert_code(ask_code(fd, RILLI_WIRE_STAT, "sound"), 0);
  assert_code(kill(daemon, 0), 0);
  (void)close(fd);
  rill_queue_close(sound);
  rill_queue_close(cut);
}

/* --- another user ------------------------------------------------------------------------ */

static int dir_before;

/* Runs as a user without rights. */
static int stranger(void *arg) {
  struct rilli_wire_answer answer;
  struct rilli_wire_notice notice;
  const gid_t group = 65534;
  (void)arg;
  CHECK(setgroups(1, &group) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
  const int fd = rilli_registry_connect(dir_before, 0);
  CHECK(fd >= 0);
  talk_ask(fd, RILLI_WIRE_LIST, "", &answer);
  CHECK_EQ(answer.count, 1);
  CHECK_EQ(strcmp(answer.rows[0].name, "readable"), 0);
  CHECK_EQ(ask_code(fd, RILLI_WIRE_STAT, "readable"), 0);
  CHECK_EQ(ask_code(fd, RILLI_WIRE_STAT, "secret"), -EACCES);
  CHECK_EQ(ask_code(fd, RILLI_WIRE_UNLINK, "readable"), -EPERM);
  CHECK_EQ(create(fd, "mine", 1 << 20, 0), -EPERM);
  rilli_wire_start(&notice, RILLI_WIRE_ATTACH,
                   0); /* not trusted: this client cannot have attached */
  rilli_wire_name(notice.name, "readable");
  talk_send(fd, &notice);
  talk_ask(fd, RILLI_WIRE_WATCH, "", &answer);
  CHECK_EQ(answer.code, 0);
  CHECK_EQ(write(*(int *)arg, "", 1), 1);
  union rilli_wire_message message;
  CHECK_EQ(rilli_registry_receive(fd, &message), RILLI_WIRE_EVENT);
  CHECK_EQ(strcmp(message.event.name, "readable"), 0); /* not "secret", which went before */
  return 0;
}

static void another_user_sees_what_it_may_read_and_changes_nothing(void **state) {
  int pipe_ends[2];
  char byte;
  (void)state;
  if (geteuid() != 0) {
    print_message("needs root to become another user\n");
    skip();
  }
  (void)daemon_start();
  rill_context *context = open_context(RILL_FENCE_AUTO);
  const struct rill_queue_attr group_may_read = {
      .size = sizeof group_may_read, .mode = 0740, .group = 65534};
  rill_queue *secret = open_queue(context, "secret", RILL_CREATE, NULL);
  rill_queue *readable = open_queue(context, "readable", RILL_CREATE, &group_may_read);
  dir_before = open(support_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  assert_code(pipe2(pipe_ends, O_CLOEXEC), 0);
  const pid_t child = support_child(stranger, &pipe_ends[1]);
  (void)close(pipe_ends[1]);
  assert_code(read(pipe_ends[0], &byte, 1), 1);
  rill_producer_close(open_producer(secret, RILL_PARK));
  rill_producer_close(open_producer(readable, RILL_PARK));
  assert_code(support_reap(child), 0);
  (void)close(pipe_ends[0]);
  (void)close(dir_before);
  rill_queue_close(secret);
  rill_queue_close(readable);
  rill_context_close(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_DAEMON(queues_are_made_found_and_removed),
      WITH_DAEMON(queue_that_evicts_is_made_and_its_evictions_are_reported),
      WITH_DAEMON(every_attribute_is_taken),
      WITH_DAEMON(queue_made_by_file_is_seen_immediately),
      WITH_DAEMON(list_comes_in_pages_in_the_order_of_names),
      WITH_DAEMON(watcher_learns_what_happens),
      WITH_DAEMON(damaged_queue_is_a_row_with_its_reason),
      WITH_DAEMON(truncated_queue_does_not_end_the_registry),
      WITH_DAEMON(another_user_sees_what_it_may_read_and_changes_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
