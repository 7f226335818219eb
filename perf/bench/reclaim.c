/* SPDX-License-Identifier: MIT */
/* perf/bench/reclaim.c - how long after kill -9 the registry alone has reclaimed a consumer.
 *
 * A child joins a group and is killed; this process only polls: when the child's lease is seen
 * free (the limit: the kernel's own time), and when its row is given back by rilld, which is
 * started here. Both are measured for the same death. Then the same with children that have
 * much memory, which the kernel must free before it releases the lease. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "lease.h"
#include "row.h"

enum { ROUNDS = 300, FEW_ROUNDS = 30 };
#define MUCH ((size_t)512 << 20)

static char name_space[64];

static void check(int good, const char *what) {
  if (good)
    return;
  (void)fprintf(stderr, "rill_perf_reclaim: %s: %s\n", what, rill_error());
  exit(1);
}

static rill_queue *open_queue(unsigned flags) {
  rill_context *context;
  rill_queue *queue;
  const struct rill_queue_attr attr = {.size = sizeof attr, .lifetime = RILL_KEPT};
  check(rill_context_open(NULL, &context) == 0, "context");
  check(rill_queue_open(context, "reclaim", flags, &attr, RILL_NOW, &queue) == 0, "queue");
  rill_context_close(context);
  return queue;
}

/* --- the processes ------------------------------------------------------------------- */

static pid_t start_registry(const char *program) {
  const pid_t child = fork();
  check(child >= 0, "fork");
  if (child == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)freopen("/dev/null", "w", stderr);
    (void)execl(program, "rilld", "--foreground", (char *)NULL);
    _exit(127);
  }
  rill_context *context;
  check(rill_context_open(NULL, &context) == 0, "context");
  int fd;
  while ((fd = rilli_registry_connect(rilli_context_dir(context), 0)) < 0)
    check(waitpid(child, NULL, WNOHANG) == 0, program);
  (void)close(fd);
  rill_context_close(context);
  return child;
}

static void be_a_consumer(int ready, size_t resident) {
  rill_consumer *consumer;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  const struct rill_consumer_attr attr = {.size = sizeof attr, .group = "victim"};
  check(rill_consumer_open(open_queue(RILL_CREATE), &attr, &consumer) == 0, "consumer");
  if (resident) {
    void *memory = mmap(NULL, resident, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    check(memory != MAP_FAILED, "memory");
  }
  check(write(ready, "", 1) == 1, "pipe");
  for (;;)
    (void)pause();
}

static pid_t start_victim(size_t resident) {
  int ends[2];
  char byte;
  check(pipe(ends) == 0, "pipe");
  (void)fflush(NULL);
  const pid_t child = fork();
  check(child >= 0, "fork");
  if (child == 0)
    be_a_consumer(ends[1], resident);
  check(read(ends[0], &byte, 1) == 1, "pipe");
  (void)close(ends[0]);
  (void)close(ends[1]);
  return child;
}

/* --- the measurement -------------------------------------------------------------------- */

struct times {
  int64_t lease_free, reclaimed;
};

static struct times kill_one(const rill_queue *queue, const struct rilli_file *control,
                             size_t resident) {
  const pid_t victim = start_victim(resident);
  const struct rilli_member member = {0, 0};
  const struct rilli_group *group = rilli_group_at(&queue->segments.ring, member.group);
  struct times times = {0, 0};
  const int64_t start = rill_clock();
  check(kill(victim, SIGKILL) == 0, "kill");
  while (!times.reclaimed) {
    if (!times.lease_free && rilli_lock_held(control->fd, RILLI_LEASE_MEMBER(member), 1) == 0)
      times.lease_free = rill_clock() - start;
    if (rilli_row_state(group) == RILLI_GROUP_NONE)
      times.reclaimed = rill_clock() - start;
  }
  if (!times.lease_free) /* both between two polls */
    times.lease_free = times.reclaimed;
  (void)waitpid(victim, NULL, 0);
  return times;
}

static int by_size(const void *a, const void *b) {
  const int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
  return (one > other) - (one < other);
}

static void print(const char *what, int64_t *values, size_t n) {
  qsort(values, n, sizeof *values, by_size);
  (void)printf("%-34s %8.3f %8.3f %8.3f %8.3f  %zu\n", what, (double)values[n / 2] / 1e6,
               (double)values[n * 9 / 10] / 1e6, (double)values[n * 99 / 100] / 1e6,
               (double)values[n - 1] / 1e6, n);
}

static void measure(const char *who, size_t resident, size_t rounds) {
  static int64_t lease_free[ROUNDS], reclaimed[ROUNDS], between[ROUNDS];
  struct rilli_file control;
  char what[64];
  rill_queue *queue = open_queue(RILL_CREATE);
  check(rilli_control_open(rilli_context_dir(queue->context), &queue->segments, 0, &control) == 0,
        "control");
  for (size_t i = 0; i < rounds; i++) {
    const struct times times = kill_one(queue, &control, resident);
    lease_free[i] = times.lease_free;
    reclaimed[i] = times.reclaimed;
    between[i] = times.reclaimed - times.lease_free;
  }
  (void)close(control.fd);
  rill_queue_close(queue);
  (void)snprintf(what, sizeof what, "%s: lease seen free", who);
  print(what, lease_free, rounds);
  (void)snprintf(what, sizeof what, "%s: reclaimed", who);
  print(what, reclaimed, rounds);
  (void)snprintf(what, sizeof what, "%s: between the two", who);
  print(what, between, rounds);
}

int main(int argc, char **argv) {
  rill_context *context;
  (void)snprintf(name_space, sizeof name_space, "perf-reclaim-%ld", (long)getpid());
  (void)setenv("RILL_NAMESPACE", name_space, 1);
  const pid_t registry = start_registry(argc > 1 ? argv[1] : RILLD);
  (void)printf("%-34s %8s %8s %8s %8s  %s\n", "ms after kill -9", "p50", "p90", "p99", "max", "n");
  measure("small process", 0, ROUNDS);
  measure("512 MiB resident", MUCH, FEW_ROUNDS);
  check(rill_context_open(NULL, &context) == 0, "context");
  check(rill_queue_unlink(context, "reclaim") == 0, "unlink");
  (void)kill(registry, SIGTERM);
  (void)waitpid(registry, NULL, 0);
  rill_context_close(context);
  char path[128];
  (void)snprintf(path, sizeof path, "/dev/shm/rill.%s", name_space);
  (void)rmdir(path);
  return 0;
}
