/* SPDX-License-Identifier: MIT */
/* api_attach.c - opening producers and consumers: every error, groups up to the last one,
 * fail-over, handles closed in any order, and handles in a forked child. */
#include "api.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static rill_queue *queue;
static rill_producer *none_p;
static rill_consumer *none_c;

static int produce(const struct rill_producer_attr *attr, rill_time deadline) {
  rill_producer *producer = NULL;
  const int code = rill_producer_open(queue, attr, deadline, &producer);
  CHECK(code == 0 || producer == NULL);
  rill_producer_close(producer);
  return code;
}

static int consume(const struct rill_consumer_attr *attr) {
  rill_consumer *consumer = NULL;
  const int code = rill_consumer_open(queue, attr, &consumer);
  CHECK(code == 0 || consumer == NULL);
  rill_consumer_close(consumer);
  return code;
}

#define P(...)                                                                                     \
  (&(struct rill_producer_attr){.size = sizeof(struct rill_producer_attr), __VA_ARGS__})
#define C(...)                                                                                     \
  (&(struct rill_consumer_attr){.size = sizeof(struct rill_consumer_attr), __VA_ARGS__})

static void invalid_attributes_are_refused(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  assert_code(produce(&(struct rill_producer_attr){.size = 1}, RILL_NOW), -EINVAL);
  assert_code(produce(P(.wait = 3), RILL_NOW), -EINVAL);
  assert_code(produce(P(.type = {.reserved = 1}), RILL_NOW), -EINVAL);
  assert_code(consume(&(struct rill_consumer_attr){.size = 1}), -EINVAL);
  assert_code(consume(C(.wait = 3)), -EINVAL);
  assert_code(consume(C(.start = 3)), -EINVAL);
  assert_code(consume(C(.flags = 8)), -EINVAL);
  assert_code(consume(C(.reserved0 = 1)), -EINVAL);
  assert_code(consume(C(.type = {.reserved = 1})), -EINVAL);
  assert_code(consume(C(.group = "")), -EINVAL);
  assert_code(consume(C(.group = "a/b")), -EINVAL);
  assert_code(consume(C(.flags = RILL_KEEP_GROUP)), -EINVAL); /* no group is named */
  assert_code(consume(C(.flags = RILL_TAIL, .group = "g")), -EINVAL);
  assert_code(consume(C(.flags = RILL_TAIL | RILL_KEEP_GROUP)), -EINVAL);
  assert_code(produce(NULL, RILL_NOW), 0);
  assert_code(consume(NULL), 0);
  rill_queue_close(queue);
}

static void message_types_are_checked_at_attach(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  const struct rill_queue_attr attr = {.size = sizeof attr, .type = {5, 16, 1, 0}};
  queue = open_queue(context, "q", RILL_CREATE, &attr);
  assert_code(produce(P(.type = {5, 16, 2, 0}), RILL_NOW), -EPROTOTYPE);
  assert_code(consume(C(.type = {6, 16, 1, 0})), -EPROTOTYPE);
  assert_code(consume(C(.type = {5, 8, 1, 0}, .flags = RILL_TAIL)), -EPROTOTYPE);
  assert_non_null(strstr(rill_error(), "type 5"));
  assert_code(produce(P(.type = {5, 16, 1, 0}), RILL_NOW), 0);
  assert_code(consume(C(.type = {5, 16, 1, 0})), 0);
  assert_code(consume(NULL), 0);
  rill_queue_close(queue);
  rill_context_close(context);
}

static void an_observer_only_reads(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *real = open_queue(context, "q", RILL_CREATE, NULL);
  rill_producer *producer = open_producer(real, RILL_ADAPTIVE);
  queue = open_queue(context, "q", RILL_OBSERVE, NULL);
  assert_code(produce(NULL, RILL_NOW), -EPERM);
  assert_code(consume(NULL), -EPERM);
  assert_code(consume(C(.group = "g")), -EPERM);
  rill_consumer *tail = open_consumer(queue, NULL, RILL_OLDEST, RILL_TAIL);
  publish_text(producer, "seen");
  expect_text(tail, 0, "seen");
  assert_int_equal(stat_of(queue).group_count, 0);
  rill_producer_close(producer);
  rill_queue_close(real); /* the observer holds nothing */
  assert_int_equal(stat_of(queue).attached, 0);
  rill_consumer_close(tail);
  rill_queue_close(queue);
  rill_context_close(context);
}

