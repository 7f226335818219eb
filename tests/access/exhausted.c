/* SPDX-License-Identifier: MIT */
/* exhausted.c - no descriptor free, no memory, and each system call that may fail, failing.
 *
 * The library's calls go through wrappers (the linker's --wrap); the n-th fails, for each n.
 * An error is clear, leaks nothing, and the same call works when the lack is over. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actors.h"

/* --- calls that fail ------------------------------------------------------------------- */

static unsigned countdown; /* 1: the next one fails; 0: none */
static const char *failed;

static int fails(const char *call, int code) {
  if (countdown == 0 || --countdown != 0)
    return 0;
  failed = call;
  errno = code;
  return 1;
}

#define WRAP(type, call, parameters, arguments, code, value)                                       \
  type __real_##call parameters;                                                                   \
  type __wrap_##call parameters;                                                                   \
  type __wrap_##call parameters {                                                                  \
    return fails(#call, code) ? value : __real_##call arguments;                                   \
  }

WRAP(void *, mmap, (void *base, size_t size, int prot, int flags, int fd, off_t offset),
     (base, size, prot, flags, fd, offset), ENOMEM, MAP_FAILED)
WRAP(int, madvise, (void *base, size_t size, int advice), (base, size, advice), ENOMEM, -1)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), ENOMEM, NULL)
WRAP(void *, realloc, (void *old, size_t size), (old, size), ENOMEM, NULL)
WRAP(char *, strdup, (const char *text), (text), ENOMEM, NULL)
WRAP(int, fstat, (int fd, struct stat *ret), (fd, ret), EIO, -1)
WRAP(int, ftruncate, (int fd, off_t size), (fd, size), EIO, -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), EIO, -1)
WRAP(int, posix_fallocate, (int fd, off_t offset, off_t size), (fd, offset, size), 0, ENOSPC)
WRAP(int, renameat2, (int from_dir, const char *from, int to_dir, const char *to, unsigned flags),
     (from_dir, from, to_dir, to, flags), EIO, -1)
WRAP(ssize_t, pread, (int fd, void *ret, size_t size, off_t offset), (fd, ret, size, offset), EIO,
     -1)

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
  return fails("open", EMFILE) ? -1 : __real_open(path, flags, 0600);
}

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...) {
  return fails("openat", EMFILE) ? -1 : __real_openat(dir, path, flags, 0600);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...) {
  va_list args;
  va_start(args, command);
  void *arg = va_arg(args, void *);
  va_end(args);
  return fails("fcntl", ENOLCK) ? -1 : __real_fcntl(fd, command, arg);
}

/* --- what is tried ------------------------------------------------------------------- */

static const struct rill_queue_attr attr = {
    .size = sizeof attr, .capacity = 65536, .max_groups = 2};
static rill_context *context;
static rill_queue *queue;

static int try_context(void) {
  rill_context *another = NULL;
  const int code = rill_context_open(NULL, &another);
  CHECK((code == 0) == (another != NULL));
  rill_context_close(another);
  return code;
}

static int try_create(void) {
  rill_queue *made = NULL;
  const int code = rill_queue_open(context, "new", RILL_CREATE | RILL_EXCLUSIVE, &attr, RILL_NOW,
                                   &made);
  CHECK((code == 0) == (made != NULL));
  rill_queue_close(made);
  const unsigned lack = countdown;
  countdown = 0;
  if (code == 0)
    CHECK_CODE(rill_queue_unlink(context, "new"), 0);
  countdown = lack;
  return code;
}

static int try_open(void) {
  rill_queue *second = NULL;
  const int code = rill_queue_open(context, "q", 0, NULL, RILL_NOW, &second);
  CHECK((code == 0) == (second != NULL));
  rill_queue_close(second);
  return code;
}

static int try_producer(void) {
  rill_producer *producer = NULL;
  const int code = rill_producer_open(queue, NULL, RILL_NOW, &producer);
  CHECK((code == 0) == (producer != NULL));
  rill_producer_close(producer);
  return code;
}

static int try_consumer(void) {
  rill_consumer *consumer = NULL;
  const struct rill_consumer_attr named = {.size = sizeof named, .group = "g"};
  const int code = rill_consumer_open(queue, &named, &consumer);
  CHECK((code == 0) == (consumer != NULL));
  rill_consumer_close(consumer);
  return code;
}

static int try_tail(void) {
  rill_consumer *consumer = NULL;
  const struct rill_consumer_attr tail = {.size = sizeof tail, .flags = RILL_TAIL};
  const int code = rill_consumer_open(queue, &tail, &consumer);
  CHECK((code == 0) == (consumer != NULL));
  rill_consumer_close(consumer);
  return code;
}

