/* SPDX-License-Identifier: MIT */
/* operations_queue.c - contexts and queues: made, opened, removed, collected. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "forge.h"
#include "suites.h"

/* --- making --------------------------------------------------------------------------- */

static int create(const void *arg) {
  rill_queue *queue = NULL;
  const int code =
      rill_queue_open(context_here(), "new", RILL_CREATE | RILL_EXCLUSIVE, arg, RILL_NOW, &queue);
  CHECK((code == 0) == (queue != NULL));
  rill_queue_close(queue);
  return code;
}

/* A message that is written later cannot be the first to need the memory. */
static int has_its_memory(const char *queue) {
  char path[600];
  struct stat status;
  rill_queue *whole = NULL;
  CHECK_EQ(rill_queue_open(context_here(), queue, RILL_OBSERVE, NULL, RILL_NOW, &whole), 0);
  (void)snprintf(path, sizeof path, "%s/%s", namespace_directory(), whole->segments.data_name);
  CHECK(stat(path, &status) == 0);
  rill_queue_close(whole);
  return status.st_blocks * 512 >= status.st_size;
}

static void is_there_or_not(int code) {
  HOLDS(code || has_its_memory("new"), "a creation that answers 0 has not reserved its memory");
  HOLDS(has_files("new") == (code == 0), "the creation answers %d and %s", code,
        code ? "leaves files" : "there is no queue");
  CHECK_EQ(rill_queue_unlink(context_here(), "new"), code ? -ENOENT : 0);
}

static const char *const declared[] = {"one", "two"};
#define QUEUE(bytes, ...)                                                                          \
  (&(const struct rill_queue_attr){                                                                \
      .size = sizeof(struct rill_queue_attr), .capacity = (bytes), .max_groups = 4, __VA_ARGS__})
#define CREATION(title, bytes, ...)                                                                \
  {                                                                                                \
    .name = "creation: " title, .subject = "new", .run = create, .arg = QUEUE(bytes, __VA_ARGS__), \
    .leave = is_there_or_not, .documented = {                                                      \
      HOST,                                                                                        \
      ENOSPC,                                                                                      \
      EBUSY,                                                                                       \
      ENOSYS                                                                                       \
    }                                                                                              \
  }

/* A transient queue that no process has open, of another size: replaced. */
static void leave_an_old_one(void) {
  rill_queue *queue = NULL;
  CHECK_EQ(rill_queue_open(context_here(), "new", RILL_CREATE,
                           QUEUE(65536, .overflow = RILL_OVERWRITE), RILL_NOW, &queue),
           0);
  rill_queue_close(queue);
}

static int replace(const void *arg) {
  rill_queue *queue = NULL;
  const int code = rill_queue_open(context_here(), "new", RILL_CREATE, arg, RILL_NOW, &queue);
  CHECK((code == 0) == (queue != NULL));
  if (code == 0)
    CHECK(queue->segments.geometry.capacity == 131072);
  rill_queue_close(queue);
  return code;
}

static void old_or_new_can_be_removed(int code) {
  (void)code;
  remove_if_there("new");
}

static const struct injection making_injections[] = {
    {.name = "context",
     .run = operate_context,
     .documented = {HOST, EINVAL, ENOENT, ENOTDIR, ENOSYS, ENOSPC}},
    CREATION("reliable", 65536, .overflow = RILL_RELIABLE),
    CREATION("overwrite, for all", 65536, .overflow = RILL_OVERWRITE, .mode = 0774),
    CREATION("kept, with groups", 65536, .lifetime = RILL_KEPT, .groups = declared,
             .group_count = 2),
    CREATION("huge", 2097152, .placement = RILL_HUGE),
    CREATION("locked", 65536, .placement = RILL_MLOCK),
    CREATION("numa", 65536, .numa = RILL_NUMA_INTERLEAVE),
    CREATION("numa node", 65536, .numa = RILL_NUMA_NODE),
    CREATION("dump, no prefault", 65536, .placement = RILL_DUMP | RILL_NO_PREFAULT),
    {.name = "replacement",
     .subject = "new",
     .enter = leave_an_old_one,
     .run = replace,
     .arg = QUEUE(131072, .overflow = RILL_RELIABLE),
     .leave = old_or_new_can_be_removed,
     .documented = {HOST, ENOSPC, EBUSY, EEXIST, EBADMSG}},
};
const struct suite making = SUITE(making_injections, others_with_producer);

