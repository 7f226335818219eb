/* SPDX-License-Identifier: MIT */
/* api_stat.c - statistics of queues, lists of them, and reclaim of what dead processes left. */
#include "api.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static rill_context *context;

static int setup(void **state) {
  const int code = support_setup(state);
  context = open_context(RILL_FENCE_FULL);
  return code;
}

static int teardown(void **state) {
  rill_context_close(context);
  return support_teardown(state);
}

#define ATTR(...) (&(struct rill_queue_attr){.size = sizeof(struct rill_queue_attr), __VA_ARGS__})

static void make(const char *name, uint32_t lifetime) {
  rill_queue_close(
      open_queue(context, name, RILL_CREATE, ATTR(.capacity = 65536, .lifetime = lifetime)));
}

static uint64_t memory_of(const char *name) {
  uint64_t bytes = 0;
  DIR *entries = opendir(support_directory());
  assert_non_null(entries);
  for (struct dirent *entry; (entry = readdir(entries));) {
    struct stat status;
    if (strncmp(entry->d_name, name, strlen(name)) == 0 && entry->d_name[strlen(name)] == '.' &&
        fstatat(dirfd(entries), entry->d_name, &status, 0) == 0)
      bytes += (uint64_t)status.st_blocks * 512;
  }
  (void)closedir(entries);
  return bytes;
}

static void sound(const struct rill_finding *finding, void *arg) {
  (void)arg;
  assert_true(finding->kind == RILL_FINE);
}

/* Nor does it when each of them is looked for. */
static void a_group_that_never_was_takes_no_memory(void **state) {
  (void)state;
  if (sysconf(_SC_PAGESIZE) != 4096)
    skip();
  const char *const declared[] = {"a", "b"};
  rill_queue_close(open_queue(
      context, "fixed", RILL_CREATE,
      ATTR(.capacity = 65536, .lifetime = RILL_KEPT, .groups = declared, .group_count = 2)));
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, ATTR(.capacity = 65536));
  const uint64_t first = memory_of("q");
  assert_true(first == stat_of(queue).memory_bytes && first - stat_of(queue).data_bytes == 12288);
  assert_true(memory_of("fixed") == first + 2 * 4096);
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  for (int i = 0; i < 100; i++)
    assert_code(rill_publish(producer, declared, 8, RILL_NOW), 0);
  assert_code(rill_queue_examine(context, "q", sound, NULL), 0);
  assert_code(rill_queue_gc(context, 0, NULL, NULL), 0);
  assert_code(rill_group_unlink(queue, "g"), -ENOENT);
  assert_true(stat_of(queue).memory_bytes == first && memory_of("q") == first);
  for (uint64_t round = 1; round < 3; round++) { /* a row is used again */
    rill_consumer *one = open_consumer(queue, "one", RILL_OLDEST, 0);
    rill_consumer *two = open_consumer(queue, NULL, RILL_LATEST, 0);
    assert_true(stat_of(queue).memory_bytes == first + 2 * 4096);
    assert_true(memory_of("q") == first + 2 * 4096);
    rill_consumer_close(one);
    rill_consumer_close(two);
  }
  rill_producer_close(producer);
  assert_true(memory_of("q") == first + 2 * 4096);
  rill_queue_close(queue);
}

