/* SPDX-License-Identifier: MIT */
/* api_files.c - copied pairs of segment files, opened by their paths. */
#include "api.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static rill_context *context;
static char control[512], data[512]; /* of the queue "q"; the copies lie beside them */
static char control_copy[520], data_copy[520];

static int setup(void **state) {
  const int code = support_setup(state);
  context = open_context(RILL_FENCE_FULL);
  return code;
}

static int teardown(void **state) {
  rill_context_close(context);
  return support_teardown(state);
}

static void find_files(void) {
  DIR *entries = opendir(support_directory());
  assert_non_null(entries);
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strncmp(entry->d_name, "q.", 2) == 0)
      (void)snprintf(strcmp(entry->d_name, "q.control") == 0 ? control : data, sizeof data, "%s/%s",
                     support_directory(), entry->d_name);
  (void)closedir(entries);
  (void)snprintf(control_copy, sizeof control_copy, "%s/copy-c", support_directory());
  (void)snprintf(data_copy, sizeof data_copy, "%s/copy-d", support_directory());
}

/* The first bytes of a file, as many as there are; the copy may only be read. */
static void copy(const char *from, const char *to, size_t most) {
  char *bytes = malloc(most);
  assert_non_null(bytes);
  const int in = open(from, O_RDONLY | O_CLOEXEC);
  (void)unlink(to);
  const int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
  assert_true(in >= 0 && out >= 0);
  const ssize_t size = read(in, bytes, most);
  assert_true(size > 0 && write(out, bytes, (size_t)size) == size);
  assert_code(close(in), 0);
  assert_code(close(out), 0);
  free(bytes);
}

#define ALL (8u << 20)

static rill_queue *make_copied(void) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .max_groups = 4, .lifetime = RILL_KEPT};
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, &attr);
  rill_producer *producer = open_producer(queue, RILL_ADAPTIVE);
  rill_consumer *consumer = open_consumer(queue, "g", RILL_OLDEST, RILL_KEEP_GROUP);
  for (int i = 0; i < 3; i++)
    publish_text(producer, "text");
  find_files();
  copy(control, control_copy, ALL);
  copy(data, data_copy, ALL);
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  return queue;
}

static void a_copied_pair_is_as_it_was(void **state) {
  (void)state;
  rill_queue_close(make_copied());
  assert_code(rill_queue_unlink(context, "q"), 0);
  rill_queue *queue = NULL;
  assert_code(rill_queue_open_files(context, control_copy, data_copy, &queue), 0);
  const struct rill_queue_stat stat = stat_of(queue);
  assert_string_equal(stat.name, "q");
  assert_true(stat.limited && !stat.removed && !stat.attached);
  assert_true(stat.sequence == 3 && stat.depth_messages == 3 && stat.group_count == 1);
  assert_true(stat.producer == RILL_PRODUCER_ALIVE && stat.producer_pid == getpid());
  assert_true(stat.producer_opened > 0);
  const struct rill_group_stat group = group_of(queue, "g");
  assert_true(group.state == RILL_GROUP_ACTIVE && group.keep && group.pid == getpid());
  assert_true(group.lag_messages == 3 && group.lag_bytes > 0 && group.opened > 0);
  rill_consumer *tail = open_consumer(queue, NULL, RILL_OLDEST, RILL_TAIL);
  for (uint64_t i = 0; i < 3; i++)
    expect_text(tail, i, "text");
  struct rill_message message;
  assert_code(rill_receive(tail, RILL_FOREVER, &message), -EPIPE); /* nothing more will come */
  rill_consumer_close(tail);
  rill_queue_close(queue);
}

static void a_copied_pair_is_only_read(void **state) {
  (void)state;
  rill_queue *real = make_copied(), *queue = NULL;
  assert_code(rill_queue_open_files(context, control_copy, data_copy, &queue), 0);
  rill_producer *producer = NULL;
  rill_consumer *consumer = NULL;
  const struct rill_producer_attr attr = {.size = sizeof attr};
  assert_code(rill_producer_open(queue, &attr, RILL_NOW, &producer), -EPERM);
  assert_code(try_consumer(queue, "g", RILL_OLDEST, 0, &consumer), -EPERM);
  assert_code(rill_group_unlink(queue, "g"), -EPERM);
  rill_queue_close(queue);
  assert_true(stat_of(real).group_count == 1 && !stat_of(real).limited);
  rill_queue_close(real);
}

static void files_that_are_not_a_pair_are_refused(void **state) {
  (void)state;
  rill_queue_close(make_copied());
  rill_queue *queue = NULL;
  assert_code(rill_queue_open_files(context, NULL, data_copy, &queue), -EINVAL);
  assert_code(rill_queue_open_files(context, control_copy, "", &queue), -EINVAL);
  assert_code(rill_queue_open_files(context, "/dev/shm/none/at/all", data_copy, &queue), -ENOENT);
  assert_code(rill_queue_open_files(context, control_copy, "none-here", &queue), -ENOENT);
  assert_code(rill_queue_open_files(context, "/dev/null/x", data_copy, &queue), -ENOTDIR);
  assert_code(rill_queue_open_files(context, data_copy, control_copy, &queue), -EPROTO);
  char long_path[8192];
  memset(long_path, 'x', sizeof long_path);
  long_path[4500] = '/';
  long_path[sizeof long_path - 1] = 0;
  assert_code(rill_queue_open_files(context, long_path, data_copy, &queue), -ENAMETOOLONG);
  copy(control, control_copy, 6000);
  assert_code(rill_queue_open_files(context, control_copy, data_copy, &queue), -EBADMSG);
  copy("/dev/zero", control_copy, 6000);
  assert_code(rill_queue_open_files(context, control_copy, data_copy, &queue), -EINPROGRESS);
  copy(control, control_copy, ALL);
  assert_code(chmod(data_copy, 0666), 0);
  assert_code(rill_queue_open_files(context, control_copy, data_copy, &queue), -EPERM);
  assert_code(rill_queue_unlink(context, "q"), 0);
  rill_queue_close(make_copied());
  copy(control, control_copy, ALL); /* of one queue with the data of another */
  const struct rill_queue_attr attr = {.size = sizeof attr, .lifetime = RILL_KEPT};
  assert_code(rill_queue_unlink(context, "q"), 0);
  rill_queue_close(open_queue(context, "q", RILL_CREATE, &attr));
  find_files();
  assert_code(rill_queue_open_files(context, control_copy, data, &queue), -EBADMSG);
  assert_null(queue);
}

#define FILES(function)                                                                            \
  {                                                                                                \
    .name = #function, .test_func = function, .setup_func = setup, .teardown_func = teardown,      \
    .initial_state = (void *)(uintptr_t) #function                                                 \
  }

int main(void) {
  const struct CMUnitTest tests[] = {FILES(a_copied_pair_is_as_it_was),
                                     FILES(a_copied_pair_is_only_read),
                                     FILES(files_that_are_not_a_pair_are_refused)};
  return cmocka_run_group_tests_name("api_files", tests, NULL, NULL);
}
