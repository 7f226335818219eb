/* SPDX-License-Identifier: MIT */
/* memory_runs_out.c - shared memory with each number of free pages, from none to as many as a call
 * takes, and with each number of free inodes: a clear error that leaves nothing, or success;
 * never a SIGBUS, now or later; and messages that flow already continue. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "operations.h"

static char small[256]; /* the tmpfs */

/* One page is taken from the start, since a limit of 0 pages means no limit. */
static void mount_small(void) {
  char path[300];
  own_mounts(small);
  CHECK(mount("rill", small, "tmpfs", 0, "nr_blocks=1000,nr_inodes=1000") == 0);
  CHECK(setenv("RILL_DIR", small, 1) == 0);
  (void)snprintf(path, sizeof path, "%s/filler", small);
  const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && write(fd, "x", 1) == 1);
  (void)close(fd);
}

static struct statvfs room(void) {
  struct statvfs status;
  CHECK(statvfs(small, &status) == 0);
  return status;
}

static void remount(const char *what, unsigned long n) {
  char options[64];
  (void)snprintf(options, sizeof options, "%s=%lu", what, n);
  CHECK_THAT(mount("rill", small, "tmpfs", MS_REMOUNT, options) == 0, "cannot remount with %s: %s",
             options, strerror(errno));
}

/* The file system shrinks or grows to have that number free. */
static void leave_pages(unsigned long free_pages) {
  const struct statvfs now = room();
  remount("nr_blocks", now.f_blocks - now.f_bfree + free_pages);
}

static void leave_inodes(unsigned long free_inodes) {
  const struct statvfs now = room();
  remount("nr_inodes", now.f_files - now.f_ffree + free_inodes);
}

static void check_words(int code) {
  CHECK_THAT(code == -ENOSPC && rill_error()[0], "%d (%s)", code, rill_error());
}

/* For pages: how many bytes are needed, and what to do about it. */
static void check_remedy(int code) {
  check_words(code);
  CHECK_THAT(strstr(rill_error(), " bytes") && strstr(rill_error(), "remount"),
             "no size or remedy in: %s", rill_error());
}

/* --- creation ---------------------------------------------------------------------------- */

static const char *const names[] = {"a", "b", "c"};
static const struct rill_queue_attr kinds[] = {
    {.size = sizeof kinds[0], .capacity = 65536, .max_groups = 1},
    {.size = sizeof kinds[0],
     .capacity = 65536,
     .max_groups = 6,
     .groups = names,
     .group_count = 3},
    {.size = sizeof kinds[0], .capacity = 131072, .max_groups = 70, .overflow = RILL_OVERWRITE},
    {.size = sizeof kinds[0], .capacity = 65536, .max_groups = 4, .placement = RILL_NO_PREFAULT},
};

/* All of the ring is written, each row is joined, all that was reserved is used. */
static void use_all_of(rill_queue *queue, const struct rill_queue_attr *attr, int room_for_rows) {
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  const uint32_t rows = attr->max_groups - (uint32_t)attr->group_count;
  const struct rill_consumer_attr latest = {.size = sizeof latest, .start = RILL_LATEST};
  const uint64_t first = stat_of(queue).sequence;
  rill_consumer *members[80];
  for (uint32_t i = 0; i < rows; i++) {
    const int code = rill_consumer_open(queue, &latest, &members[i]);
    if (code) {
      check_remedy(code);
      CHECK(!room_for_rows);
      members[i] = NULL;
    }
  }
  for (uint64_t number = first; number < first + 600; number++) {
    const int code = publish_number(producer, number, RILL_NOW);
    if (code == -EAGAIN) /* for the groups that were declared */
      break;
    CHECK_EQ(code, 0);
    for (uint32_t i = 0; i < rows && attr->overflow == RILL_RELIABLE; i++)
      if (members[i])
        receive_number(members[i], number);
  }
  for (uint32_t i = 0; i < rows; i++)
    rill_consumer_close(members[i]);
  rill_producer_close(producer);
}

static void create_with(const struct rill_queue_attr *attr, unsigned long pages) {
  const unsigned descriptors = descriptors_open();
  rill_queue *queue = NULL;
  leave_pages(pages);
  const int code = rill_queue_open(context_here(), "q", RILL_CREATE, attr, RILL_NOW, &queue);
  if (code) {
    check_remedy(code);
    CHECK(queue == NULL && files_left(1) == 0);
  } else {
    me->count[1]++;
    use_all_of(queue, attr, 0); /* with no page more than it took */
    leave_pages(200);
    use_all_of(open_queue(attr), attr, 1);
    rill_queue_close(queue);
  }
  CHECK(code == 0 || (descriptors_open() == descriptors && mappings_of_segments() == 0));
}

static void create_with_each_number_of_pages(void *arg) {
  const struct rill_queue_attr *attr = arg;
  (void)context_here();
  for (unsigned long pages = 0; me->count[1] == 0; pages++) {
    at("creation with %lu pages", pages);
    create_with(attr, pages);
    me->count[0] = pages;
  }
}

