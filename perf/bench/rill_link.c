/* SPDX-License-Identifier: MIT */
/* perf/bench/rill_link.c - opening and removing of Rill queues for benchmarks. All
 * attributes but the wait strategy are the defaults: what a user gets. */
#include "rill_link.h"

#include "pair.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char name_space[32]; /* set before the fork: all three use the same        */

static int told(int rc, const char *what, const char *name) {
  return rc ? pair_error(rc, "%s '%s': %s", what, name, rill_error()) : 0;
}

/* A child's copy of its parent's handles is of no use to it (-ECHILD): it opens anew. */
static int open_queue(struct rill_link *link, unsigned flags) {
  const struct rill_context_attr attr = {.size = sizeof attr, .name_space = name_space};
  link->queue = NULL;
  link->producer = NULL;
  link->consumer = NULL;
  int rc = rill_context_open(&attr, &link->context);
  if (rc) {
    link->context = NULL;
    return told(rc, "context", name_space);
  }
  rc = rill_queue_open(link->context, link->name, flags, NULL, RILL_NOW, &link->queue);
  if (rc) {
    rill_context_close(link->context);
    link->context = NULL;
  }
  return told(rc, "queue", link->name);
}

static const char *directory(void) {
  const char *chosen = getenv("RILL_DIR");
  return chosen ? chosen : "/dev/shm";
}

/* What supervisors that were killed have left, and only that: gc touches no queue that
 * somebody has open, and a directory with files in it stays. */
static void sweep(void) {
  char path[4096];
  glob_t found;
  int skip = snprintf(path, sizeof path, "%s/rill.", directory());
  if (skip < 0 || (size_t)skip + sizeof "perf-*" > sizeof path)
    return;
  memcpy(path + skip, "perf-*", sizeof "perf-*");
  if (glob(path, 0, NULL, &found))
    return;
  for (size_t i = 0; i < found.gl_pathc; i++) {
    const struct rill_context_attr attr = {.size = sizeof attr,
                                           .name_space = found.gl_pathv[i] + skip};
    rill_context *context;
    if (rill_context_open(&attr, &context))
      continue;
    rill_queue_gc(context, 0, NULL, NULL);
    rill_context_close(context);
    rmdir(found.gl_pathv[i]);
  }
  globfree(&found);
}

int rill_link_make(struct rill_link *link) {
  if (!*name_space) {
    sweep();
    snprintf(name_space, sizeof name_space, "perf-%ld", (long)getpid());
  }
  return open_queue(link, RILL_CREATE | RILL_EXCLUSIVE);
}

void rill_link_remove(struct rill_link *link) {
  rill_queue_unlink(link->context, link->name);
  rill_link_close(link);
  /* The library keeps the directory of a namespace; this one is of no more use. With
   * other queues still in it, this does nothing. */
  char path[4096];
  snprintf(path, sizeof path, "%s/rill.%s", directory(), name_space);
  rmdir(path);
}

int rill_link_open_producer(struct rill_link *link) {
  const struct rill_producer_attr attr = {.size = sizeof attr, .wait = RILL_SPIN};
  int rc = open_queue(link, 0);
  if (rc)
    return rc;
  return told(rill_producer_open(link->queue, &attr, RILL_NOW, &link->producer), "producer",
              link->name);
}

int rill_link_open_consumer(struct rill_link *link) {
  const struct rill_consumer_attr attr = {.size = sizeof attr, .wait = RILL_SPIN};
  int rc = open_queue(link, 0);
  if (rc)
    return rc;
  return told(rill_consumer_open(link->queue, &attr, &link->consumer), "consumer", link->name);
}

void rill_link_close(struct rill_link *link) {
  rill_producer_close(link->producer);
  rill_consumer_close(link->consumer);
  rill_queue_close(link->queue);
  rill_context_close(link->context);
}
