/* SPDX-License-Identifier: MIT */
/* creation.c - makes a queue, or checks an existing one (creation.h).
 *
 * The library compares an existing queue with every attribute that is not zero. Only the
 * command line knows that a zero was requested (reliable, never evicts, transient), so these
 * are compared here. So are the groups, which the library makes only at creation. */
#include "creation.h"

#include "cli.h"
#include "fields.h"
#include "groups.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static struct rill_queue_attr attributes(const struct creation *creation) {
  struct rill_queue_attr attr = creation->attr;
  attr.placement = (creation->no_prefault ? RILL_NO_PREFAULT : 0u) |
                   (creation->mlock ? RILL_MLOCK : 0u) | (creation->huge ? RILL_HUGE : 0u) |
                   (creation->dump ? RILL_DUMP : 0u);
  attr.groups = creation->groups.items;
  attr.group_count = creation->groups.count;
  return attr;
}

/* 0 was requested, and is a value, not the default. */
static bool asks_for_zero(const struct creation *creation, size_t setting) {
  enum { EXACT, BITS, NODE, TYPE };
  static const bool is_value[] = {
#define RILL_SETTING(name, path, type, words, compare, least, ...) compare == EXACT && (least) == 0,
#include "settings.def"
  };
  const bool zero[] = {
#define RILL_SETTING(name, path, ...) creation->attr.path == 0,
#include "settings.def"
  };
  if (setting == SETTING_lifetime)
    return creation->transient;
  return creation->given[setting] && is_value[setting] && zero[setting];
}

/* Checks that an existing queue is as requested, in what the library cannot compare. */
static int compare(rill_queue *queue, const struct creation *creation) {
  struct rill_queue_stat stat = RILL_QUEUE_STAT_INIT;
  int r = rill_queue_read_stat(queue, &stat);
  if (r < 0)
    return cli_fail_library(r);
  for (size_t i = 0; i < SETTINGS; i++) {
    char text[FIELD_TEXT];
    const struct field *field = &queue_settings[i];
    const uint64_t value = field_value(field, &stat);
    if (value && asks_for_zero(creation, i))
      return cli_fail("%s exists, and its %s is %s", stat.name, field->name,
                      field_text(field, value, text));
  }
  for (size_t i = 0; i < creation->groups.count; i++) {
    int kept = groups_kept(queue, stat.name, creation->groups.items[i]);
    if (kept < 0)
      return STATUS_FAILED;
    if (!kept)
      return cli_fail("%s exists, and has no group '%s': rill group declare makes it", stat.name,
                      creation->groups.items[i]);
  }
  return 0;
}

static bool is_since(rill_queue *queue, const struct timespec *begin) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  return rill_queue_read_stat(queue, &stat) == 0 &&
         stat.created >= begin->tv_sec * INT64_C(1000000000) + begin->tv_nsec;
}

int creation_open(rill_context *context, const char *name, const struct creation *creation,
                  unsigned flags, bool *ret_made, rill_queue **ret_queue) {
  struct rill_queue_attr attr = attributes(creation);
  struct timespec begin;
  rill_queue *queue;
  int r = -ENOENT;
  if (attr.evict_after > 0 && attr.overflow == RILL_OVERWRITE)
    return cli_usage("--evict-after goes with --overflow reliable only: the producer of a queue "
                     "that overwrites waits for no group");
  clock_gettime(CLOCK_REALTIME, &begin);
  if (flags == 0) /* takes an existing queue as it is, transient or not */
    r = rill_queue_open(context, name, 0, &attr, RILL_NOW, &queue);
  attr.lifetime = creation->transient ? RILL_TRANSIENT : RILL_KEPT;
  if (r == -ENOENT || r == -EEXIST)
    r = rill_queue_open(context, name, RILL_CREATE | flags, &attr, RILL_NOW, &queue);
  if (r < 0)
    return cli_fail_library(r);
  *ret_made = is_since(queue, &begin);
  int status = *ret_made ? 0 : compare(queue, creation);
  if (status)
    rill_queue_close(queue);
  else
    *ret_queue = queue;
  return status;
}