/* --- opening --------------------------------------------------------------------------- */

static int wait_for_it(const void *arg) {
  rill_queue *queue = NULL;
  (void)arg;
  const int code = rill_queue_open(context_here(), "new", 0, NULL, rill_after(50000000), &queue);
  CHECK((code == 0) == (queue != NULL));
  rill_queue_close(queue);
  return code;
}

/* A waiting open naps between two tries. */
static void appears_at_the_first_nap(const struct call *call) {
  if (call_is_a_nap(call) && !has_files("new"))
    leave_an_old_one();
}

static void remove_new(int code) {
  remove_if_there("new");
  traffic_is_well(code);
}

/* Its member died: a process that opens the queue reclaims the row. */
static void join_and_die(void) { /* its lease ends, its row stays */
  (void)open_consumer(open_queue(NULL), (struct joining){.group = "dead"});
}

static void leave_a_dead_member(void) {
  in_a_child(join_and_die);
}

static void reclaimed_now_or_later(int code) {
  HOLDS(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0,
        "not so: rill_queue_gc(context_here(), 0, NULL, NULL) >= 0");
  HOLDS(stat_of(others.queue).group_count == 1, "not so: stat_of(others.queue).group_count == 1");
  traffic_is_well(code);
}

static struct files files; /* of "q" */

static void find_files(void) {
  files = files_of_queue();
}

static const unsigned attach = 0, observe = RILL_OBSERVE, either = RILL_CREATE;

static const struct injection opening_injections[] = {
    {.name = "open",
     .subject = "'q'",
     .run = operate_open,
     .arg = &attach,
     .leave = traffic_is_well,
     .documented = {HOST, ENOENT, EBUSY, EBADMSG}},
    {.name = "open or create",
     .subject = "'q'",
     .run = operate_open,
     .arg = &either,
     .leave = traffic_is_well,
     .documented = {HOST, ENOSPC, EBUSY, EEXIST, EBADMSG, ENOSYS}},
    {.name = "observe",
     .subject = "'q'",
     .run = operate_open,
     .arg = &observe,
     .leave = traffic_is_well,
     .documented = {HOST, ENOENT, EBUSY, EBADMSG}},
    {.name = "open waits for the queue",
     .subject = "new",
     .run = wait_for_it,
     .call = appears_at_the_first_nap,
     .leave = remove_new,
     .documented = {HOST, ETIMEDOUT, EBUSY, EBADMSG}},
    {.name = "open beside a dead member",
     .subject = "'q'",
     .enter = leave_a_dead_member,
     .run = operate_open,
     .arg = &attach,
     .leave = reclaimed_now_or_later,
     .documented = {HOST, ENOENT, EBUSY, EBADMSG}},
    {.name = "open files",
     .subject = "q",
     .enter = find_files,
     .run = operate_files,
     .arg = &files,
     .leave = traffic_is_well,
     .documented = {HOST, ENOENT}},
};
const struct suite opening = SUITE(opening_injections, others_with_producer);

/* --- removing --------------------------------------------------------------------------- */

static void leave_a_kept_one(void) {
  rill_queue *queue = NULL;
  CHECK_EQ(
      rill_queue_open(context_here(), "gone", RILL_CREATE,
                      QUEUE(65536, .lifetime = RILL_KEPT, .groups = declared, .group_count = 2),
                      RILL_NOW, &queue),
      0);
  rill_queue_close(queue);
}

static int remove_it(const void *arg) {
  (void)arg;
  return rill_queue_unlink(context_here(), "gone");
}

/* Removed, or as it was, or (its two files are removed one after the other) half removed, which the
 * next removal finishes. */
static void gone_or_whole(int code) {
  rill_queue *queue = NULL;
  if (code == 0)
    HOLDS(!has_files("gone"), "an unlink that answers 0 leaves files");
  if (code == -ENOENT && !is_misled())
    HOLDS(!has_files("gone"), "an unlink finds no queue where there is one");
  const int there = rill_queue_open(context_here(), "gone", 0, NULL, RILL_NOW, &queue);
  HOLDS(there == 0 || there == -ENOENT, "half a removal: %s", rill_error());
  rill_queue_close(queue);
  remove_if_there("gone");
  traffic_is_well(code);
}

