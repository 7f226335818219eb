/* SPDX-License-Identifier: MIT */
/* api_queue.c - rill_queue_open: create, open, wait, replace, refuse; every error it states,
 * with the segment files damaged in each way. */
#include "api.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layout.h"

static rill_context *context;

static int setup(void **state) {
  const int code = support_setup(state);
  context = open_context(RILL_FENCE_AUTO);
  return code;
}

static int teardown(void **state) {
  rill_context_close(context);
  return support_teardown(state);
}

static int try_open(const char *name, unsigned flags, const struct rill_queue_attr *attr,
                    rill_time deadline) {
  rill_queue *queue = NULL;
  const int code = rill_queue_open(context, name, flags, attr, deadline, &queue);
  CHECK(code == 0 || queue == NULL);
  rill_queue_close(queue);
  return code;
}

#define ATTR(...) (&(struct rill_queue_attr){.size = sizeof(struct rill_queue_attr), __VA_ARGS__})

static void create_a_kept_queue(const char *name) {
  assert_code(try_open(name, RILL_CREATE, ATTR(.capacity = 65536, .lifetime = RILL_KEPT), 0), 0);
}

static void invalid_calls_are_refused(void **state) {
  (void)state;
  assert_code(try_open("", RILL_CREATE, NULL, 0), -EINVAL);
  assert_code(try_open(NULL, RILL_CREATE, NULL, 0), -EINVAL);
  assert_code(try_open("a//b", RILL_CREATE, NULL, 0), -EINVAL);
  assert_code(try_open("q", 8, NULL, 0), -EINVAL);
  assert_code(try_open("q", RILL_EXCLUSIVE, NULL, 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE | RILL_OBSERVE, NULL, 0), -EINVAL);
  const struct rill_queue_attr small = {.size = sizeof small.size - 1};
  assert_code(try_open("q", RILL_CREATE, &small, 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.overflow = 2), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.lifetime = 2), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.type = {.reserved = 1}), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.evict_after = -1), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.evict_after = 1, .overflow = RILL_OVERWRITE), 0),
              -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.capacity = (UINT64_C(1) << 40) + 1), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.capacity = UINT64_MAX), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.capacity = 65536, .max_message = 32369), 0),
              -EINVAL);
  const uint64_t large = UINT64_C(1) << 40; /* its ring is never made */
  assert_code(try_open("q", RILL_CREATE, ATTR(.capacity = large, .max_message = 4294966897), 0),
              -EINVAL);
  assert_non_null(strstr(rill_error(), "4294966896"));
  assert_code(try_open("q", RILL_CREATE, ATTR(.capacity = large, .max_message = large / 4), 0),
              -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.max_groups = 1025), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.max_members = 1025, .max_claims = 2000), 0),
              -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.max_members = 2, .max_claims = 1), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.max_members = 2), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.max_claims = 1 << 20), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.mode = 0602), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.mode = 04600), 0), -EINVAL);
  static const char *const twice[] = {"g", "g"}, *const odd[] = {"a/b"};
  assert_code(try_open("q", RILL_CREATE, ATTR(.groups = twice, .group_count = 2), 0), -EINVAL);
  assert_code(try_open("q", RILL_CREATE, ATTR(.groups = odd, .group_count = 1), 0), -EINVAL);
  static const char *const two[] = {"g", "h"};
  assert_code(try_open("q", RILL_CREATE, ATTR(.groups = two, .group_count = 2, .max_groups = 1), 0),
              -EINVAL);
  assert_code(try_open("q", 0, NULL, RILL_NOW), -ENOENT); /* none of them made it */
}

