/* SPDX-License-Identifier: MIT */
/* storm_end.c - the end of a storm: all processes are gone, and all that they left is sound. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "storm.h"
#include "lease.h"

static DIR *open_directory(void) {
  DIR *entries = opendir(support_directory());
  CHECK_THAT(entries, "no directory %s", support_directory());
  return entries;
}

/* No part of any file is locked, not even beyond its content. */
static void no_lock_is_held(void) {
  DIR *entries = open_directory();
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (entry->d_type != DT_REG)
      continue;
    const int fd = openat(dirfd(entries), entry->d_name, O_RDWR | O_CLOEXEC);
    CHECK_THAT(fd >= 0, "cannot open %s: %s", entry->d_name, strerror(errno));
    CHECK_THAT(rilli_lock_held(fd, 0, 0) == 0, "a lock is left on %s", entry->d_name);
    (void)close(fd);
  }
  (void)closedir(entries);
}

static int examine_one(const char *name, void *context) {
  CHECK_EQ(examine_queue(context, name, RILL_WRONG, "in the end"), 0);
  return 0;
}

/* A successor of all producers: continues behind the last message that was published. */
static uint64_t end_of(rill_queue *queue, const struct incarnation *record) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  rill_producer *producer = NULL;
  const int code = rill_producer_open(queue, NULL, RILL_NOW, &producer);
  CHECK_THAT(code == 0, "rill_producer_open, in the end: %d (%s)", code, rill_error());
  CHECK(rill_queue_read_stat(queue, &stat) == 0);
  CHECK_THAT(record->published <= stat.sequence && stat.sequence <= record->intended,
             "%s ends at %llu; %llu were published, %llu written", stat.name, (number)stat.sequence,
             (number)record->published, (number)record->intended);
  rill_producer_close(producer);
  return stat.sequence;
}

/* A kept group's last member: takes what is left, to the end. */
static void drain(rill_queue *queue, const struct line *line, const struct incarnation *record,
                  unsigned keeper, uint64_t end) {
  const struct rill_consumer_attr attr = {
      .size = sizeof attr, .group = keeper_names[keeper], .flags = RILL_KEEP_GROUP};
  const struct group_record *kept = &record->group[keeper];
  rill_consumer *consumer = NULL;
  struct rill_message message;
  uint64_t next = 0;
  int code = rill_consumer_open(queue, &attr, &consumer), begun = 0;
  CHECK_THAT(code == 0, "joining %s, in the end: %d (%s)", line->name, code, rill_error());
  const uint64_t most = kept->releasing > kept->began ? kept->releasing : kept->began;
  const int held = kept->joined && !kept->epoch;
  while ((code = rill_receive(consumer, RILL_NOW, &message)) == 0) {
    const uint64_t from = message.sequence - message.lost;
    CHECK(line->overflow == RILL_OVERWRITE || message.lost == 0);
    CHECK_THAT(begun ? from == next : !held || (kept->began <= from && from <= most),
               "%s: group %s ends with %llu, not %llu", line->name, attr.group, (number)from,
               (number)(begun ? next : most));
    content_check(record, line, &message);
    begun = 1;
    next = message.sequence + 1;
  }
  CHECK_THAT(code == -EPIPE, "%s: at its end: %d (%s)", line->name, code, rill_error());
  CHECK_THAT(begun ? next == end : !held || kept->releasing >= end,
             "%s: group %s ends at %llu, not %llu", line->name, attr.group, (number)next,
             (number)end);
  rill_consumer_close(consumer);
}

/* An open reclaims what dead processes left: no row stays taken. */
static void check_rows(rill_queue *queue) {
  struct rill_group_stat group = {.size = sizeof group};
  for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;)
    CHECK_THAT(group.state == RILL_GROUP_KEPT, "group '%s' is left in state %u", group.name,
               group.state);
}

static void end_line(rill_context *context, const struct line *line) {
  rill_queue *queue = NULL;
  int code = rill_queue_open(context, line->name, 0, NULL, RILL_NOW, &queue);
  if (code == -ENOENT && (line->churn || line->lifetime == RILL_TRANSIENT))
    return;
  CHECK_THAT(code == 0, "opening %s, in the end: %d (%s)", line->name, code, rill_error());
  check_rows(queue);
  const struct incarnation *record = incarnation_of(queue);
  const uint64_t end = end_of(queue, record);
  for (unsigned keeper = 0; keeper < KEEPERS; keeper++)
    drain(queue, line, record, keeper, end);
  rill_queue_close(queue);
  if (line->lifetime == RILL_KEPT) {
    code = rill_queue_unlink(context, line->name);
    CHECK_THAT(code == 0, "removing %s, in the end: %d (%s)", line->name, code, rill_error());
  }
}

static void one_gc_leaves_nothing(rill_context *context) {
  const int code = rill_queue_gc(context, 0, NULL, NULL);
  CHECK_THAT(code >= 0, "rill_queue_gc: %d (%s)", code, rill_error());
  DIR *entries = open_directory();
  for (struct dirent *entry; (entry = readdir(entries));)
    CHECK_THAT(entry->d_name[0] == '.', "left after gc: %s", entry->d_name);
  (void)closedir(entries);
}

void end_storm(rill_context *context) {
  no_lock_is_held();
  const int code = rill_queue_list(context, NULL, examine_one, context);
  CHECK_THAT(code >= 0, "rill_queue_list: %d (%s)", code, rill_error());
  for (unsigned i = 0; i < LINES; i++)
    end_line(context, &lines[i]);
  one_gc_leaves_nothing(context);
}