static void the_numbers_of_a_queue_are_right(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "md/numbers", RILL_CREATE,
                                 ATTR(.capacity = 65536, .max_message = 1000, .max_groups = 8,
                                      .mode = 0750, .lifetime = RILL_KEPT, .type = {1, 2, 3, 0}));
  struct rill_queue_stat stat = stat_of(queue);
  assert_string_equal(stat.name, "md/numbers");
  assert_true(strlen(stat.uuid) == 32);
  assert_true(stat.capacity == 65536 && stat.max_message == 1000 && stat.quantum == 2048);
  assert_true(stat.data_bytes > 65536 && stat.control_bytes > 8 * 65536);
  assert_true(stat.overflow == RILL_RELIABLE && stat.lifetime == RILL_KEPT);
  assert_true(stat.producer == RILL_PRODUCER_NONE && stat.producer_generation == 0);
  assert_true(stat.sequence == 0 && stat.position == 0 && stat.depth_messages == 0);
  assert_true(stat.group_count == 0 && stat.max_groups == 8 && stat.mode == 0750);
  assert_true(stat.uid == geteuid() && !stat.removed && stat.attached && !stat.waiting);
  assert_true(stat.type.id == 1 && stat.type.size == 2 && stat.type.version == 3);
  assert_true(stat.created > 0 && stat.fence == 0);
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  rill_consumer *fast = open_consumer(queue, "fast", RILL_OLDEST, 0);
  rill_consumer *slow = open_consumer(queue, "slow", RILL_OLDEST, RILL_KEEP_GROUP);
  for (uint64_t i = 0; i < 10; i++) {
    publish_text(producer, "0123456789"); /* 32 bytes of ring */
    expect_text(fast, i, "0123456789");
  }
  assert_code(rill_release(fast, NULL), 0);
  expect_nothing(fast, -EAGAIN);
  for (uint64_t i = 0; i < 4; i++)
    expect_text(slow, i, "0123456789");
  assert_code(rill_release(slow, NULL), 0);
  stat = stat_of(queue);
  assert_true(stat.producer == RILL_PRODUCER_ALIVE && stat.producer_generation == 1);
  assert_true(stat.producer_pid == getpid() && stat.fence == RILL_FENCE_FULL);
  assert_true(stat.sequence == 10 && stat.position == 320 && stat.limit >= 320);
  assert_true(stat.group_count == 2);
  assert_true(stat.depth_messages == 10 && stat.depth_bytes == 320 && stat.oldest == 0); /* lazy */
  const struct rill_group_stat at_head = group_of(queue, "fast");
  assert_true(at_head.state == RILL_GROUP_ACTIVE && !at_head.keep && at_head.sequence == 10);
  assert_true(at_head.lag_messages == 0 && at_head.lag_bytes == 0 && at_head.lag_age == 0);
  assert_true(at_head.pid == getpid() && at_head.fence == RILL_FENCE_FULL);
  rill_consumer_close(slow); /* what it released is published now */
  const struct rill_group_stat kept = group_of(queue, "slow");
  assert_true(kept.state == RILL_GROUP_KEPT && kept.keep && kept.sequence == 4);
  assert_true(kept.position == 128 && kept.lag_messages == 6 && kept.lag_bytes == 192);
  assert_true(kept.lag_age > 0 && kept.pid == 0);
  stat = stat_of(queue);
  assert_true(stat.depth_messages == 6 && stat.oldest == 4);
  rill_producer_close(producer);
  assert_int_equal(stat_of(queue).producer, RILL_PRODUCER_CLOSED);
  rill_consumer_close(fast);
  rill_queue_close(queue);
}

static void the_losses_of_a_group_are_counted(void **state) {
  (void)state;
  rill_queue *queue =
      open_queue(context, "q", RILL_CREATE, ATTR(.capacity = 65536, .overflow = RILL_OVERWRITE));
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  rill_consumer *consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
  for (int i = 0; i < 10000; i++)
    publish_text(producer, "0123456789");
  struct rill_message message;
  assert_code(rill_receive(consumer, RILL_NOW, &message), 0);
  assert_true(message.lost > 7000 && message.sequence == message.lost);
  assert_true(group_of(queue, "g").lost == message.lost);
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(queue);
}

static void publish_due(rill_producer *producer, int64_t time) {
  const struct rill_meta meta = {.size = sizeof meta, .time = time};
  const struct rill_item item = {"late", 4, &meta};
  assert_code(rill_publish_batch(producer, &item, 1, RILL_NOW), 1);
}

static void expect_latencies(const struct rill_group_stat *group, uint64_t least, uint64_t most,
                             int64_t span) {
  assert_in_range(group->latency_count, least, most);
  assert_true(group->latency_p50 >= span && group->latency_p50 <= group->latency_p99);
  assert_true(group->latency_p99 <= group->latency_p999);
  assert_true(group->latency_p999 <= group->latency_max);
}

static void expect_no_latencies(const struct rill_group_stat *group) {
  assert_true(group->latency_count == 0 && group->latency_p50 == 0 && group->latency_p99 == 0 &&
              group->latency_p999 == 0 && group->latency_max == 0);
}