static void attributes_are_rounded_and_filled_in(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "a", RILL_CREATE, NULL);
  struct rill_queue_stat stat = stat_of(queue);
  assert_true(stat.capacity == 1 << 20 && stat.max_message == 1 << 17 && stat.max_groups == 64);
  assert_true(stat.mode == 0700 && stat.overflow == RILL_RELIABLE &&
              stat.lifetime == RILL_TRANSIENT);
  rill_queue_close(queue);
  queue = open_queue(context, "b", RILL_CREATE,
                     ATTR(.capacity = 65537, .max_message = 65136, .max_groups = 1, .mode = 0750));
  stat = stat_of(queue);
  assert_true(stat.capacity == 131072 && stat.max_message == 65136 && stat.max_groups == 1);
  assert_true(stat.mode == 0750);
  rill_queue_close(queue);
  assert_true(stat.max_members == 1 && stat.max_claims == 0);
  queue = open_queue(context, "m", RILL_CREATE,
                     ATTR(.max_groups = 1024, .max_members = 1024, .max_claims = (1 << 20) - 1));
  stat = stat_of(queue); /* 34 GiB of control segment, of which there is next to nothing */
  assert_true(stat.max_members == 1024 && stat.max_claims == (1 << 20) - 1);
  assert_true(stat.control_bytes > UINT64_C(34) << 30 && stat.memory_bytes < 2 << 20);
  rill_consumer_close(open_consumer(queue, "g", RILL_OLDEST, 0));
  assert_code(try_open("m", RILL_CREATE, ATTR(.max_members = 2, .max_claims = 2), 0), -EEXIST);
  rill_queue_close(queue);
  queue = open_queue(context, "c", RILL_CREATE, ATTR(.capacity = 1));
  assert_true(stat_of(queue).capacity == 65536);
  rill_queue_close(queue);
}

static void a_queue_is_made_once_and_then_opened(void **state) {
  (void)state;
  rill_queue *first = open_queue(context, "q", RILL_CREATE, NULL);
  rill_queue *second = open_queue(context, "q", RILL_CREATE, NULL);
  rill_queue *third = open_queue(context, "q", 0, NULL);
  assert_string_equal(stat_of(first).uuid, stat_of(second).uuid);
  assert_string_equal(stat_of(first).uuid, stat_of(third).uuid);
  assert_code(try_open("q", RILL_CREATE | RILL_EXCLUSIVE, NULL, RILL_NOW), -EEXIST);
  assert_code(try_open("r", RILL_CREATE | RILL_EXCLUSIVE, NULL, RILL_NOW), 0);
  rill_queue_close(first);
  rill_queue_close(second);
  rill_queue_close(third);
}

static void an_open_queue_with_other_attributes_is_not_replaced(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "q", RILL_CREATE,
                                 ATTR(.capacity = 65536, .max_message = 1000, .max_groups = 4));
  for (unsigned flags = 0; flags < 2; flags++) {
    assert_code(try_open("q", flags, ATTR(.capacity = 131072), RILL_NOW), -EEXIST);
    assert_non_null(strstr(rill_error(), "65536"));
    assert_code(try_open("q", flags, ATTR(.max_message = 1001), RILL_NOW), -EEXIST);
    assert_code(try_open("q", flags, ATTR(.overflow = RILL_OVERWRITE), RILL_NOW), -EEXIST);
    assert_code(try_open("q", flags, ATTR(.lifetime = RILL_KEPT), RILL_NOW), -EEXIST);
    assert_code(try_open("q", flags, ATTR(.max_groups = 5), RILL_NOW), -EEXIST);
    assert_code(try_open("q", flags, ATTR(.capacity = 60000, .max_message = 1000, .mode = 0660), 0),
                0);
  }
  rill_queue_close(queue);
}

static void a_transient_queue_that_no_process_has_open_is_replaced(void **state) {
  (void)state;
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, ATTR(.capacity = 65536));
  char uuid[40];
  memcpy(uuid, stat_of(queue).uuid, sizeof uuid);
  rill_queue_close(queue);
  assert_code(try_open("q", 0, ATTR(.capacity = 131072), RILL_NOW), -EEXIST);
  queue = open_queue(context, "q", RILL_CREATE, ATTR(.capacity = 131072));
  assert_string_not_equal(stat_of(queue).uuid, uuid);
  assert_true(stat_of(queue).capacity == 131072);
  rill_queue_close(queue);
  create_a_kept_queue("kept");
  assert_code(try_open("kept", RILL_CREATE, ATTR(.capacity = 131072), RILL_NOW), -EEXIST);
}

