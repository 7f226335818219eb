/* SPDX-License-Identifier: MIT */
/* groups.c - groups of a queue by name (groups.h). */
#include "groups.h"

#include "cli.h"

#include <errno.h>
#include <string.h>

int groups_find(rill_queue *queue, const char *name, struct rill_group_stat *ret) {
  uint32_t index = 0;
  int r;
  *ret = (struct rill_group_stat){.size = sizeof *ret};
  while ((r = rill_group_read_stat(queue, &index, ret)) == 1)
    if (!strcmp(ret->name, name))
      break;
  return r;
}

int groups_kept(rill_queue *queue, const char *queue_name, const char *name) {
  struct rill_group_stat group;
  int r = groups_find(queue, name, &group);
  if (r < 0) {
    cli_fail_library(r);
    return -1;
  }
  if (r == 0 || group.keep)
    return r;
  if (group.state == RILL_GROUP_DEAD) /* it died, and is not reclaimed yet */
    return 0;
  cli_note("%s has a group '%s' that is not kept: it ends with its reader, process %lld",
           queue_name, name, (long long)group.pid);
  return -1;
}

/* A new group starts at the requested sequence if that is still there, else at the oldest one. */
static void say_start(rill_queue *queue, const char *name, const struct rill_consumer_attr *attr) {
  struct rill_group_stat group;
  if (attr->start == RILL_SEQUENCE && groups_find(queue, name, &group) == 1 &&
      group.sequence > attr->sequence)
    cli_note("group '%s' starts at %llu, the oldest message that is left", name,
             (unsigned long long)group.sequence);
}

int groups_declare(rill_queue *queue, const char *queue_name, const char *name,
                   struct rill_consumer_attr *attr, bool quiet) {
  rill_consumer *consumer;
  int r = -EBUSY;
  attr->group = name;
  attr->flags = RILL_KEEP_GROUP;
  /* Another process may be making it now. */
  for (int tries = 0; r == -EBUSY && tries < 2; tries++) {
    int kept = groups_kept(queue, queue_name, name);
    if (kept < 0)
      return STATUS_FAILED;
    if (kept) {
      if (!quiet)
        cli_note("%s has the group '%s' already", queue_name, name);
      return STATUS_DONE;
    }
    r = rill_consumer_open(queue, attr, &consumer);
  }
  if (r < 0)
    return cli_fail_library(r);
  rill_consumer_close(consumer);
  if (!quiet)
    say_start(queue, name, attr);
  return STATUS_DONE;
}

int groups_remove(rill_context *context, const char *queue_name, const char *const *names,
                  size_t count, bool force) {
  rill_queue *queue;
  int status = STATUS_DONE;
  int r = rill_queue_open(context, queue_name, 0, NULL, RILL_NOW, &queue);
  if (r < 0)
    return force && r == -ENOENT ? STATUS_DONE : cli_fail_library(r);
  for (size_t i = 0; i < count; i++) {
    r = rill_group_unlink(queue, names[i]);
    if (r < 0 && !(force && r == -ENOENT))
      status = cli_fail_library(r);
  }
  rill_queue_close(queue);
  return status;
}
