/* SPDX-License-Identifier: MIT */
/* data_path.c - promise 1 of the design: after open, publish, receive, release, batches and
 * reserve with commit allocate nothing, fault no page and make no system call, in both policies
 * and both fence modes.
 *
 * Allocations: every reference of the library (linked statically here) to an allocator or to
 * mmap goes through a counter (ld --wrap). Faults: getrusage over 100,000 messages and many laps
 * of a fresh ring; an equal run on another queue has brought the code in before. System calls:
 * a seccomp filter under which every one kills the process, but exit and the clock (which the
 * vDSO answers without one, where it can): the kernel itself checks, at full speed, however it is
 * entered. A tracer would change the timing, and would not count what it missed. */
#include "api.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned long allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);

void *__wrap_malloc(size_t size) {
  allocations++;
  return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
  allocations++;
  return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
  allocations++;
  return __real_realloc(old, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  allocations++;
  return __real_mmap(at, size, protection, flags, fd, offset);
}

/* --- the data path ------------------------------------------------------------ */

struct ends {
  rill_producer *producer;
  rill_consumer *consumer;
};

static uint8_t bytes[1024];

static struct ends open_ends(const char *name, uint32_t overflow, uint32_t fence, uint32_t stamp) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 1 << 20, .overflow = overflow};
  const struct rill_producer_attr of_producer = {.size = sizeof of_producer, .stamp = stamp};
  rill_context *context = open_context(fence);
  rill_queue *queue = open_queue(context, name, RILL_CREATE, &attr);
  struct ends ends = {NULL, open_consumer(queue, "g", RILL_OLDEST, 0)};
  assert_code(rill_producer_open(queue, &of_producer, RILL_NOW, &ends.producer), 0);
  rill_queue_close(queue);
  rill_context_close(context);
  return ends;
}

static void close_ends(struct ends ends) {
  rill_producer_close(ends.producer);
  rill_consumer_close(ends.consumer);
}

/* Every way in and every way out, again and again; returns the first code that is wrong. */
static int stream(struct ends ends, int messages) {
  struct rill_message got[8];
  const struct rill_meta meta = {.size = sizeof meta, .type = 3};
  const struct rill_item items[3] = {{bytes, 10, NULL}, {bytes, 700, &meta}, {bytes, 0, NULL}};
  for (int n = 0; n < messages; n += 8) {
    void *data;
    for (size_t i = 0; i < 4; i++) {
      const int code = rill_publish(ends.producer, bytes, 1 + i * 250, RILL_NOW);
      if (code)
        return code;
    }
    int code = rill_reserve(ends.producer, NULL, 900, RILL_NOW, &data);
    if (code == 0)
      code = rill_commit(ends.producer, 333);
    if (code == 0)
      code = rill_publish_batch(ends.producer, items, 3, RILL_NOW) - 3;
    for (int i = 0; code == 0 && i < 4; i++)
      code = rill_receive(ends.consumer, RILL_NOW, got);
    for (int left = 4; code == 0 && left > 0;) {
      const int some = rill_receive_batch(ends.consumer, (size_t)left, RILL_NOW, got);
      code = some < 0 ? some : 0;
      left -= some;
    }
    if (code == 0)
      code = rill_release(ends.consumer, n % 16 ? NULL : &got[0]);
    if (code == 0 && n % 16 == 0)
      code = rill_release(ends.consumer, NULL);
    if (code)
      return code;
  }
  return 0;
}

#define MESSAGES 100000

static void the_data_path_allocates_nothing(void **state) {
  (void)state;
  for (uint32_t overflow = 0; overflow < 2; overflow++) {
    const unsigned long at_first = allocations;
    const struct ends ends = open_ends(overflow ? "o" : "r", overflow, RILL_FENCE_AUTO, overflow);
    assert_true(allocations > at_first); /* the counters count */
    const unsigned long before = allocations;
    assert_code(stream(ends, MESSAGES), 0);
    assert_true(allocations == before);
    close_ends(ends);
  }
}

static void the_data_path_faults_no_page(void **state) {
  (void)state;
  if (SUPPORT_SANITIZED)
    skip(); /* shadow memory faults */
  for (uint32_t overflow = 0; overflow < 2; overflow++) {
    struct rusage before, after;
    const struct ends warm = open_ends(overflow ? "ow" : "rw", overflow, RILL_FENCE_AUTO, 0);
    assert_code(stream(warm, MESSAGES), 0);
    (void)getrusage(RUSAGE_SELF, &after);
    const struct ends ends = open_ends(overflow ? "o" : "r", overflow, RILL_FENCE_AUTO, 0);
    (void)getrusage(RUSAGE_SELF, &before);
    assert_code(stream(ends, MESSAGES), 0);
    (void)getrusage(RUSAGE_SELF, &after);
    assert_int_equal(after.ru_minflt - before.ru_minflt, 0);
    assert_int_equal(after.ru_majflt - before.ru_majflt, 0);
    close_ends(ends);
    close_ends(warm);
  }
}

struct mode {
  uint32_t overflow, fence, stamp, break_it;
};

static int stream_without_system_calls(void *arg) {
  const struct mode *mode = arg;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog program = {sizeof code / sizeof code[0], code};
  char name[32]; /* a fresh queue each time */
  (void)snprintf(name, sizeof name, "q-%u-%u-%u-%u", mode->overflow, mode->fence, mode->stamp,
                 mode->break_it);
  const struct ends ends = open_ends(name, mode->overflow, mode->fence, mode->stamp);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    return 77;
  int result = stream(ends, MESSAGES) != 0;
  if (mode->break_it) { /* no message: it parks, which is a system call */
    struct rill_message message;
    result = rill_receive(ends.consumer, rill_after(1000000), &message);
  }
  return result;
}

static void the_data_path_makes_no_system_call(void **state) {
  (void)state;
  if (SUPPORT_SANITIZED)
    skip(); /* a sanitizer's runtime makes some */
  for (uint32_t overflow = 0; overflow < 2; overflow++)
    for (uint32_t fence = RILL_FENCE_AUTO; fence <= RILL_FENCE_FULL; fence++)
      for (uint32_t stamp = 0; stamp < 2; stamp++) {
        struct mode mode = {overflow, fence, stamp, 0};
        const int status = support_reap(support_child(stream_without_system_calls, &mode));
        if (status == 77)
          skip(); /* no seccomp here */
        assert_code(status, 0);
      }
  struct mode mode = {0, RILL_FENCE_AUTO, 0, 1};
  assert_code(support_reap(support_child(stream_without_system_calls, &mode)), -SIGSYS);
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(the_data_path_allocates_nothing),
                                     BEHAVIOUR(the_data_path_faults_no_page),
                                     BEHAVIOUR(the_data_path_makes_no_system_call)};
  return cmocka_run_group_tests_name("data_path", tests, NULL, NULL);
}