static void message_types_are_compared_when_both_sides_name_one(void **state) {
  (void)state;
  rill_queue *queue =
      open_queue(context, "q", RILL_CREATE, ATTR(.type = {.id = 7, .size = 24, .version = 2}));
  assert_code(try_open("q", 0, NULL, RILL_NOW), 0);
  assert_code(try_open("q", 0, ATTR(.type = {.id = 7, .size = 24, .version = 2}), RILL_NOW), 0);
  assert_code(try_open("q", 0, ATTR(.type = {.id = 8, .size = 24, .version = 2}), 0), -EPROTOTYPE);
  assert_code(try_open("q", 0, ATTR(.type = {.id = 7, .size = 32, .version = 2}), 0), -EPROTOTYPE);
  assert_code(try_open("q", 0, ATTR(.type = {.id = 7, .size = 24, .version = 3}), 0), -EPROTOTYPE);
  assert_true(stat_of(queue).type.id == 7 && stat_of(queue).type.version == 2);
  rill_queue_close(queue);
  queue = open_queue(context, "any", RILL_CREATE, NULL);
  assert_code(try_open("any", 0, ATTR(.type = {.id = 8, .size = 24, .version = 2}), RILL_NOW), 0);
  rill_queue_close(queue);
}

static void deadlines_of_open_leave_the_error_text_alone(void **state) {
  (void)state;
  assert_code(try_open("a//b", 0, NULL, RILL_NOW), -EINVAL);
  char before[512];
  (void)snprintf(before, sizeof before, "%s", rill_error());
  const rill_time soon = rill_after(3000000);
  assert_code(try_open("absent", 0, NULL, soon), -ETIMEDOUT);
  assert_true(rill_clock() >= soon);
  assert_string_equal(rill_error(), before);
  assert_code(try_open("absent", 0, NULL, 1), -ETIMEDOUT);
  assert_string_equal(rill_error(), before);
  assert_code(try_open("absent", 0, NULL, RILL_NOW), -ENOENT);
  assert_string_not_equal(rill_error(), before);
}

static void *open_and_wait(void *ret) {
  rill_queue *queue = NULL;
  *(int *)ret = rill_queue_open(context, "later", 0, NULL, RILL_FOREVER, &queue);
  rill_queue_close(queue);
  return NULL;
}

static void open_waits_until_a_process_creates_it(void **state) {
  (void)state;
  pthread_t thread;
  int code = 1;
  (void)pthread_create(&thread, NULL, open_and_wait, &code);
  (void)sched_yield();
  rill_queue *queue = open_queue(context, "later", RILL_CREATE, NULL);
  (void)pthread_join(thread, NULL);
  assert_code(code, 0);
  rill_queue_close(queue);
}

static void ignore(int signal_number) {
  (void)signal_number;
}

static _Atomic int done;
static void *open_until_a_signal(void *ret) {
  rill_queue *queue = NULL;
  *(int *)ret = rill_queue_open(context, "never", 0, NULL, RILL_FOREVER, &queue);
  done = 1;
  return NULL;
}

static void a_signal_handler_ends_the_wait_for_a_queue(void **state) {
  (void)state;
  struct sigaction action = {.sa_handler = ignore};
  (void)sigaction(SIGUSR1, &action, NULL);
  pthread_t thread;
  int code = 1;
  done = 0;
  (void)pthread_create(&thread, NULL, open_until_a_signal, &code);
  while (!done) {
    (void)pthread_kill(thread, SIGUSR1);
    (void)sched_yield();
  }
  (void)pthread_join(thread, NULL);
  assert_code(code, -EINTR);
}

/* --- damage ------------------------------------------------------------------- */

static char path[512];

/* The path of one of the files of queue "q". */
static const char *file_of(const char *suffix) {
  DIR *entries = opendir(support_directory());
  assert_non_null(entries);
  path[0] = 0;
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strncmp(entry->d_name, "q.", 2) == 0 && strstr(entry->d_name, suffix))
      (void)snprintf(path, sizeof path, "%s/%s", support_directory(), entry->d_name);
  (void)closedir(entries);
  assert_true(path[0] != 0);
  return path;
}

static void scribble(const char *suffix, size_t offset, const void *data, size_t size) {
  const int fd = open(file_of(suffix), O_RDWR | O_CLOEXEC);
  assert_true(fd >= 0);
  assert_true(pwrite(fd, data, size, (off_t)offset) == (ssize_t)size);
  (void)close(fd);
}

static void expect_damage(int code) {
  assert_code(try_open("q", 0, NULL, RILL_NOW), code);
  assert_code(try_open("q", RILL_CREATE, NULL, RILL_NOW), code);
  assert_code(try_open("q", RILL_OBSERVE, NULL, RILL_NOW), code);
  assert_non_null(strstr(rill_error(), "'q'"));
  assert_code(rill_queue_unlink(context, "q"), 0); /* what cannot be opened can be removed */
  assert_code(try_open("q", 0, NULL, RILL_NOW), -ENOENT);
}