static void create_all_kinds(void *arg) {
  (void)arg;
  mount_small();
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct rill_queue_attr attr = kinds[i];
    struct process *creator = spawn("creator", create_with_each_number_of_pages, &attr);
    await_end(creator);
    (void)printf("  kind %zu: %llu pages suffice\n", i, (unsigned long long)creator->count[0]);
    CHECK(creator->count[1] == 1);
    leave_pages(0);
    gc_leaves_nothing(); /* which needs none */
    leave_pages(200);
  }
}

static void creation_with_each_number_of_free_pages_fails_clean_or_works(void) {
  await_end(spawn("own mount", create_all_kinds, NULL));
}

/* --- inodes ------------------------------------------------------------------------------- */

static void create_without_inodes(void *arg) {
  (void)arg;
  unsigned refused = 0;
  rill_queue *queue = NULL;
  mount_small();
  rill_context *context = NULL;
  leave_inodes(0);
  check_words(rill_context_open(NULL, &context));
  leave_inodes(1);
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  for (unsigned long inodes = 0; queue == NULL; inodes++) {
    leave_inodes(inodes);
    const int code = rill_queue_open(context, "q", RILL_CREATE, &kinds[0], RILL_NOW, &queue);
    if (code == 0)
      break;
    check_words(code);
    CHECK(files_left(1) == 0);
    refused++;
  }
  CHECK(refused > 1);
  leave_inodes(0);
  use_all_of(queue, &kinds[0], 1); /* that needs no file */
  rill_queue_close(queue);
  rill_context_close(context);
  gc_leaves_nothing();
}

static void creation_with_each_number_of_free_inodes_fails_clean_or_works(void) {
  await_end(spawn("own mount", create_without_inodes, NULL));
}

/* --- in the middle of life ----------------------------------------------------------------- */

/* Each call, at first in a queue whose rows were never used. */
static unsigned run_all_with(unsigned long pages) {
  unsigned refused = 0;
  for (size_t i = 0; i < operation_count; i++) {
    open_set();
    const unsigned descriptors = descriptors_open(), mappings = mappings_of_segments();
    at("%s with %lu pages", operations[i].name, pages);
    leave_pages(pages);
    const int code = operate(&operations[i]);
    if (code)
      check_remedy(code);
    refused += code != 0;
    CHECK_EQ(operate(&operations[0]), 0); /* messages flow */
    CHECK_THAT(files_left(0) == SET_FILES && descriptors_open() == descriptors &&
                   mappings_of_segments() == mappings,
               "%s with %lu pages leaves something", operations[i].name, pages);
    leave_pages(300);
    CHECK_EQ(operate(&operations[i]), 0);
    close_set();
    gc_leaves_nothing();
  }
  return refused;
}

static void call_without_pages(void *arg) {
  (void)arg;
  mount_small();
  leave_pages(300);
  unsigned long pages = 0;
  for (unsigned refused = 1; refused; pages++)
    refused = run_all_with(pages);
  (void)printf("  %lu pages suffice for each call\n", pages - 1);
  CHECK(pages > 2);
}

static void call_with_each_number_of_free_pages_fails_clean_or_works(void) {
  await_end(spawn("own mount", call_without_pages, NULL));
}

/* The registry needs no page, and reports a missing inode; queues do not need the registry. */
static void serve_without_room(void *arg) {
  (void)arg;
  mount_small();
  open_set();
  for (unsigned long inodes = 0; inodes < 4; inodes++) {
    leave_pages(0);
    leave_inodes(inodes);
    const pid_t registry = fork();
    CHECK(registry >= 0);
    if (registry == 0)
      serve(NULL);
    int status = 0;
    while (files_left(0) < SET_FILES + 2) { /* its lock file and its socket */
      if (waitpid(registry, &status, WNOHANG) == registry)
        break;
      breathe();
    }
    const int started = status == 0;
    CHECK_THAT(started || (WIFEXITED(status) && WEXITSTATUS(status) == 1), "rilld ended with %x",
               (unsigned)status);
    CHECK_THAT(started == (inodes >= 2), "rilld with %lu inodes: %x", inodes, (unsigned)status);
    CHECK_EQ(operate(&operations[0]), 0);
    if (started) {
      CHECK(kill(registry, SIGKILL) == 0);
      CHECK(waitpid(registry, &status, 0) == registry);
    }
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
    CHECK(files_left(0) == SET_FILES);
  }
  close_set();
  gc_leaves_nothing();
}

static void registry_on_a_full_file_system_says_so_or_serves(void) {
  await_end(spawn("own mount", serve_without_room, NULL));
}

static const struct test tests[] = {
    NAMED(creation_with_each_number_of_free_pages_fails_clean_or_works),
    NAMED(creation_with_each_number_of_free_inodes_fails_clean_or_works),
    NAMED(call_with_each_number_of_free_pages_fails_clean_or_works),
    NAMED(registry_on_a_full_file_system_says_so_or_serves),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