static void there_is_one_producer_at_a_time(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  assert_code(produce(NULL, RILL_NOW), -EBUSY);
  char before[512];
  (void)snprintf(before, sizeof before, "%s", rill_error());
  assert_code(produce(NULL, 1), -ETIMEDOUT);
  assert_code(produce(NULL, rill_after(1000000)), -ETIMEDOUT);
  assert_string_equal(rill_error(), before);
  rill_producer_close(producer);
  assert_code(produce(NULL, RILL_NOW), 0);
  rill_queue_close(queue);
}

static void *become_producer(void *ret) {
  rill_producer *producer = NULL;
  if (rill_producer_open(queue, NULL, RILL_FOREVER, &producer) == 0)
    *(rill_producer **)ret = producer;
  return NULL;
}

static void a_waiting_producer_goes_on_at_the_next_sequence(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  rill_consumer *consumer = open_consumer(queue, "g", RILL_OLDEST, RILL_FOLLOW);
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  for (uint64_t i = 0; i < 50; i++) {
    pthread_t thread;
    rill_producer *second = NULL;
    (void)pthread_create(&thread, NULL, become_producer, &second);
    publish_text(producer, "one of many");
    void *data;
    assert_code(rill_reserve(producer, NULL, 100, RILL_NOW, &data), 0); /* close aborts it */
    rill_producer_close(producer);
    (void)pthread_join(thread, NULL);
    assert_non_null(second);
    producer = second;
    expect_text(consumer, i, "one of many");
    expect_nothing(consumer, -EAGAIN);
    assert_code(rill_release(consumer, NULL), 0);
    assert_true(stat_of(queue).producer_generation == i + 2);
  }
  rill_producer_close(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
}

static void ignore(int signal_number) {
  (void)signal_number;
}

static _Atomic int ended;
static void *produce_until_a_signal(void *ret) {
  *(int *)ret = produce(NULL, RILL_FOREVER);
  ended = 1;
  return NULL;
}

static void a_signal_handler_ends_the_wait_for_the_lease(void **state) {
  (void)state;
  struct sigaction action = {.sa_handler = ignore};
  (void)sigaction(SIGUSR1, &action, NULL);
  queue = small_queue("q", RILL_RELIABLE);
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  pthread_t thread;
  int code = 1;
  ended = 0;
  (void)pthread_create(&thread, NULL, produce_until_a_signal, &code);
  while (!ended) {
    (void)pthread_kill(thread, SIGUSR1);
    (void)sched_yield();
  }
  (void)pthread_join(thread, NULL);
  assert_code(code, -EINTR);
  rill_producer_close(producer);
  rill_queue_close(queue);
}

static void a_group_has_one_member_at_a_time(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  rill_consumer *member = open_consumer(queue, "g", RILL_OLDEST, 0);
  assert_code(consume(C(.group = "g")), -EBUSY);
  assert_non_null(strstr(rill_error(), "'g'"));
  assert_code(consume(C(.group = "h")), 0);
  rill_consumer_close(member);
  assert_code(consume(C(.group = "g")), 0);
  rill_queue_close(queue);
}

static void the_error_for_one_group_too_many_names_the_limit(void **state) {
  (void)state;
  static const uint32_t limits[] = {0, 1, 100};
  for (size_t k = 0; k < 3; k++) {
    const uint32_t limit = limits[k] ? limits[k] : 64;
    const struct rill_queue_attr attr = {
        .size = sizeof attr, .capacity = 65536, .max_groups = limits[k]};
    rill_context *context = open_context(RILL_FENCE_AUTO);
    queue = open_queue(context, "q", RILL_CREATE, &attr);
    rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
    rill_consumer *all[100];
    for (uint32_t i = 0; i < limit; i++) {
      char name[32];
      (void)snprintf(name, sizeof name, "group-%u", i);
      all[i] = open_consumer(queue, i % 2 ? name : NULL, RILL_OLDEST, 0);
    }
    assert_code(consume(C(.group = "one-more")), -EUSERS);
    assert_non_null(strstr(rill_error(), "max_groups"));
    char number[32];
    (void)snprintf(number, sizeof number, "all %u ", limit);
    assert_non_null(strstr(rill_error(), number));
    assert_code(consume(NULL), -EUSERS);
    assert_code(consume(C(.flags = RILL_TAIL)), 0); /* takes no group */
    publish_text(producer, "to all");
    for (uint32_t i = 0; i < limit; i++)
      expect_text(all[i], 0, "to all");
    assert_true(stat_of(queue).group_count == limit);
    rill_consumer_close(all[limit / 2]);
    assert_code(consume(C(.group = "one-more")), 0);
    for (uint32_t i = 0; i < limit; i++)
      if (i != limit / 2)
        rill_consumer_close(all[i]);
    rill_producer_close(producer);
    rill_queue_close(queue);
    rill_context_close(context);
  }
}

static void a_sequence_of_the_future_is_erange_and_names_the_next(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  for (int i = 0; i < 41; i++)
    publish_text(producer, "x");
  for (uint32_t flags = 0; flags <= RILL_TAIL; flags += RILL_TAIL) {
    assert_code(consume(C(.start = RILL_SEQUENCE, .sequence = 42, .flags = flags)), -ERANGE);
    assert_non_null(strstr(rill_error(), "41"));
    assert_code(consume(C(.start = RILL_SEQUENCE, .sequence = 41, .flags = flags)), 0);
    rill_consumer *consumer = NULL;
    assert_code(rill_consumer_open(queue, C(.start = RILL_SEQUENCE, .sequence = 40, .flags = flags),
                                   &consumer),
                0);
    expect_text(consumer, 40, "x");
    rill_consumer_close(consumer);
  }
  assert_int_equal(stat_of(queue).group_count, 0);
  rill_producer_close(producer);
  rill_queue_close(queue);
}

static void a_removed_queue_admits_no_member(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  queue = open_queue(context, "q", RILL_CREATE, NULL);
  assert_code(rill_queue_unlink(context, "q"), 0);
  assert_code(produce(NULL, RILL_NOW), -ESTALE);
  assert_code(produce(NULL, RILL_FOREVER), -ESTALE);
  assert_code(consume(NULL), -ESTALE);
  assert_code(consume(C(.group = "g")), -ESTALE);
  rill_queue *next = open_queue(context, "q", RILL_CREATE, NULL); /* the name is free */
  assert_code(produce(NULL, RILL_NOW), -ESTALE);
  assert_code(consume(NULL), -ESTALE);
  rill_queue_close(next);
  rill_queue_close(queue);
  rill_context_close(context);
}

/* Zeroes the count of index entries: the ring has no head then. */
static void damage_the_ring(void) {
  DIR *entries = opendir(support_directory());
  char path[512] = "";
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strstr(entry->d_name, ".data"))
      (void)snprintf(path, sizeof path, "%s/%s", support_directory(), entry->d_name);
  (void)closedir(entries);
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  const uint64_t zero = 0;
  assert_true(fd >= 0 && pwrite(fd, &zero, 8, 4096 + 8) == 8);
  (void)close(fd);
}