static int try_stat(void) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  return rill_queue_stat(queue, &stat);
}

static int no_visit(const char *name, void *arg) {
  (void)name;
  (void)arg;
  return 0;
}

static int try_list(void) {
  const int count = rill_queue_list(context, NULL, no_visit, NULL);
  return count > 0 ? 0 : count;
}

static int try_gc(void) {
  const int count = rill_queue_gc(context, 0, NULL, NULL);
  return count > 0 ? 0 : count;
}

static const struct {
  const char *name;
  int (*try)(void);
} trials[] = {{"rill_context_open", try_context},   {"creation", try_create},
              {"rill_queue_open", try_open},        {"rill_producer_open", try_producer},
              {"rill_consumer_open", try_consumer}, {"a tail", try_tail},
              {"rill_queue_stat", try_stat},        {"rill_queue_list", try_list},
              {"rill_queue_gc", try_gc}};
#define TRIALS (sizeof trials / sizeof *trials)

static void begin(void) {
  context = context_here();
  queue = open_queue(&attr);
}

static void check_and_end(void) {
  CHECK(stat_of(queue).group_count == 0);
  for (size_t i = 0; i < TRIALS; i++)
    CHECK_CODE(trials[i].try(), 0);
  rill_queue_close(queue);
  gc_leaves_nothing();
  CHECK(mappings_of_segments() == 0);
}

/* An error of its own words, not of the trial before. */
static void check_answer(const char *name, int code, const char *lack) {
  CHECK_THAT(code <= 0 && rill_error()[0], "%s answers %d without %s", name, code, lack);
  switch (-code) {
  case 0: /* what failed was not needed */
  case EMFILE:
  case ENOMEM:
  case ENOSPC:
  case EIO:
  case ENOLCK:
    return;
  default:
    CHECK_THAT(0, "%s answers %d (%s) without %s", name, code, rill_error(), lack);
  }
}

static void each_failing_call_gives_an_error_and_leaks_nothing(void) {
  begin();
  for (size_t i = 0; i < TRIALS; i++) {
    unsigned errors = 0, calls = 1;
    (void)trials[i].try();
    const unsigned descriptors = descriptors_open(), mappings = mappings_of_segments();
    for (;; calls++) {
      countdown = calls;
      failed = NULL;
      const int code = trials[i].try();
      const int over = countdown != 0;
      countdown = 0;
      if (over)
        break;
      at("%s: %s failed as call %u: %d", trials[i].name, failed, calls, code);
      errors += code != 0;
      check_answer(trials[i].name, code, failed);
      CHECK_THAT(descriptors_open() == descriptors, "%s leaks a descriptor when %s fails (%d)",
                 trials[i].name, failed, code);
      CHECK_THAT(mappings_of_segments() == mappings, "%s leaks a mapping when %s fails (%d)",
                 trials[i].name, failed, code);
      CHECK_THAT(files_left(0) == 2, "%s leaves a file when %s fails (%d)", trials[i].name, failed,
                 code);
    }
    (void)printf("  %s: %u calls, %u errors\n", trials[i].name, calls - 1, errors);
    CHECK(calls > 1 && errors > 0);
  }
  check_and_end();
}

static void each_open_without_a_descriptor_is_emfile(void) {
  struct rlimit before;
  begin();
  CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
  for (size_t i = 0; i < TRIALS; i++) {
    unsigned errors = 0;
    const unsigned descriptors = descriptors_open();
    const int lowest = dup(0);
    CHECK(lowest >= 0 && close(lowest) == 0);
    for (rlim_t more = 0; more < 8; more++) {
      const struct rlimit limit = {(rlim_t)lowest + more, before.rlim_max};
      CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
      const int code = trials[i].try();
      CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
      CHECK_THAT(code == 0 || code == -EMFILE, "%s with %u descriptors: %d (%s)", trials[i].name,
                 (unsigned)more, code, rill_error());
      errors += code != 0;
      CHECK(descriptors_open() == descriptors && files_left(0) == 2);
    }
    CHECK(errors < 8 && (errors > 0 || trials[i].try == try_tail)); /* that needs none */
  }
  check_and_end();
}

#define NAMED(function)                                                                            \
  { #function, function }
static const struct test tests[] = {
    NAMED(each_failing_call_gives_an_error_and_leaks_nothing),
    NAMED(each_open_without_a_descriptor_is_emfile),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 30);
}