static void each_member_counts_its_own_latencies(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, ATTR(.capacity = 65536));
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  rill_consumer *kept = open_consumer(queue, "kept", RILL_OLDEST, RILL_KEEP_GROUP);
  rill_consumer *other = open_consumer(queue, "other", RILL_OLDEST, 0);
  struct rill_group_stat group = group_of(queue, "kept");
  expect_no_latencies(&group);
  const int64_t span = 1000000;
  for (uint64_t i = 0; i < 1600; i++) {
    publish_due(producer, rill_clock() - span);
    publish_text(producer, "no time");
    expect_text(kept, 2 * i, "late");
    expect_text(kept, 2 * i + 1, "no time");
    assert_code(rill_release(kept, NULL), 0);
    expect_text(other, 2 * i, "late");
    expect_text(other, 2 * i + 1, "no time");
    assert_code(rill_release(other, NULL), 0);
  }
  group = group_of(queue, "kept");
  expect_latencies(&group, 1600 - 64, 1600 + 64, span); /* one in 16 counts for 16 */
  group = group_of(queue, "other");
  expect_latencies(&group, 1600 - 64, 1600 + 64, span);
  rill_consumer_close(kept);
  group = group_of(queue, "kept");
  assert_true(group.state == RILL_GROUP_KEPT);
  expect_no_latencies(&group);
  kept = open_consumer(queue, "kept", RILL_OLDEST, RILL_KEEP_GROUP);
  group = group_of(queue, "kept");
  assert_true(group.state == RILL_GROUP_ACTIVE);
  expect_no_latencies(&group); /* its predecessor's are gone */
  rill_consumer_close(kept);
  rill_consumer_close(other);
  rill_consumer *again = open_consumer(queue, NULL, RILL_LATEST, 0); /* other's row */
  group = group_of(queue, "");
  expect_no_latencies(&group);
  rill_consumer_close(again);
  rill_producer_close(producer);
  rill_queue_close(queue);
}

static rill_producer *awaited;

static void *publish_when_it_waits(void *queue) {
  while (group_of(queue, "g").parks == 0)
    sched_yield();
  publish_due(awaited, rill_clock() - 5000000);
  return NULL;
}

static void what_a_member_waits_for_is_counted_exactly(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, ATTR(.capacity = 65536));
  awaited = open_producer(queue, RILL_ADAPTIVE);
  const struct rill_consumer_attr attr = {.size = sizeof attr, .group = "g", .wait = RILL_PARK};
  rill_consumer *consumer;
  assert_code(rill_consumer_open(queue, &attr, &consumer), 0);
  pthread_t thread;
  assert_code(pthread_create(&thread, NULL, publish_when_it_waits, queue), 0);
  expect_text(consumer, 0, "late");
  assert_code(pthread_join(thread, NULL), 0);
  const struct rill_group_stat group = group_of(queue, "g");
  expect_latencies(&group, 1, 1, 5000000);
  assert_true(group.latency_p50 == group.latency_max); /* no percentile is above the maximum */
  rill_consumer_close(consumer);
  rill_producer_close(awaited);
  rill_queue_close(queue);
}

static void stat_fills_what_the_size_says(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, NULL);
  struct {
    struct rill_queue_stat stat;
    uint64_t later;
  } longer = {{.size = sizeof longer}, 1};
  struct rill_queue_stat stat;
  struct rill_group_stat group = {.size = 0};
  uint32_t index = 0;
  memset(&stat, 0xa5, sizeof stat);
  stat.size = offsetof(struct rill_queue_stat, max_message);
  assert_code(rill_queue_read_stat(queue, &stat), 0);
  assert_int_equal(stat.size, offsetof(struct rill_queue_stat, max_message));
  assert_true(stat.capacity == 1 << 20 && stat.max_message == UINT64_C(0xa5a5a5a5a5a5a5a5));
  assert_code(rill_queue_read_stat(queue, &longer.stat), 0);
  assert_true(longer.stat.size == sizeof longer.stat && longer.later == 0);
  stat.size = 7;
  assert_code(rill_queue_read_stat(queue, &stat), -EINVAL);
  assert_code(rill_group_read_stat(queue, &index, &group), -EINVAL);
  group.size = sizeof group;
  assert_code(rill_group_read_stat(queue, &index, &group), 0); /* none */
  index = UINT32_MAX;
  assert_code(rill_group_read_stat(queue, &index, &group), 0);
  rill_queue_close(queue);
}

