/* SPDX-License-Identifier: MIT */
/* oracle.c - see oracle.h. */
#include "oracle.h"

#include <dirent.h>
#include <string.h>

void check_invariants(rill_queue *queue) {
  const struct rill_queue_stat first = stat_of(queue);
  struct rill_group_stat group = {.size = sizeof group};
  CHECK(first.position % 16 == 0);
  CHECK(first.depth_bytes <= first.capacity);
  CHECK(first.oldest <= first.sequence);
  CHECK(first.group_count <= first.max_groups);
  for (uint32_t index = 0;;) {
    const int got = rill_group_read_stat(queue, &index, &group);
    CHECK_THAT(got >= 0, "group %u: %s", index, rill_error());
    if (got == 0)
      break;
    CHECK_THAT(group.state != RILL_GROUP_VOID, "group '%s' is refused", group.name);
    CHECK(index <= first.max_groups && group.lag_bytes <= first.capacity && group.lag_age >= 0);
    CHECK(group.latency_p50 >= 0 && group.latency_p50 <= group.latency_p99);
    CHECK(group.latency_p99 <= group.latency_p999 && group.latency_p999 <= group.latency_max);
  }
  const struct rill_queue_stat second = stat_of(queue);
  CHECK(second.sequence >= first.sequence && second.position >= first.position);
  CHECK(second.limit >= first.limit && second.producer_generation >= first.producer_generation);
}

struct hearing {
  uint32_t fails;
  const char *name, *when;
};

static void hear(const struct rill_finding *finding, void *arg) {
  const struct hearing *hearing = arg;
  CHECK(finding->text[0]);
  CHECK_THAT(finding->kind < hearing->fails, "doctor of %s, %s: %s", hearing->name, hearing->when,
             finding->text);
}

int examine_queue(rill_context *context, const char *name, uint32_t fails, const char *when) {
  struct hearing hearing = {fails, name, when};
  const int code = rill_queue_examine(context, name, hear, &hearing);
  return code < 0 ? code : 0;
}

void check_sound(uint32_t fails, const char *when) {
  CHECK_EQ(examine_queue(context_here(), "q", fails, when), 0);
}

unsigned files_left(int print) {
  DIR *entries = opendir(namespace_directory());
  unsigned count = 0;
  CHECK_THAT(entries, "no directory %s", namespace_directory());
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    count++;
    if (print)
      (void)fprintf(stderr, "left: %s\n", entry->d_name);
  }
  (void)closedir(entries);
  return count;
}

int has_files(const char *queue) {
  DIR *entries = opendir(namespace_directory());
  const size_t length = strlen(queue);
  int found = 0;
  CHECK(entries);
  for (struct dirent *entry; (entry = readdir(entries));)
    found |= strncmp(entry->d_name, queue, length) == 0 && entry->d_name[length] == '.';
  (void)closedir(entries);
  return found;
}

void gc_leaves_nothing(void) {
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  CHECK_THAT(files_left(1) == 0, "files are left after gc");
}

unsigned descriptors_open(void) {
  DIR *entries = opendir("/proc/self/fd");
  unsigned count = 0;
  CHECK(entries);
  while (readdir(entries))
    count++;
  (void)closedir(entries);
  return count;
}

unsigned mappings_of_segments(void) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[1024];
  unsigned count = 0;
  CHECK(maps);
  while (fgets(line, sizeof line, maps))
    if (strstr(line, namespace_directory()))
      count++;
  (void)fclose(maps);
  return count;
}