static void unfinished_foreign_damaged_and_newer_segments_are_different_errors(void **state) {
  (void)state;
  static const char *const files[] = {".control", ".data"};
  for (size_t i = 0; i < 2; i++) {
    const uint64_t zero = 0, other = UINT64_C(0x1122334455667788);
    const uint64_t magic = i ? RILLI_DATA_MAGIC : RILLI_CONTROL_MAGIC;
    const uint64_t swapped = __builtin_bswap64(magic);
    const uint32_t order = __builtin_bswap32(RILLI_BYTE_ORDER), format = 2;
    create_a_kept_queue("q");
    scribble(files[i], 0, &zero, 8);
    expect_damage(-EINPROGRESS);
    create_a_kept_queue("q");
    scribble(files[i], 0, &other, 8);
    expect_damage(-EPROTO);
    create_a_kept_queue("q");
    scribble(files[i], 0, &swapped, 8);
    expect_damage(-EPROTO);
    create_a_kept_queue("q");
    scribble(files[i], 8, &order, 4);
    expect_damage(-EPROTO);
    create_a_kept_queue("q");
    scribble(files[i], 12, &format, 4);
    expect_damage(-EPROTONOSUPPORT);
    create_a_kept_queue("q");
    scribble(files[i], 100, &other, 8);
    expect_damage(-EBADMSG);
    create_a_kept_queue("q");
    assert_code(truncate(file_of(files[i]), 65536), 0);
    expect_damage(-EBADMSG);
    create_a_kept_queue("q");
    assert_code(truncate(file_of(files[i]), 10), 0);
    expect_damage(-EBADMSG);
    create_a_kept_queue("q");
    assert_code(chmod(file_of(files[i]), 0606), 0);
    assert_code(try_open("q", 0, NULL, RILL_NOW), -EPERM);
    assert_code(chmod(path, 0600), 0);
    assert_code(rill_queue_unlink(context, "q"), 0);
  }
}

static void a_half_of_a_queue_is_reported_and_removed_by_unlink(void **state) {
  (void)state;
  create_a_kept_queue("q");
  assert_code(unlink(file_of(".data")), 0);
  expect_damage(-EBADMSG);
  create_a_kept_queue("q");
  assert_code(unlink(file_of(".control")), 0);
  assert_code(try_open("q", 0, NULL, RILL_NOW), -ENOENT);
  assert_code(rill_queue_unlink(context, "q"), 0); /* the other half */
  assert_code(rill_queue_unlink(context, "q"), -ENOENT);
}

static void links_and_directories_are_no_segments(void **state) {
  (void)state;
  char name[300], target[300];
  create_a_kept_queue("q");
  (void)snprintf(name, sizeof name, "%s", file_of(".control"));
  (void)snprintf(target, sizeof target, "%s/elsewhere", support_directory());
  assert_code(rename(name, target), 0);
  assert_code(symlink(target, name), 0);
  assert_code(try_open("q", 0, NULL, RILL_NOW), -EPROTO);
  assert_code(unlink(name), 0);
  assert_code(mkdir(name, 0700), 0);
  assert_code(try_open("q", RILL_OBSERVE, NULL, RILL_NOW), -EPROTO);
  assert_code(rmdir(name), 0);
}

static void another_users_segment_is_not_trusted(void **state) {
  (void)state;
  if (geteuid() != 0)
    skip(); /* only the superuser can give a file away */
  create_a_kept_queue("q");
  assert_code(chmod(support_directory(), 01777), 0); /* where any user may make files */
  assert_code(chown(file_of(".control"), 65534, 65534), 0);
  assert_code(try_open("q", 0, NULL, RILL_NOW), -EPERM);
  assert_code(rill_queue_unlink(context, "q"), -EPERM);
}

/* --- resources ------------------------------------------------------------------ */