static void an_invalid_ring_admits_no_member(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  damage_the_ring();
  assert_code(produce(NULL, RILL_NOW), -EPROTO);
  assert_code(consume(NULL), -EPROTO);
  assert_code(consume(C(.flags = RILL_TAIL)), -EPROTO);
  assert_non_null(strstr(rill_error(), "doctor"));
  struct rill_queue_stat stat = {.size = sizeof stat};
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  assert_code(rill_queue_read_stat(queue, &stat), -EPROTO);
  assert_code(rill_group_read_stat(queue, &index, &group), -EPROTO);
  rill_queue_close(queue);
}

static int attach_without(void *what) {
  const struct rlimit none = {0, 0}, little = {1 << 20, 1 << 20};
  queue = small_queue("child", RILL_RELIABLE);
  const int descriptors = *(const char *)what == 'd';
  CHECK(descriptors ? setrlimit(RLIMIT_NOFILE, &none) == 0 : setrlimit(RLIMIT_AS, &little) == 0);
  const int code = descriptors ? -EMFILE : -ENOMEM;
  CHECK_EQ(produce(NULL, RILL_NOW), code);
  CHECK_EQ(consume(NULL), code);
  if (descriptors) {
    struct rill_queue_stat stat = {.size = sizeof stat};
    CHECK_EQ(rill_queue_read_stat(queue, &stat), code);
  }
  return 0;
}

