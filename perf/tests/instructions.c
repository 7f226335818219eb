/* SPDX-License-Identifier: MIT */
/* perf/tests/instructions.c - the calls whose instructions callgrind counts.
 *
 *   rill_perf_instructions publish SIZE GROUPS   20,000 x rill_publish
 *   rill_perf_instructions receive SIZE GROUPS   20,000 x (rill_receive, rill_release), one group
 *
 * One thread is the producer and all consumers in turn, so that every count is the same in
 * every run: a message is always there, no process waits. Callgrind collects between the entry and
 * the return of the library's functions, and nowhere else (instructions.cmake). Exit status: 0;
 * 77, where the kernel has no membarrier, since a publish then carries a fence; 1 with a text. */
#include "rill/rill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY "/dev/shm"
#define QUEUE "counted"

enum { BLOCK = 500, BLOCKS = 40, MOST_GROUPS = 1024, LARGEST = 1000 };

struct ends {
  rill_context *context;
  rill_queue *queue;
  rill_producer *producer;
  rill_consumer *consumers[MOST_GROUPS];
  size_t groups, size;
};

static _Noreturn void fail(const char *what) {
  (void)fprintf(stderr, "instructions: %s: %s\n", what, rill_error());
  exit(1);
}

static void publish(const struct ends *ends, unsigned n) {
  static const unsigned char payload[LARGEST];
  for (; n; n--)
    if (rill_publish(ends->producer, payload, ends->size, RILL_FOREVER))
      fail("publish");
}

static void receive(const struct ends *ends, unsigned n) {
  struct rill_message message;
  for (; n; n--)
    if (rill_receive(ends->consumers[0], RILL_FOREVER, &message) ||
        rill_release(ends->consumers[0], &message))
      fail("receive and release");
}

static void drain(const struct ends *ends, size_t group, unsigned n) {
  struct rill_message message;
  for (; n; n--)
    if (rill_receive(ends->consumers[group], RILL_NOW, &message) || message.size != ends->size ||
        rill_release(ends->consumers[group], &message))
      fail("receive and release");
  /* The empty poll at the end of a block publishes the group's place. */
  if (rill_receive(ends->consumers[group], RILL_NOW, &message) != -EAGAIN)
    fail("a message that was not sent");
}

static void nothing(const struct ends *ends, unsigned n) {
  (void)ends;
  (void)n;
}

static const struct mode {
  const char *name;
  void (*before)(const struct ends *ends, unsigned n);
  void (*counted)(const struct ends *ends, unsigned n);
  unsigned left; /* messages a unit that group 0 has still to take                         */
} modes[] = {{"publish", nothing, publish, 1}, {"receive", publish, receive, 0}};

static void run(const struct ends *ends, const struct mode *mode) {
  for (unsigned block = 0; block < BLOCKS; block++) {
    mode->before(ends, BLOCK);
    mode->counted(ends, BLOCK);
    for (size_t group = 0; group < ends->groups; group++)
      drain(ends, group, group == 0 ? BLOCK * mode->left : BLOCK);
  }
}

static void open_all(struct ends *ends) {
  const struct rill_context_attr of_context = {
      .size = sizeof of_context, .directory = DIRECTORY, .fence = RILL_FENCE_MEMBARRIER};
  const int code = rill_context_open(&of_context, &ends->context);
  if (code == -ENOSYS) {
    (void)puts("instructions: no membarrier here: a publish would carry a fence");
    exit(77);
  }
  const struct rill_queue_attr of_queue = {
      .size = sizeof of_queue, .max_groups = ends->groups > 64 ? (uint32_t)ends->groups : 0};
  const struct rill_producer_attr of_producer = {.size = sizeof of_producer, .wait = RILL_SPIN};
  const struct rill_consumer_attr of_consumer = {.size = sizeof of_consumer, .wait = RILL_SPIN};
  if (code || rill_queue_open(ends->context, QUEUE, RILL_CREATE | RILL_EXCLUSIVE, &of_queue,
                              RILL_NOW, &ends->queue))
    fail("opening a queue");
  for (size_t i = 0; i < ends->groups; i++)
    if (rill_consumer_open(ends->queue, &of_consumer, &ends->consumers[i]))
      fail("opening a consumer");
  if (rill_producer_open(ends->queue, &of_producer, RILL_NOW, &ends->producer))
    fail("opening the producer");
}

static void close_all(struct ends *ends) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  if (rill_queue_read_stat(ends->queue, &stat))
    fail("stat");
  if (stat.fence != RILL_FENCE_MEMBARRIER || stat.wakes || stat.producer_parks) {
    (void)fprintf(stderr, "instructions: fence %u, %llu wake calls, %llu parks\n", stat.fence,
                  (unsigned long long)stat.wakes, (unsigned long long)stat.producer_parks);
    exit(1);
  }
  rill_producer_close(ends->producer);
  for (size_t i = 0; i < ends->groups; i++)
    rill_consumer_close(ends->consumers[i]);
  rill_queue_close(ends->queue);
  if (rill_queue_unlink(ends->context, QUEUE))
    fail("removing the queue");
  rill_context_close(ends->context);
}

int main(int argc, char **argv) {
  static struct ends ends;
  const struct mode *mode = NULL;
  for (size_t i = 0; argc == 4 && i < sizeof modes / sizeof modes[0]; i++)
    if (strcmp(argv[1], modes[i].name) == 0)
      mode = &modes[i];
  if (mode) {
    ends.size = (size_t)strtoul(argv[2], NULL, 10);
    ends.groups = (size_t)strtoul(argv[3], NULL, 10);
  }
  if (!mode || ends.size == 0 || ends.size > LARGEST || ends.groups == 0 ||
      ends.groups > MOST_GROUPS) {
    (void)fprintf(stderr, "usage: instructions publish|receive SIZE GROUPS\n");
    return 2;
  }
  char path[80];
  (void)snprintf(path, sizeof path, DIRECTORY "/rill.instructions-%ld", (long)getpid());
  (void)setenv("RILL_NAMESPACE", strchr(path, '.') + 1, 1);
  open_all(&ends);
  run(&ends, mode);
  close_all(&ends);
  (void)rmdir(path); /* the library keeps it for the next queue */
  return 0;
}