static void a_queue_that_does_not_fit_is_enospc_with_size_and_remedy(void **state) {
  (void)state;
  assert_code(try_open("q", RILL_CREATE, ATTR(.capacity = UINT64_C(1) << 40), RILL_NOW), -ENOSPC);
  assert_non_null(strstr(rill_error(), "1099511"));
  assert_non_null(strstr(rill_error(), "remount"));
  DIR *entries = opendir(support_directory());
  int files = 0;
  for (struct dirent *entry; (entry = readdir(entries));)
    files += entry->d_name[0] != '.';
  (void)closedir(entries);
  assert_int_equal(files, 0); /* nothing is left of it */
}

static int open_without_the_right(void *unused) {
  (void)unused;
  if (geteuid() == 0)
    CHECK(setresuid(65534, 65534, 65534) == 0);
  CHECK_EQ(try_open("q", 0, NULL, RILL_NOW), -EACCES);
  CHECK_EQ(try_open("q", RILL_OBSERVE, NULL, RILL_NOW), -EACCES);
  CHECK_EQ(try_open("new", RILL_CREATE, NULL, RILL_NOW), -EACCES);
  CHECK_EQ(rill_queue_unlink(context, "q"), -EACCES);
  return 0;
}

static int run_with_own_context(void *run) {
  context = NULL; /* the parent's is not ours */
  if (rill_context_open(NULL, &context))
    return 1;
  return ((int (*)(void *))(uintptr_t)run)(NULL);
}

static void a_segment_without_the_right_to_open_is_eacces(void **state) {
  (void)state;
  create_a_kept_queue("q");
  assert_code(chmod(file_of(".control"), 0), 0);
  assert_code(chmod(support_directory(), 0555), 0);
  assert_code(
      support_reap(support_child(run_with_own_context, (void *)(uintptr_t)open_without_the_right)),
      0);
  assert_code(chmod(support_directory(), 0755), 0);
}

static int open_without_descriptors(void *unused) {
  (void)unused;
  struct rlimit limit = {0, 0};
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_EQ(try_open("q", 0, NULL, RILL_NOW), -EMFILE);
  CHECK_EQ(try_open("new", RILL_CREATE, NULL, RILL_NOW), -EMFILE);
  return 0;
}

static int open_without_memory(void *unused) {
  (void)unused;
  const struct rlimit little = {1 << 20, 1 << 20};
  CHECK(setrlimit(RLIMIT_AS, &little) == 0);
  CHECK_EQ(try_open("q", 0, NULL, RILL_NOW), -ENOMEM);
  return 0;
}

static void no_descriptors_and_no_memory_are_different_errors(void **state) {
  (void)state;
  create_a_kept_queue("q");
  assert_code(support_reap(
                  support_child(run_with_own_context, (void *)(uintptr_t)open_without_descriptors)),
              0);
  if (!SUPPORT_SANITIZED)
    assert_code(
        support_reap(support_child(run_with_own_context, (void *)(uintptr_t)open_without_memory)),
        0);
}

#define QUEUE(function)                                                                            \
  {                                                                                                \
    .name = #function, .test_func = function, .setup_func = setup, .teardown_func = teardown,      \
    .initial_state = (void *)(uintptr_t) #function                                                 \
  }

int main(void) {
  const struct CMUnitTest tests[] = {
      QUEUE(invalid_calls_are_refused),
      QUEUE(attributes_are_rounded_and_filled_in),
      QUEUE(a_queue_is_made_once_and_then_opened),
      QUEUE(an_open_queue_with_other_attributes_is_not_replaced),
      QUEUE(a_transient_queue_that_no_process_has_open_is_replaced),
      QUEUE(message_types_are_compared_when_both_sides_name_one),
      QUEUE(deadlines_of_open_leave_the_error_text_alone),
      QUEUE(open_waits_until_a_process_creates_it),
      QUEUE(a_signal_handler_ends_the_wait_for_a_queue),
      QUEUE(unfinished_foreign_damaged_and_newer_segments_are_different_errors),
      QUEUE(a_half_of_a_queue_is_reported_and_removed_by_unlink),
      QUEUE(links_and_directories_are_no_segments),
      QUEUE(another_users_segment_is_not_trusted),
      QUEUE(a_queue_that_does_not_fit_is_enospc_with_size_and_remedy),
      QUEUE(a_segment_without_the_right_to_open_is_eacces),
      QUEUE(no_descriptors_and_no_memory_are_different_errors)};
  return cmocka_run_group_tests_name("api_queue", tests, NULL, NULL);
}
