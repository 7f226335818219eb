/* SPDX-License-Identifier: MIT */
/* perf/bench/open_close.c - what a queue costs before and after its messages: create, open,
 * close, remove, find; with 100, 1,000 and 10,000 queues in the namespace.
 *
 * The queues are small (64 KiB, one group) and kept. Each figure is the median over single
 * calls, in microseconds, of queues that are spread over the names; a registry runs and is
 * asked as well. Nothing is a ratio here, since most of the time is spent in system calls. The
 * question is which column grows. A separate program, like reclaim.c. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

enum { CALLS = 200, SIZES = 3 };
static const unsigned sizes[SIZES] = {100, 1000, 10000};

enum { CREATE, OPEN, CLOSE, OBSERVE, UNLINK, ASK, LIST, LIST_REGISTRY, KINDS };
static const char *const kinds[KINDS] = {
    [CREATE] = "rill_queue_open, RILL_CREATE",
    [OPEN] = "rill_queue_open",
    [CLOSE] = "rill_queue_close",
    [OBSERVE] = "rill_queue_open, RILL_OBSERVE",
    [UNLINK] = "rill_queue_unlink",
    [ASK] = "one look-up at rilld",
    [LIST] = "rill_queue_list, a name",
    [LIST_REGISTRY] = "the list of rilld, a name",
};

static char name_space[64];
static rill_context *context;
static double figures[KINDS][SIZES];

static void check(int good, const char *what) {
  if (good)
    return;
  (void)fprintf(stderr, "rill_perf_open_close: %s: %s\n", what, rill_error());
  exit(1);
}

/* --- queues ------------------------------------------------------------------------ */

static rill_queue *open_queue(unsigned number, unsigned flags) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .max_groups = 1, .lifetime = RILL_KEPT};
  char name[32];
  rill_queue *queue = NULL;
  (void)snprintf(name, sizeof name, "some/queue-%u", number);
  check(rill_queue_open(context, name, flags, flags & RILL_CREATE ? &attr : NULL, RILL_NOW,
                        &queue) == 0,
        "open");
  return queue;
}

static void remove_queue(unsigned number) {
  char name[32];
  (void)snprintf(name, sizeof name, "some/queue-%u", number);
  check(rill_queue_unlink(context, name) == 0, "unlink");
}

/* --- the registry ------------------------------------------------------------------- */

static pid_t start_registry(const char *program) {
  const pid_t child = fork();
  check(child >= 0, "fork");
  if (child == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)freopen("/dev/null", "w", stderr);
    (void)execl(program, "rilld", "--foreground", (char *)NULL);
    _exit(127);
  }
  int fd;
  while ((fd = rilli_registry_connect(rilli_context_dir(context), 0)) < 0)
    check(waitpid(child, NULL, WNOHANG) == 0, program);
  (void)close(fd);
  return child;
}

static union rilli_wire_message answer;

static void ask(int fd, struct rilli_wire_request *request) {
  check(rilli_registry_send(fd, request) == 0, "asking rilld");
  check(rilli_registry_receive(fd, &answer) == RILLI_WIRE_ANSWER, "rilld's answer");
  check(answer.answer.code == 0, answer.answer.text);
}

static void ask_for(int fd, unsigned number) {
  struct rilli_wire_request request;
  char name[32];
  (void)snprintf(name, sizeof name, "some/queue-%u", number);
  rilli_wire_start(&request, RILLI_WIRE_STAT, 0);
  rilli_wire_name(request.name, name);
  ask(fd, &request);
}

static unsigned ask_for_all(int fd) {
  struct rilli_wire_request request;
  unsigned count = 0;
  rilli_wire_start(&request, RILLI_WIRE_LIST, 0);
  do {
    ask(fd, &request);
    count += answer.answer.count;
    memcpy(request.after, answer.answer.rows[answer.answer.count - 1].name, sizeof request.after);
  } while (answer.answer.more);
  return count;
}

/* --- the measurement ---------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
  const int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
  return (one > other) - (one < other);
}

static double median(int64_t *values) {
  qsort(values, CALLS, sizeof *values, by_size);
  return (double)values[CALLS / 2] / 1000;
}

#define TIMED(ret, call)                                                                           \
  do {                                                                                             \
    const int64_t began = rill_clock();                                                            \
    call;                                                                                          \
    (ret) = rill_clock() - began;                                                                  \
  } while (0)

static int count_one(const char *name, void *arg) {
  (void)name;
  ++*(unsigned *)arg;
  return 0;
}

static void measure(int fd, size_t column) {
  static int64_t times[KINDS][CALLS];
  const unsigned size = sizes[column];
  rill_queue *queue;
  for (unsigned i = 0; i < CALLS; i++) {
    const unsigned number = (unsigned)((uint64_t)i * size / CALLS), fresh = size + i;
    TIMED(times[CREATE][i], queue = open_queue(fresh, RILL_CREATE | RILL_EXCLUSIVE));
    rill_queue_close(queue);
    TIMED(times[OPEN][i], queue = open_queue(number, 0));
    TIMED(times[CLOSE][i], rill_queue_close(queue));
    TIMED(times[OBSERVE][i], queue = open_queue(number, RILL_OBSERVE));
    rill_queue_close(queue);
    TIMED(times[ASK][i], ask_for(fd, number));
    TIMED(times[UNLINK][i], remove_queue(fresh));
  }
  for (size_t kind = 0; kind < LIST; kind++)
    figures[kind][column] = median(times[kind]);
  unsigned seen = 0;
  int64_t time;
  TIMED(time, check(rill_queue_list(context, NULL, count_one, &seen) == (int)size, "list"));
  figures[LIST][column] = (double)time / 1000 / size;
  TIMED(time, seen = ask_for_all(fd));
  check(seen == size, "rilld does not list all");
  figures[LIST_REGISTRY][column] = (double)time / 1000 / size;
}

int main(int argc, char **argv) {
  (void)snprintf(name_space, sizeof name_space, "perf-open-%ld", (long)getpid());
  (void)setenv("RILL_NAMESPACE", name_space, 1);
  check(rill_context_open(NULL, &context) == 0, "context");
  const pid_t registry = start_registry(argc > 1 ? argv[1] : RILLD);
  const int fd = rilli_registry_connect(rilli_context_dir(context), 0);
  check(fd >= 0, "registry");
  unsigned made = 0;
  for (size_t column = 0; column < SIZES; column++) {
    for (; made < sizes[column]; made++)
      rill_queue_close(open_queue(made, RILL_CREATE));
    measure(fd, column);
  }
  (void)printf("%-30s %10u %10u %10u queues\n", "us, median", sizes[0], sizes[1], sizes[2]);
  for (size_t kind = 0; kind < KINDS; kind++)
    (void)printf("%-30s %10.1f %10.1f %10.1f\n", kinds[kind], figures[kind][0], figures[kind][1],
                 figures[kind][2]);
  while (made > 0)
    remove_queue(--made);
  (void)close(fd);
  (void)kill(registry, SIGTERM);
  (void)waitpid(registry, NULL, 0);
  rill_context_close(context);
  char path[128];
  (void)snprintf(path, sizeof path, "/dev/shm/rill.%s", name_space);
  (void)rmdir(path);
  return 0;
}