/* Another remover died behind the first file, or only half of it ever existed. */
static void leave_a_half(void) {
  char path[600];
  leave_a_kept_one();
  (void)snprintf(path, sizeof path, "%s/gone.control", namespace_directory());
  CHECK(unlink(path) == 0);
}

static void leave_a_damaged_one(void) {
  char path[600];
  leave_a_kept_one();
  (void)snprintf(path, sizeof path, "%s/gone.control", namespace_directory());
  CHECK(truncate(path, 100) == 0);
}

static void gone_or_still_to_be_removed(int code) {
  if ((code == 0 || code == -ENOENT) && !is_misled())
    HOLDS(!has_files("gone"), "an unlink that answers %d leaves files", code);
  remove_if_there("gone");
  traffic_is_well(code);
}

static int remove_group(const void *arg) {
  (void)arg;
  return rill_group_unlink(others.queue, "kept");
}

static void leave_a_group(void) {
  rill_consumer_close(
      open_consumer(others.queue, (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP}));
}

static void group_is_there_or_not(int code) {
  if (code == 0)
    HOLDS(stat_of(others.queue).group_count == 1, "not so: stat_of(others.queue).group_count == 1");
  else
    CHECK_EQ(rill_group_unlink(others.queue, "kept"), 0);
  traffic_is_well(code);
}

/* --- collecting ------------------------------------------------------------------------- */

static void touch(const char *file, size_t size) {
  char path[600];
  (void)snprintf(path, sizeof path, "%s/%s", namespace_directory(), file);
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
  (void)close(fd);
}

/* One of each kind: a queue that no process has open, a half one, an unfinished file, a file of a
 * dead registry. */
static void leave_much(void) {
  leave_an_old_one();
  leave_a_half();
  touch("+00112233445566778899aabbccddeeff", 4096);
  touch(RILLI_LOCK_FILE, 0);
  leave_a_dead_member();
}

static void report(const struct rill_gc_item *item, void *arg) {
  CHECK(item->name && item->what && arg == NULL);
}

static int collect(const void *flags) {
  return rill_queue_gc(context_here(), *(const unsigned *)flags, report, NULL);
}

static void next_one_collects_the_rest(int code) {
  const int rest = rill_queue_gc(context_here(), 0, NULL, NULL);
  HOLDS(rest >= 0 && rest + (code < 0 ? 0 : code) >= 5, "%d were collected, then %d", code, rest);
  HOLDS(rill_queue_gc(context_here(), 0, NULL, NULL) == 0,
        "not so: rill_queue_gc(context_here(), 0, NULL, NULL) == 0");
  traffic_is_well(code);
}

/* It does nothing of what it would do. */
static void next_one_collects_all(int code) {
  (void)code;
  next_one_collects_the_rest(0);
}

static const unsigned really = 0, dry = RILL_GC_DRY_RUN;

static const struct injection removing_injections[] = {
    {.name = "unlink",
     .subject = "'gone'",
     .enter = leave_a_kept_one,
     .run = remove_it,
     .leave = gone_or_whole,
     .documented = {HOST, ENOENT, EBUSY}},
    {.name = "unlink of a half",
     .subject = "'gone'",
     .enter = leave_a_half,
     .run = remove_it,
     .leave = gone_or_still_to_be_removed,
     .documented = {HOST, ENOENT, EBUSY}},
    {.name = "unlink of a damaged one",
     .subject = "'gone'",
     .enter = leave_a_damaged_one,
     .run = remove_it,
     .leave = gone_or_still_to_be_removed,
     .documented = {HOST, ENOENT, EBUSY}},
    {.name = "group unlink",
     .subject = "'q'",
     .enter = leave_a_group,
     .run = remove_group,
     .leave = group_is_there_or_not,
     .documented = {HOST, EBUSY, ESTALE}},
    {.name = "gc",
     .enter = leave_much,
     .run = collect,
     .arg = &really,
     .leave = next_one_collects_the_rest,
     .documented = {HOST}},
    {.name = "gc, dry",
     .enter = leave_much,
     .run = collect,
     .arg = &dry,
     .leave = next_one_collects_all,
     .documented = {HOST}},
};
const struct suite removing = SUITE(removing_injections, others_with_producer);