static int attach_without_rights(void *unused) {
  (void)unused;
  if (geteuid() == 0)
    CHECK(setresuid(65534, 65534, 65534) == 0);
  char name_space[64], control[256];
  (void)snprintf(name_space, sizeof name_space, "%.50s-missing", getenv("RILL_NAMESPACE"));
  (void)setenv("RILL_NAMESPACE", name_space, 1);
  queue = small_queue("q", RILL_RELIABLE);
  (void)snprintf(control, sizeof control, "/dev/shm/rill.%s/q.control", name_space);
  CHECK(chmod(control, 0400) == 0);
  CHECK_EQ(produce(NULL, RILL_NOW), -EACCES);
  CHECK_EQ(consume(NULL), -EACCES);
  rill_context *context;
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  CHECK_EQ(rill_queue_unlink(context, "q"), -EACCES);
  CHECK(chmod(control, 0600) == 0);
  CHECK_EQ(rill_queue_unlink(context, "q"), 0);
  *strrchr(control, '/') = 0;
  CHECK(rmdir(control) == 0);
  return 0;
}

static void missing_resources_and_rights_are_different_errors(void **state) {
  (void)state;
  assert_code(support_reap(support_child(attach_without, (void *)(uintptr_t) "d")), 0);
  if (!SUPPORT_SANITIZED)
    assert_code(support_reap(support_child(attach_without, (void *)(uintptr_t) "m")), 0);
  assert_code(support_reap(support_child(attach_without_rights, NULL)), 0);
}

/* In a tmpfs of its own that is full after the queue was made. */
static int join_without_space(void *unused) {
  (void)unused;
  char path[300];
  rill_context_close(open_context(RILL_FENCE_AUTO)); /* makes the directory */
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("none", support_directory(), "tmpfs", 0, "size=1m,mode=700") != 0)
    return 77;
  (void)setenv("RILL_DIR", support_directory(), 1);
  queue = small_queue("q", RILL_RELIABLE);
  (void)snprintf(path, sizeof path, "%s/ballast", support_directory());
  const int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  CHECK(fd >= 0);
  for (off_t at = 0; posix_fallocate(fd, at, 4096) == 0; at += 4096)
    ;
  CHECK_EQ(consume(NULL), -ENOSPC);
  CHECK(strstr(rill_error(), "remount") != NULL);
  CHECK(ftruncate(fd, 0) == 0);
  CHECK_EQ(consume(NULL), 0);
  return 0;
}

static void no_memory_for_a_group_is_enospc_with_its_remedy(void **state) {
  (void)state;
  const int status = support_reap(support_child(join_without_space, NULL));
  if (status == 77)
    skip(); /* it may not mount */
  assert_code(status, 0);
}

/* --- closing ----------------------------------------------------------------------- */

static void handles_close_in_any_order(void **state) {
  (void)state;
  for (int order = 0; order < 24; order++) {
    rill_context *context = open_context(RILL_FENCE_AUTO);
    queue = open_queue(context, "q", RILL_CREATE, NULL);
    rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
    rill_consumer *consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
    publish_text(producer, "x");
    int left[4] = {0, 1, 2, 3}, rest = order;
    for (int n = 4; n > 0; n--) {
      const int pick = left[rest % n];
      left[rest % n] = left[n - 1];
      rest /= n;
      if (pick == 0)
        rill_context_close(context);
      if (pick == 1)
        rill_queue_close(queue);
      if (pick == 2)
        rill_producer_close(producer);
      if (pick == 3)
        rill_consumer_close(consumer);
    }
  }
}

static void producer_and_consumer_work_when_their_parents_are_closed(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE); /* its context is closed already */
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  rill_consumer *consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
  rill_queue_close(queue);
  for (uint64_t i = 0; i < 5000; i++) {
    publish_text(producer, "still here");
    expect_text(consumer, i, "still here");
    assert_code(rill_release(consumer, NULL), 0);
  }
  rill_producer_close(producer);
  expect_nothing(consumer, -EPIPE);
  rill_consumer_close(consumer);
}

/* --- fork --------------------------------------------------------------------------- */

static rill_context *of_parent;

