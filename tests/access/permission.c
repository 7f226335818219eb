/* SPDX-License-Identifier: MIT */
/* permission.c - another user's queues, and places that all users may write. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "forge.h"

#define OTHER_USER 65534u

/* For one process; the test itself runs as its caller, which is root in CI. */
static void become_unprivileged(void) {
  if (geteuid() != 0)
    return;
  CHECK(setgroups(0, NULL) == 0 && setresgid(OTHER_USER, OTHER_USER, OTHER_USER) == 0 &&
        setresuid(OTHER_USER, OTHER_USER, OTHER_USER) == 0);
}

static void check_refused(int code, const char *word) {
  CHECK_THAT(code == -EACCES || code == -EPERM, "%d (%s)", code, rill_error());
  CHECK_THAT(strstr(rill_error(), word), "no '%s' in: %s", word, rill_error());
}

static void try_anothers_queue(void *arg) {
  (void)arg;
  become_unprivileged();
  const unsigned descriptors = descriptors_open();
  rill_queue *queue = NULL;
  rill_context *context = context_here();
  check_refused(rill_queue_open(context, "q", 0, NULL, RILL_NOW, &queue), "'q'");
  check_refused(rill_queue_open(context, "q", RILL_CREATE, NULL, RILL_NOW, &queue), "'q'");
  check_refused(rill_queue_open(context, "q", RILL_OBSERVE, NULL, RILL_NOW, &queue), "'q'");
  check_refused(rill_queue_open(context, "mine", RILL_CREATE, NULL, RILL_NOW, &queue), "'mine'");
  check_refused(rill_queue_unlink(context, "q"), "'q'");
  CHECK(rill_queue_gc(context, 0, NULL, NULL) == 0);
  CHECK(queue == NULL);
  rill_context_close(context);
  CHECK(descriptors_open() == descriptors);
}

static void queue_of_another_user_is_refused(void) {
  CHECK_THAT(geteuid() == 0, "this test has to begin as root");
  rill_queue *queue = open_queue(NULL);
  await_end(spawn("unprivileged", try_anothers_queue, NULL));
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void work_in_own_namespace(void *arg) {
  char name[200];
  (void)arg;
  become_unprivileged();
  (void)snprintf(name, sizeof name, "%s-n", getenv("RILL_NAMESPACE"));
  CHECK(setenv("RILL_NAMESPACE", name, 1) == 0);
  rill_queue *queue = open_queue(NULL);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
  for (uint64_t number = 0; number < 300; number++) {
    CHECK_EQ(publish_number(producer, number, RILL_NOW), 0);
    receive_number(consumer, number);
  }
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(queue);
  gc_leaves_nothing();
  CHECK(rmdir(namespace_directory()) == 0);
}

static void unprivileged_user_works_in_a_namespace_of_its_own(void) {
  await_end(spawn("unprivileged", work_in_own_namespace, NULL));
}

/* A queue that its owner opened to a group is open to that group, and to no other user. */
static void try_group(void *arg) {
  rill_queue *queue = NULL;
  const gid_t group = *(const gid_t *)arg;
  CHECK(setgroups(1, &group) == 0 && setresgid(OTHER_USER, OTHER_USER, OTHER_USER) == 0 &&
        setresuid(OTHER_USER, OTHER_USER, OTHER_USER) == 0);
  const int code = rill_queue_open(context_here(), "q", 0, NULL, RILL_NOW, &queue);
  CHECK_EQ(code, group == 4242 ? 0 : -EACCES);
  if (code)
    return;
  rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
  report_ready();
  receive_number(consumer, 0);
  rill_consumer_close(consumer);
}

static void group_rights_open_a_queue_to_that_group_alone(void) {
  const struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536, .mode = 0660};
  gid_t group = 4242, other = 4243;
  CHECK_THAT(geteuid() == 0, "this test has to begin as root");
  rill_queue *queue = open_queue(&attr);
  const struct files files = files_of_queue();
  CHECK(chown(files.control, 0, group) == 0 && chown(files.data, 0, group) == 0);
  struct process *member = spawn("member", try_group, &group);
  await_ready(member);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  CHECK_EQ(publish_number(producer, 0, RILL_NOW), 0);
  await_end(member);
  await_end(spawn("stranger", try_group, &other));
  rill_producer_close(producer);
  rill_queue_close(queue);
  gc_leaves_nothing();
}

static void namespace_that_all_users_may_write_is_refused(void) {
  struct rill_context_attr attr = {.size = sizeof attr};
  rill_context *context = NULL;
  (void)context_here();
  CHECK(chmod(namespace_directory(), 0777) == 0);
  const unsigned descriptors = descriptors_open();
  check_refused(rill_context_open(&attr, &context), namespace_directory());
  CHECK(context == NULL && descriptors_open() == descriptors);
  CHECK(chmod(namespace_directory(), 0755) == 0);
}

static void segment_that_all_users_may_write_is_refused(void) {
  rill_queue_close(open_queue(NULL));
  const struct files files = files_of_queue();
  rill_queue *queue = NULL;
  CHECK(chmod(files.control, 0606) == 0);
  check_refused(rill_queue_open(context_here(), "q", 0, NULL, RILL_NOW, &queue), "chmod");
  CHECK(chmod(files.control, 0600) == 0 && chmod(files.data, 0606) == 0);
  check_refused(rill_queue_open(context_here(), "q", 0, NULL, RILL_NOW, &queue), "chmod");
  CHECK(chmod(files.data, 0600) == 0);
  rill_queue_close(open_queue(NULL));
  gc_leaves_nothing();
}

/* Where several users may make files, the owner of the file decides; elsewhere only the owner of
 * the directory can have put it there. */
static void segment_of_an_untrusted_user_is_refused(void) {
  CHECK_THAT(geteuid() == 0, "this test has to begin as root");
  rill_queue_close(open_queue(NULL));
  CHECK(chmod(namespace_directory(), 01777) == 0);
  const struct files files = files_of_queue();
  rill_queue *queue = NULL;
  CHECK(chown(files.data, OTHER_USER, OTHER_USER) == 0);
  check_refused(rill_queue_open(context_here(), "q", 0, NULL, RILL_NOW, &queue), "65534");
  CHECK(chown(files.data, 0, 0) == 0 && chown(files.control, OTHER_USER, OTHER_USER) == 0);
  check_refused(rill_queue_open(context_here(), "q", 0, NULL, RILL_NOW, &queue), "65534");
  check_refused(rill_queue_open(context_here(), "q", RILL_OBSERVE, NULL, RILL_NOW, &queue),
                "65534");
  CHECK(chmod(namespace_directory(), 0755) == 0);
  CHECK(rill_queue_open(context_here(), "q", 0, NULL, RILL_NOW, &queue) == 0);
  rill_queue_close(queue);
  CHECK(chown(files.control, 0, 0) == 0);
  gc_leaves_nothing();
}

static const struct test tests[] = {
    NAMED(queue_of_another_user_is_refused),
    NAMED(unprivileged_user_works_in_a_namespace_of_its_own),
    NAMED(group_rights_open_a_queue_to_that_group_alone),
    NAMED(namespace_that_all_users_may_write_is_refused),
    NAMED(segment_that_all_users_may_write_is_refused),
    NAMED(segment_of_an_untrusted_user_is_refused),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 30);
}
