/* SPDX-License-Identifier: MIT */
/* perf/tests/place_test.c - a benchmark leaves no file behind, and removes what killed ones
 * have left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "place.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Makes an empty file; 0 if that works. */
static int touch(const char *path) {
  int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  return fd < 0 ? -1 : close(fd);
}

static int exists(const char *path) {
  return access(path, F_OK) == 0;
}

/* The pid of a process that has ended. */
static pid_t dead_process(void) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    _exit(0);
  assert_int_equal(waitpid(pid, NULL, 0), pid);
  return pid;
}

static void files_go_with_the_last_user(void **state) {
  (void)state;
  char path[128], outside[64];
  assert_int_equal(place_enter(), 0);
  assert_int_equal(place_enter(), 0);
  place_path("socket", path, sizeof path);
  snprintf(outside, sizeof outside, "/tmp/rill-perf-%ld-runtime", (long)getpid());
  assert_int_equal(touch(path), 0);
  assert_int_equal(touch(outside), 0);
  place_leave();
  assert_true(exists(path));
  place_leave();
  assert_false(exists(path));
  assert_false(exists(outside));
}

static void files_of_dead_processes_go_and_those_of_live_ones_stay(void **state) {
  (void)state;
  char dead[64], inside[80], dead_file[64], living[64];
  pid_t pid = dead_process();
  snprintf(dead, sizeof dead, "/dev/shm/rill-perf-%ld", (long)pid);
  snprintf(inside, sizeof inside, "%s/socket", dead);
  snprintf(dead_file, sizeof dead_file, "/tmp/rill-perf-%ld-12", (long)pid);
  snprintf(living, sizeof living, "/dev/shm/rill-perf-%ld-queue", (long)getppid());
  assert_int_equal(mkdir(dead, 0700), 0);
  assert_int_equal(touch(inside), 0);
  assert_int_equal(touch(dead_file), 0);
  assert_int_equal(touch(living), 0);
  assert_int_equal(place_enter(), 0);
  assert_false(exists(dead));
  assert_false(exists(dead_file));
  assert_true(exists(living));
  place_leave();
  assert_true(exists(living));
  unlink(living);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(files_go_with_the_last_user),
      cmocka_unit_test(files_of_dead_processes_go_and_those_of_live_ones_stay),
  };
  return cmocka_run_group_tests_name("place", tests, NULL, NULL);
}