static int use_the_parents_handles(void *unused) {
  (void)unused;
  struct rill_message message;
  struct rill_queue_stat stat = {.size = sizeof stat};
  struct rill_group_stat group = {.size = sizeof group};
  const struct rill_item item = {"x", 1, NULL};
  void *data;
  uint32_t index = 0;
  rill_queue *opened = NULL;
  CHECK_EQ(rill_queue_open(of_parent, "q", RILL_CREATE, NULL, RILL_NOW, &opened), -ECHILD);
  CHECK_EQ(rill_queue_unlink(of_parent, "q"), -ECHILD);
  CHECK_EQ(rill_queue_list(of_parent, NULL, NULL, NULL), -ECHILD);
  CHECK_EQ(rill_queue_gc(of_parent, 0, NULL, NULL), -ECHILD);
  CHECK_EQ(rill_queue_read_stat(queue, &stat), -ECHILD);
  CHECK_EQ(rill_group_read_stat(queue, &index, &group), -ECHILD);
  CHECK_EQ(produce(NULL, RILL_NOW), -ECHILD);
  CHECK_EQ(consume(NULL), -ECHILD);
  CHECK(strstr(rill_error(), "fork") != NULL);
  CHECK_EQ(rill_publish(none_p, "x", 1, RILL_FOREVER), -ECHILD);
  CHECK_EQ(rill_publish_batch(none_p, &item, 1, RILL_FOREVER), -ECHILD);
  CHECK_EQ(rill_reserve(none_p, NULL, 1, RILL_FOREVER, &data), -ECHILD);
  CHECK_EQ(rill_commit(none_p, 0), -ECHILD);
  rill_abort(none_p);
  CHECK_EQ(rill_receive(none_c, RILL_FOREVER, &message), -ECHILD);
  CHECK_EQ(rill_receive_batch(none_c, 1, RILL_FOREVER, &message), -ECHILD);
  CHECK_EQ(rill_release(none_c, NULL), -ECHILD);
  CHECK_EQ(rill_consumer_interrupt(none_c), -ECHILD);
  rill_producer_close(none_p);
  rill_consumer_close(none_c);
  rill_queue_close(queue);
  rill_context_close(of_parent);
  rill_context *own = NULL;
  CHECK_EQ(rill_context_open(NULL, &own), 0);
  CHECK_EQ(rill_queue_open(own, "q", 0, NULL, RILL_NOW, &queue), 0);
  CHECK_EQ(produce(NULL, RILL_NOW), -EBUSY); /* the parent's lease is not ours */
  CHECK_EQ(consume(C(.group = "g")), -EBUSY);
  return 0;
}

static void a_forked_child_is_refused_and_harms_nothing(void **state) {
  (void)state;
  of_parent = open_context(RILL_FENCE_AUTO);
  queue = open_queue(of_parent, "q", RILL_CREATE, NULL);
  none_p = open_producer(queue, RILL_ADAPTIVE);
  none_c = open_consumer(queue, "g", RILL_OLDEST, 0);
  publish_text(none_p, "before");
  assert_code(support_reap(support_child(use_the_parents_handles, NULL)), 0);
  expect_text(none_c, 0, "before");
  publish_text(none_p, "after");
  expect_text(none_c, 1, "after");
  assert_int_equal(stat_of(queue).producer, RILL_PRODUCER_ALIVE);
  assert_int_equal(group_of(queue, "g").state, RILL_GROUP_ACTIVE);
  rill_producer_close(none_p);
  rill_consumer_close(none_c);
  rill_queue_close(queue);
  rill_context_close(of_parent);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(invalid_attributes_are_refused),
      BEHAVIOUR(message_types_are_checked_at_attach),
      BEHAVIOUR(an_observer_only_reads),
      BEHAVIOUR(there_is_one_producer_at_a_time),
      BEHAVIOUR(a_waiting_producer_goes_on_at_the_next_sequence),
      BEHAVIOUR(a_signal_handler_ends_the_wait_for_the_lease),
      BEHAVIOUR(a_group_has_one_member_at_a_time),
      BEHAVIOUR(the_error_for_one_group_too_many_names_the_limit),
      BEHAVIOUR(a_sequence_of_the_future_is_erange_and_names_the_next),
      BEHAVIOUR(a_removed_queue_admits_no_member),
      BEHAVIOUR(an_invalid_ring_admits_no_member),
      BEHAVIOUR(missing_resources_and_rights_are_different_errors),
      BEHAVIOUR(no_memory_for_a_group_is_enospc_with_its_remedy),
      BEHAVIOUR(handles_close_in_any_order),
      BEHAVIOUR(producer_and_consumer_work_when_their_parents_are_closed),
      BEHAVIOUR(a_forked_child_is_refused_and_harms_nothing)};
  return cmocka_run_group_tests_name("api_attach", tests, NULL, NULL);
}
