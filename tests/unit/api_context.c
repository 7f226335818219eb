/* SPDX-License-Identifier: MIT */
/* api_context.c - contexts: every error that rill_context_open states, namespaces, time, and
 * rill_error. */
#include "api.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_with(const struct rill_context_attr *attr) {
  rill_context *context = NULL;
  const int code = rill_context_open(attr, &context);
  if (code)
    CHECK(context == NULL && strlen(rill_error()) > 0);
  rill_context_close(context);
  return code;
}

static void attributes_that_are_not_understood_are_refused(void **state) {
  (void)state;
  struct rill_context_attr attr = {.size = sizeof attr};
  assert_code(open_with(&attr), 0);
  assert_code(open_with(NULL), 0);
  attr.size = sizeof attr.size; /* no field but this one */
  assert_code(open_with(&attr), 0);
  attr.size--;
  assert_code(open_with(&attr), -EINVAL);
  attr.size = SIZE_MAX;
  assert_code(open_with(&attr), -EINVAL);
  attr.size = 0;
  assert_code(open_with(&attr), -EINVAL);
  attr = (struct rill_context_attr){.size = sizeof attr, .fence = 3};
  assert_code(open_with(&attr), -EINVAL);
  attr = (struct rill_context_attr){.size = sizeof attr, .reserved0 = 1};
  assert_code(open_with(&attr), -EINVAL);
  struct {
    struct rill_context_attr attr;
    uint64_t later;
  } longer = {{.size = sizeof longer}, 0};
  assert_code(open_with(&longer.attr), 0);
  longer.later = 1;
  assert_code(open_with(&longer.attr), -E2BIG);
  assert_non_null(strstr(rill_error(), "rill_context_attr"));
  static const char *const names[] = {
      "a/b", "a b", "+", "0123456789012345678901234567890123456789012345678901234567890123"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    attr = (struct rill_context_attr){.size = sizeof attr, .name_space = names[i]};
    assert_code(open_with(&attr), -EINVAL);
  }
}

static void the_environment_is_understood_or_refused(void **state) {
  (void)state;
  (void)setenv("RILL_FENCE", "full", 1);
  assert_code(open_with(NULL), 0);
  (void)setenv("RILL_FENCE", "membarrier", 1);
  assert_code(open_with(NULL), 0);
  (void)setenv("RILL_FENCE", "none", 1);
  assert_code(open_with(NULL), -EINVAL);
  assert_non_null(strstr(rill_error(), "RILL_FENCE"));
  const struct rill_context_attr attr = {.size = sizeof attr, .fence = RILL_FENCE_FULL};
  assert_code(open_with(&attr), 0); /* it says so itself */
  (void)setenv("RILL_FENCE", "", 1);
  assert_code(open_with(NULL), 0);
  char before[128];
  (void)snprintf(before, sizeof before, "%s", getenv("RILL_NAMESPACE"));
  (void)setenv("RILL_NAMESPACE", "a/b", 1);
  assert_code(open_with(NULL), -EINVAL);
  (void)setenv("RILL_NAMESPACE", before, 1);
}

static void directories_that_cannot_be_used_are_refused(void **state) {
  (void)state;
  struct rill_context_attr attr = {.size = sizeof attr, .directory = "/nowhere/at/all"};
  assert_code(open_with(&attr), -ENOENT);
  assert_non_null(strstr(rill_error(), "RILL_DIR"));
  (void)setenv("RILL_DIR", "/nowhere/at/all", 1);
  assert_code(open_with(NULL), -ENOENT);
  (void)unsetenv("RILL_DIR");
  assert_code(open_with(NULL), 0);
  assert_code(chmod(support_directory(), 0777), 0);
  assert_code(open_with(NULL), -EPERM); /* all users could plant files */
  assert_non_null(strstr(rill_error(), support_directory()));
  assert_code(chmod(support_directory(), 01777), 0);
  assert_code(open_with(NULL), 0);
}

static void a_path_that_is_not_a_directory_is_refused(void **state) {
  (void)state;
  struct rill_context_attr attr = {.size = sizeof attr, .directory = "/dev/null"};
  assert_code(open_with(&attr), -ENOTDIR);
  char path[5000];
  memset(path, 'd', sizeof path - 1);
  path[0] = '/';
  path[sizeof path - 1] = 0;
  attr.directory = path;
  assert_code(open_with(&attr), -ENAMETOOLONG);
  path[300] = 0; /* one part is too long */
  assert_code(open_with(&attr), -ENAMETOOLONG);
  assert_code(symlink("/tmp", support_directory()), 0); /* another user planted it */
  assert_code(open_with(NULL), -ENOTDIR);
  assert_code(unlink(support_directory()), 0);
}

/* As a user that file modes apply to. */
static void become_unprivileged(void) {
  if (geteuid() == 0)
    CHECK(setresuid(65534, 65534, 65534) == 0);
}

static int open_in_a_closed_directory(void *path) {
  become_unprivileged();
  const struct rill_context_attr attr = {.size = sizeof attr, .directory = path};
  CHECK_EQ(open_with(&attr), -EACCES);
  return 0;
}