/* --- list ----------------------------------------------------------------------- */

static char listed[1024];

static int append(const char *name, void *arg) {
  assert_ptr_equal(arg, listed);
  (void)strncat(listed, name, 300);
  (void)strncat(listed, " ", 2);
  return 0;
}

static int stop_at_b(const char *name, void *arg) {
  (void)arg;
  return strcmp(name, "b") == 0 ? 42 : 0;
}

static void expect_list(const char *pattern, int count, const char *names) {
  listed[0] = 0;
  assert_code(rill_queue_list(context, pattern, append, listed), count);
  assert_string_equal(listed, names);
}

static void queues_are_listed_by_pattern_in_order(void **state) {
  (void)state;
  expect_list(NULL, 0, "");
  static const char *const names[] = {"b", "md/x/fdax", "a", "md/fgbl", "c.d"};
  for (size_t i = 0; i < 5; i++)
    make(names[i], RILL_KEPT);
  char stray[256];
  (void)snprintf(stray, sizeof stray, "%s/stray", support_directory());
  (void)close(open(stray, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  expect_list(NULL, 5, "a b c.d md/fgbl md/x/fdax ");
  expect_list("*", 5, "a b c.d md/fgbl md/x/fdax ");
  expect_list("md/*", 2, "md/fgbl md/x/fdax ");
  expect_list("*f*", 2, "md/fgbl md/x/fdax ");
  expect_list("?", 2, "a b ");
  expect_list("[bc]*", 2, "b c.d ");
  expect_list("none", 0, "");
  assert_code(rill_queue_list(context, NULL, stop_at_b, NULL), 42);
}

static int list_without_the_right(void *unused) {
  (void)unused;
  rill_context *own;
  CHECK_EQ(rill_context_open(NULL, &own), 0);
  if (geteuid() == 0)
    CHECK(setresuid(65534, 65534, 65534) == 0);
  CHECK_EQ(rill_queue_list(own, NULL, stop_at_b, NULL), -EACCES);
  CHECK_EQ(rill_queue_gc(own, 0, NULL, NULL), -EACCES);
  return 0;
}

static void a_closed_directory_cannot_be_listed(void **state) {
  (void)state;
  assert_code(chmod(support_directory(), geteuid() == 0 ? 0700 : 0), 0);
  if (geteuid() == 0)
    assert_code(support_reap(support_child(list_without_the_right, NULL)), 0);
  assert_code(chmod(support_directory(), 0700), 0);
}

/* --- gc and unlink ----------------------------------------------------------------- */

static int reports;
static uint64_t reported_bytes;

static void report(const struct rill_gc_item *item, void *arg) {
  assert_ptr_equal(arg, &reports);
  assert_true(item->size == sizeof *item && strlen(item->name) > 0 && strlen(item->what) > 0);
  reports++;
  reported_bytes += item->bytes;
}

static void expect_gc(int count) {
  for (unsigned flags = RILL_GC_DRY_RUN + 1; flags-- > 0;) {
    for (int again = 0; again < 2; again++) {
      reports = 0;
      const int now = flags == 0 && again ? 0 : count; /* only the real one changes anything */
      assert_code(rill_queue_gc(context, flags, report, &reports), now);
      assert_int_equal(reports, now);
    }
  }
  assert_code(rill_queue_gc(context, 0, NULL, NULL), 0);
}

static void gc_removes_transient_queues_that_no_process_has_open(void **state) {
  (void)state;
  assert_code(rill_queue_gc(context, 2, NULL, NULL), -EINVAL);
  make("idle", RILL_TRANSIENT);
  make("kept", RILL_KEPT);
  rill_queue *open = open_queue(context, "open", RILL_CREATE, NULL);
  reported_bytes = 0;
  expect_gc(1);
  assert_true(reported_bytes > 3 * 65536);
  expect_list(NULL, 2, "kept open ");
  rill_queue_close(open);
  expect_gc(1);
  expect_list(NULL, 1, "kept ");
}

static void gc_removes_halves_and_unfinished_files(void **state) {
  (void)state;
  char path[512], other[512];
  make("one", RILL_KEPT);
  make("two", RILL_KEPT);
  make("three", RILL_KEPT);
  (void)snprintf(path, sizeof path, "%s/one.control", support_directory());
  assert_code(unlink(path), 0); /* leaves its data */
  DIR *entries = opendir(support_directory());
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strncmp(entry->d_name, "two.", 4) == 0 && strstr(entry->d_name, ".data")) {
      (void)snprintf(path, sizeof path, "%s/%s", support_directory(), entry->d_name);
      (void)snprintf(other, sizeof other, "%s/+0123456789abcdef0123456789abcdef",
                     support_directory());
      assert_code(rename(path, other), 0); /* leaves a half and an unfinished file */
    }
  (void)closedir(entries);
  expect_gc(3);
  expect_list(NULL, 1, "three ");
}

static int join_and_die(void *unused) {
  (void)unused;
  rill_context *own;
  rill_queue *queue;
  rill_consumer *consumer;
  CHECK_EQ(rill_context_open(NULL, &own), 0);
  CHECK_EQ(rill_queue_open(own, "q", 0, NULL, RILL_NOW, &queue), 0);
  const struct rill_consumer_attr attr = {.size = sizeof attr, .group = "g"};
  const struct rill_consumer_attr keep = {
      .size = sizeof attr, .group = "k", .flags = RILL_KEEP_GROUP};
  CHECK_EQ(rill_consumer_open(queue, &attr, &consumer), 0);
  CHECK_EQ(rill_consumer_open(queue, &keep, &consumer), 0);
  (void)raise(SIGKILL);
  return 0;
}

static void gc_reclaims_dead_consumers(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, NULL);
  assert_code(support_reap(support_child(join_and_die, NULL)), -SIGKILL);
  assert_int_equal(group_of(queue, "g").state, RILL_GROUP_DEAD);
  assert_int_equal(group_of(queue, "k").state, RILL_GROUP_DEAD);
  expect_gc(2);
  assert_int_equal(group_of(queue, "g").state, 0);
  assert_int_equal(group_of(queue, "k").state, RILL_GROUP_KEPT);
  rill_queue_close(queue);
}

