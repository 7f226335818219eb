/* SPDX-License-Identifier: MIT */
/* scale.c - many queues: the cost of one does not grow with their number, and a process can
 * have a thousand. Shown by counts: the library's references to openat, readdir, unlinkat and
 * mmap go through counters (ld --wrap; it is linked statically here). */
#include "api.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct counts {
  uint64_t opened, read, removed, mapped;
};

static struct counts counts;
static int mmap_fails;

int __real_openat(int dir, const char *name, int flags, ...);
struct dirent *__real_readdir(DIR *entries);
int __real_unlinkat(int dir, const char *name, int flags);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_openat(int dir, const char *name, int flags, ...);
struct dirent *__wrap_readdir(DIR *entries);
int __wrap_unlinkat(int dir, const char *name, int flags);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

int __wrap_openat(int dir, const char *name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  counts.opened++;
  return __real_openat(dir, name, flags, mode);
}

struct dirent *__wrap_readdir(DIR *entries) {
  counts.read++;
  return __real_readdir(entries);
}

int __wrap_unlinkat(int dir, const char *name, int flags) {
  counts.removed++;
  return __real_unlinkat(dir, name, flags);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  counts.mapped++;
  if (mmap_fails) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return __real_mmap(at, size, protection, flags, fd, offset);
}

static rill_queue *open_number(rill_context *context, unsigned number, unsigned flags) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .max_groups = 1, .lifetime = RILL_KEPT};
  char name[24];
  (void)snprintf(name, sizeof name, "q%u", number);
  return open_queue(context, name, flags, &attr);
}

/* Each call once, with a queue of its own. */
static struct counts one_of_each(rill_context *context) {
  counts = (struct counts){.read = 0};
  rill_queue_close(open_number(context, 100000, RILL_CREATE | RILL_EXCLUSIVE));
  rill_queue_close(open_number(context, 100000, 0));
  rill_queue_close(open_number(context, 100000, RILL_OBSERVE));
  assert_code(rill_queue_unlink(context, "q100000"), 0);
  return counts;
}

static void one_queue_costs_the_same_among_many(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  (void)one_of_each(context);
  const struct counts few = one_of_each(context);
  for (unsigned i = 0; i < 200; i++)
    rill_queue_close(open_number(context, i, RILL_CREATE));
  const struct counts many = one_of_each(context);
  assert_true(few.opened > 0 && few.removed > 0 && few.mapped > 0);
  assert_int_equal(many.opened, few.opened);
  assert_int_equal(many.removed, few.removed);
  assert_int_equal(many.mapped, few.mapped);
  assert_int_equal(many.read, 0); /* the directory is not read at all */
  rill_context_close(context);
}

/* A half of a queue is found by reading the directory, which happens only then. */
static void half_of_a_queue_is_still_removed_by_its_name(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  char path[300];
  rill_queue_close(open_number(context, 7, RILL_CREATE));
  (void)snprintf(path, sizeof path, "%s/q7.control", support_directory());
  assert_int_equal(unlink(path), 0);
  counts.read = 0;
  assert_code(rill_queue_unlink(context, "q7"), 0);
  assert_true(counts.read > 0);
  assert_code(rill_queue_unlink(context, "q7"), -ENOENT);
  rill_context_close(context);
}

static unsigned count_descriptors(void) {
  unsigned count = 0;
  DIR *entries = opendir("/proc/self/fd");
  assert_non_null(entries);
  while (readdir(entries))
    count++;
  (void)closedir(entries);
  return count;
}

/* With a producer and a consumer each: a queue takes no descriptor, but ten mappings. */
static void thousand_queues_need_no_descriptors(void **state) {
  enum { QUEUES = 1000 };
  static rill_queue *queues[QUEUES];
  static rill_producer *producers[QUEUES];
  static rill_consumer *consumers[QUEUES];
  (void)state;
  struct statvfs room;
  assert_int_equal(statvfs("/dev/shm", &room), 0);
  if ((uint64_t)room.f_bavail * room.f_frsize < (uint64_t)512 << 20)
    skip(); /* they take 200 MB */
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = 1024;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  rill_context *context = open_context(RILL_FENCE_AUTO);
  const unsigned before = count_descriptors();
  for (unsigned i = 0; i < QUEUES; i++) {
    const uint64_t mapped = counts.mapped;
    queues[i] = open_number(context, i, RILL_CREATE);
    producers[i] = open_producer(queues[i], RILL_ADAPTIVE);
    consumers[i] = open_consumer(queues[i], NULL, RILL_OLDEST, 0);
    assert_true(counts.mapped - mapped < 20);
  }
  assert_int_equal(count_descriptors(), before);
  for (unsigned i = 0; i < QUEUES; i++)
    publish_text(producers[i], "here");
  for (unsigned i = 0; i < QUEUES; i++) {
    expect_text(consumers[i], 0, "here");
    rill_consumer_close(consumers[i]);
    rill_producer_close(producers[i]);
    rill_queue_close(queues[i]);
  }
  rill_context_close(context);
}

static void mapping_too_many_names_the_limit(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queue = NULL;
  rill_queue_close(open_number(context, 1, RILL_CREATE));
  mmap_fails = 1;
  const int code = rill_queue_open(context, "q1", 0, NULL, RILL_NOW, &queue);
  mmap_fails = 0;
  assert_code(code, -ENOMEM);
  assert_non_null(strstr(rill_error(), "vm.max_map_count"));
  rill_context_close(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(one_queue_costs_the_same_among_many),
                                     BEHAVIOUR(half_of_a_queue_is_still_removed_by_its_name),
                                     BEHAVIOUR(thousand_queues_need_no_descriptors),
                                     BEHAVIOUR(mapping_too_many_names_the_limit)};
  return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