static void a_directory_without_the_right_to_write_is_eacces(void **state) {
  (void)state;
  rill_context_close(open_context(RILL_FENCE_AUTO));
  char path[256];
  (void)snprintf(path, sizeof path, "%s", support_directory());
  assert_code(chmod(path, 0500), 0);
  assert_code(support_reap(support_child(open_in_a_closed_directory, path)), 0);
  assert_code(chmod(path, 0700), 0);
}

static int open_without_descriptors(void *unused) {
  (void)unused;
  const struct rlimit none = {3, 3};
  CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
  for (int fd = 0; fd < 3; fd++)
    (void)dup(2);
  CHECK_EQ(open_with(NULL), -EMFILE);
  return 0;
}

static void no_descriptor_left_is_emfile(void **state) {
  (void)state;
  assert_code(support_reap(support_child(open_without_descriptors, NULL)), 0);
}

static int open_without_memory(void *unused) {
  (void)unused;
  const struct rlimit little = {1 << 20, 1 << 20}; /* less than there is already */
  CHECK(setrlimit(RLIMIT_AS, &little) == 0);
  CHECK_EQ(open_with(NULL), -ENOMEM);
  return 0;
}

static void no_memory_left_is_enomem(void **state) {
  (void)state;
  if (SUPPORT_SANITIZED)
    skip(); /* its own memory would be limited as well */
  assert_code(support_reap(support_child(open_without_memory, NULL)), 0);
}

static int open_without_membarrier(void *unused) {
  (void)unused;
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const struct sock_fprog program = {sizeof code / sizeof code[0], code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    return 77;
  struct rill_context_attr attr = {.size = sizeof attr, .fence = RILL_FENCE_MEMBARRIER};
  CHECK_EQ(open_with(&attr), -ENOSYS);
  CHECK(strstr(rill_error(), "RILL_FENCE") != NULL);
  attr.fence = RILL_FENCE_AUTO;
  CHECK_EQ(open_with(&attr), 0); /* falls back to full fences */
  return 0;
}

static void a_kernel_without_membarrier_is_enosys_only_if_it_is_required(void **state) {
  (void)state;
  const int status = support_reap(support_child(open_without_membarrier, NULL));
  if (status == 77)
    skip();
  assert_code(status, 0);
}

static void namespaces_keep_queues_apart(void **state) {
  (void)state;
  rill_context *here = open_context(RILL_FENCE_AUTO);
  rill_queue_close(open_queue(
      here, "only-here", RILL_CREATE,
      &(struct rill_queue_attr){.size = sizeof(struct rill_queue_attr), .lifetime = RILL_KEPT}));
  char other_name[64];
  (void)snprintf(other_name, sizeof other_name, "%.50s-other", getenv("RILL_NAMESPACE"));
  const struct rill_context_attr attr = {.size = sizeof attr, .name_space = other_name};
  rill_context *other = NULL;
  rill_queue *queue = NULL;
  assert_code(rill_context_open(&attr, &other), 0);
  assert_code(rill_queue_open(other, "only-here", 0, NULL, RILL_NOW, &queue), -ENOENT);
  rill_context_close(other);
  rill_context_close(here);
  char path[256];
  (void)snprintf(path, sizeof path, "%s-other", support_directory());
  assert_code(rmdir(path), 0);
}

static void time_only_grows_and_ends_at_forever(void **state) {
  (void)state;
  const rill_time a = rill_clock(), b = rill_after(0), c = rill_after(-5), d = rill_after(1000000);
  assert_true(a > 0 && b >= a && c >= b && d >= c + 1000000);
  assert_true(rill_after(INT64_MAX) == RILL_FOREVER);
  assert_true(rill_after(INT64_MAX - 1) == RILL_FOREVER);
  assert_true(rill_after(INT64_MIN) < RILL_FOREVER);
}

static void closing_nothing_is_allowed(void **state) {
  (void)state;
  rill_context_close(NULL);
  rill_queue_close(NULL);
  rill_producer_close(NULL);
  rill_consumer_close(NULL);
}

static void a_message_is_64_bytes_for_ever(void **state) {
  (void)state;
  assert_true(sizeof(struct rill_message) == 64);
  assert_true(offsetof(struct rill_message, type) == 60);
  assert_string_equal(rill_version(), RILL_VERSION);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(attributes_that_are_not_understood_are_refused),
      BEHAVIOUR(the_environment_is_understood_or_refused),
      BEHAVIOUR(directories_that_cannot_be_used_are_refused),
      BEHAVIOUR(a_path_that_is_not_a_directory_is_refused),
      BEHAVIOUR(a_directory_without_the_right_to_write_is_eacces),
      BEHAVIOUR(no_descriptor_left_is_emfile),
      BEHAVIOUR(no_memory_left_is_enomem),
      BEHAVIOUR(a_kernel_without_membarrier_is_enosys_only_if_it_is_required),
      BEHAVIOUR(namespaces_keep_queues_apart),
      BEHAVIOUR(time_only_grows_and_ends_at_forever),
      BEHAVIOUR(closing_nothing_is_allowed),
      BEHAVIOUR(a_message_is_64_bytes_for_ever)};
  return cmocka_run_group_tests_name("api_context", tests, NULL, NULL);
}
