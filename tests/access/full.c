/* SPDX-License-Identifier: MIT */
/* full.c - shared memory that is full: an error at creation or joining, never a SIGBUS. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "actors.h"

static char small[256]; /* the tmpfs */

static void mount_small(void) {
  own_mounts(small);
  CHECK(mount("rill", small, "tmpfs", 0, "size=1m") == 0);
  CHECK(setenv("RILL_DIR", small, 1) == 0);
}

static unsigned long blocks_free(void) {
  struct statvfs status;
  CHECK(statvfs(small, &status) == 0);
  return status.f_bfree;
}

static void check_words(void) {
  CHECK_THAT(strstr(rill_error(), " bytes") && strstr(rill_error(), "remount"),
             "no size or remedy in: %s", rill_error());
}

/* Leaves that many blocks free. */
static void fill_up(unsigned long leave) {
  char path[300], block[4096] = "x";
  (void)snprintf(path, sizeof path, "%s/filler", small);
  const int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  CHECK(fd >= 0);
  while (blocks_free() > leave)
    CHECK(write(fd, block, sizeof block) == (ssize_t)sizeof block);
  (void)close(fd);
}

static void remove_filler(void) {
  char path[300];
  (void)snprintf(path, sizeof path, "%s/filler", small);
  CHECK(unlink(path) == 0);
}

static void create_many_sizes(void *arg) {
  (void)arg;
  unsigned made = 0, refused = 0;
  mount_small();
  (void)context_here();
  const unsigned long before = blocks_free();
  for (uint32_t groups = 1; groups <= 256; groups *= 4)
    for (uint64_t capacity = 65536; capacity <= UINT64_C(1) << 32; capacity *= 2) {
      const struct rill_queue_attr attr = {
          .size = sizeof attr, .capacity = capacity, .max_groups = groups};
      const unsigned descriptors = descriptors_open();
      rill_queue *queue = NULL;
      const int code = rill_queue_open(context_here(), "q", RILL_CREATE, &attr, RILL_NOW, &queue);
      if (code == 0) {
        made++;
        rill_queue_close(queue);
        CHECK_CODE(rill_queue_unlink(context_here(), "q"), 0);
      } else {
        refused++;
        CHECK_CODE(code, -ENOSPC);
        CHECK(queue == NULL);
        check_words();
      }
      CHECK(files_left(1) == 0 && descriptors_open() == descriptors);
      CHECK(blocks_free() == before && mappings_of_segments() == 0);
    }
  CHECK(made > 0 && refused > 0);
}

static void creation_on_a_full_file_system_is_enospc_and_leaves_nothing(void) {
  await_end(spawn("stage", create_many_sizes, NULL));
}

/* With each number of free blocks: whatever needs one more fails, and all else goes on. */
static void run_when_full(void *arg) {
  (void)arg;
  mount_small();
  const struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536, .max_groups = 4};
  const struct rill_consumer_attr late = {.size = sizeof late, .group = "late"};
  rill_queue *queue = open_queue(&attr);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.group = "early"});
  uint64_t number = 0;
  unsigned refused = 0;
  for (unsigned long leave = 0; leave < 4; leave++) {
    fill_up(leave);
    const unsigned descriptors = descriptors_open(), mappings = mappings_of_segments();
    rill_consumer *other = NULL;
    rill_queue *second = NULL;
    const int code = rill_consumer_open(queue, &late, &other);
    if (code) {
      CHECK_CODE(code, -ENOSPC);
      check_words();
      CHECK_THAT(strstr(rill_error(), "queue 'q'"), "no queue in: %s", rill_error());
      refused++;
      CHECK(other == NULL && stat_of(queue).group_count == 1);
      CHECK(descriptors_open() == descriptors && mappings_of_segments() == mappings);
    } else
      rill_consumer_close(other);
    CHECK_CODE(rill_queue_open(context_here(), "new", RILL_CREATE, &attr, RILL_NOW, &second),
               -ENOSPC);
    for (unsigned i = 0; i < 500; i++, number++) {
      CHECK_CODE(publish_number(producer, number, RILL_NOW), 0);
      receive_number(consumer, number);
    }
    rill_producer_close(producer); /* and a new one comes */
    CHECK_CODE(rill_queue_open(context_here(), "q", 0, NULL, RILL_NOW, &second), 0);
    producer = open_producer(second, RILL_PARK, RILL_NOW);
    rill_queue_close(second);
    check_invariants(queue);
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) == 0);
    remove_filler();
  }
  CHECK(refused > 0);
  rill_consumer_close(open_consumer(queue, (struct joining){.group = "late"}));
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void existing_queue_flows_though_the_file_system_is_full(void) {
  await_end(spawn("stage", run_when_full, NULL));
}

#define NAMED(function)                                                                            \
  { #function, function }
static const struct test tests[] = {
    NAMED(creation_on_a_full_file_system_is_enospc_and_leaves_nothing),
    NAMED(existing_queue_flows_though_the_file_system_is_full),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 30);
}