static void unlink_frees_the_name_immediately(void **state) {
  (void)state;
  assert_code(rill_queue_unlink(context, "q"), -ENOENT);
  assert_code(rill_queue_unlink(context, "a//b"), -EINVAL);
  make("q", RILL_KEPT);
  rill_queue *old = open_queue(context, "q", 0, NULL);
  rill_producer *producer = open_producer(old, RILL_ADAPTIVE);
  rill_consumer *consumer = open_consumer(old, NULL, RILL_OLDEST, 0);
  publish_text(producer, "old");
  assert_code(rill_queue_unlink(context, "q"), 0);
  assert_code(rill_queue_unlink(context, "q"), -ENOENT);
  expect_list(NULL, 0, "");
  rill_queue *fresh = open_queue(context, "q", RILL_CREATE, NULL);
  assert_string_not_equal(stat_of(old).uuid, stat_of(fresh).uuid);
  assert_true(stat_of(old).removed && !stat_of(fresh).removed);
  expect_text(consumer, 0, "old"); /* what is there can be read */
  expect_nothing(consumer, -ESTALE);
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(old);
  assert_true(stat_of(fresh).sequence == 0);
  rill_queue_close(fresh);
}

#define STAT(function)                                                                             \
  {                                                                                                \
    .name = #function, .test_func = function, .setup_func = setup, .teardown_func = teardown,      \
    .initial_state = (void *)(uintptr_t) #function                                                 \
  }

int main(void) {
  const struct CMUnitTest tests[] = {STAT(a_group_that_never_was_takes_no_memory),
                                     STAT(the_numbers_of_a_queue_are_right),
                                     STAT(the_losses_of_a_group_are_counted),
                                     STAT(each_member_counts_its_own_latencies),
                                     STAT(what_a_member_waits_for_is_counted_exactly),
                                     STAT(stat_fills_what_the_size_says),
                                     STAT(queues_are_listed_by_pattern_in_order),
                                     STAT(a_closed_directory_cannot_be_listed),
                                     STAT(gc_removes_transient_queues_that_no_process_has_open),
                                     STAT(gc_removes_halves_and_unfinished_files),
                                     STAT(gc_reclaims_dead_consumers),
                                     STAT(unlink_frees_the_name_immediately)};
  return cmocka_run_group_tests_name("api_stat", tests, NULL, NULL);
}
