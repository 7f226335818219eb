/* SPDX-License-Identifier: MIT */
/* perf/peers/rill.c - Rill itself, through its public interface only.
 *
 * All attributes but the wait strategy are the defaults, as in the first program of the
 * README. Queues live in the namespace perf-PID of the supervisor. */
#include "drive.h"

#include "rill/rill.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct rill {
  struct peer_link link;
  rill_context *context; /* each process has its own handles                       */
  rill_queue *queue;
  /* The supervisor's, which its children cannot close: kept, so that a leak checker
   * does not report them when a child exits. */
  rill_context *made_context;
  rill_queue *made_queue;
  rill_producer *producer; /* NULL in the taker                                      */
  rill_consumer *consumer; /* NULL in the sender                                     */
  struct rill_message message;
};

static char name_space[32]; /* set before the fork: all three use the same          */

static int told(int rc, const char *what, const char *name) {
  return rc ? pair_error(rc, "%s '%s': %s", what, name, rill_error()) : 0;
}

/* A child's copy of its parent's handles is of no use to it (-ECHILD): it opens its own. */
static int open_queue(struct rill *rill, unsigned flags) {
  const struct rill_context_attr attr = {.size = sizeof attr, .name_space = name_space};
  rill->queue = NULL;
  rill->producer = NULL;
  rill->consumer = NULL;
  int rc = rill_context_open(&attr, &rill->context);
  if (rc) {
    rill->context = NULL;
    return told(rc, "context", name_space);
  }
  rc = rill_queue_open(rill->context, rill->link.name, flags, NULL, RILL_NOW, &rill->queue);
  if (rc) {
    rill_context_close(rill->context);
    rill->context = NULL;
  }
  return told(rc, "queue", rill->link.name);
}

static const char *directory(void) {
  const char *chosen = getenv("RILL_DIR");
  return chosen ? chosen : "/dev/shm";
}

/* Removes what killed supervisors have left, and only that: gc touches no queue that a
 * process has open, and a directory with files in it stays. */
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

static void close_handles(struct rill *rill) {
  rill_producer_close(rill->producer);
  rill_consumer_close(rill->consumer);
  rill_queue_close(rill->queue);
  rill_context_close(rill->context);
}

static int make(struct peer_link *link) {
  if (!*name_space) {
    sweep();
    snprintf(name_space, sizeof name_space, "perf-%ld", (long)getpid());
  }
  return open_queue((struct rill *)link, RILL_CREATE | RILL_EXCLUSIVE);
}

static void remove_(struct peer_link *link) {
  struct rill *rill = (struct rill *)link;
  rill_queue_unlink(rill->context, link->name);
  close_handles(rill);
  /* The library keeps the directory of a namespace; this one is not needed any more. With
   * other queues still in it, this does nothing. */
  char path[4096];
  snprintf(path, sizeof path, "%s/rill.%s", directory(), name_space);
  rmdir(path);
}

static uint32_t strategy(enum peer_wait wait) {
  return wait == PEER_SPIN ? RILL_SPIN : wait == PEER_SLEEP ? RILL_PARK : RILL_ADAPTIVE;
}

static int open_(struct peer_link *link, enum peer_end end) {
  struct rill *rill = (struct rill *)link;
  rill->made_context = rill->context;
  rill->made_queue = rill->queue;
  int rc = open_queue(rill, 0);
  if (rc)
    return rc;
  if (end == PEER_SEND) {
    const struct rill_producer_attr attr = {.size = sizeof attr, .wait = strategy(link->wait)};
    return told(rill_producer_open(rill->queue, &attr, RILL_NOW, &rill->producer), "producer",
                link->name);
  }
  const struct rill_consumer_attr attr = {.size = sizeof attr, .wait = strategy(link->wait)};
  return told(rill_consumer_open(rill->queue, &attr, &rill->consumer), "consumer", link->name);
}

static void close_(struct peer_link *link, enum peer_end end) {
  (void)end;
  close_handles((struct rill *)link);
}

PEER_FAST int send_(struct peer_link *link, const void *data) {
  const struct rill *rill = (struct rill *)link;
  int rc = rill_publish(rill->producer, data, link->size, RILL_FOREVER);
  return rc ? told(rc, "publish", link->name) : 0;
}

PEER_FAST int receive(struct peer_link *link, rill_time deadline, struct peer_message *ret) {
  struct rill *rill = (struct rill *)link;
  int rc = rill_receive(rill->consumer, deadline, &rill->message);
  if (rc)
    return rc == -EAGAIN ? rc : told(rc, "receive", link->name);
  *ret = (struct peer_message){rill->message.data, rill->message.size};
  return 0;
}

PEER_FAST int take(struct peer_link *link, struct peer_message *ret) {
  return receive(link, RILL_FOREVER, ret);
}

PEER_FAST int poll_(struct peer_link *link, struct peer_message *ret) {
  return receive(link, RILL_NOW, ret);
}

PEER_FAST int done(struct peer_link *link) {
  struct rill *rill = (struct rill *)link;
  int rc = rill_release(rill->consumer, &rill->message);
  return rc ? told(rc, "release", link->name) : 0;
}

static const struct peer_ops ops = {
    sizeof(struct rill), make, remove_, open_, close_, send_, take, poll_, done};

DRIVE_PEER(rill, ops, "all attributes at their defaults but the wait strategy", PEER_LARGEST,
           PEER_SPIN | PEER_SLEEP | PEER_ADAPTIVE, PEER_BROADCAST);
