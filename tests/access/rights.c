/* SPDX-License-Identifier: MIT */
/* rights.c - which users may publish, take and look: three rights of a queue, enforced by file
 * modes alone. Root makes the queues; children drop to users that own nothing. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support.h"

#define TRADERS 54321 /* a group id, and two user ids that no user has              */
#define ALICE 54322
#define BOB 54323

static rill_context *context;
static rill_queue *queue;
static rill_producer *producer;

static void make(uint32_t mode) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .mode = mode, .group = TRADERS};
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  CHECK_EQ(rill_queue_open(context, "orders", RILL_CREATE, &attr, RILL_NOW, &queue), 0);
  CHECK_EQ(rill_producer_open(queue, NULL, RILL_NOW, &producer), 0);
  for (int i = 0; i < 3; i++)
    CHECK_EQ(rill_publish(producer, "an order", 8, RILL_NOW), 0);
}

static void unmake(void) {
  rill_producer_close(producer);
  rill_queue_close(queue);
  rill_context_close(context);
}

static void become(uid_t user, gid_t group) {
  CHECK_EQ(setgroups(0, NULL), 0);
  CHECK_EQ(setresgid(group, group, group), 0);
  CHECK_EQ(setresuid(user, user, user), 0);
}

/* What a user may do, tried with fresh handles. */
struct may {
  int open, publish, take, observe;
};

static struct may try_everything(void) {
  struct may may = {0};
  rill_context *mine;
  rill_queue *opened;
  CHECK_EQ(rill_context_open(NULL, &mine), 0);
  may.open = rill_queue_open(mine, "orders", 0, NULL, RILL_NOW, &opened);
  may.publish = may.take = may.open;
  if (may.open == 0) {
    rill_producer *p;
    rill_consumer *c;
    struct rill_message message;
    may.take = rill_consumer_open(opened, NULL, &c);
    if (may.take == 0) {
      CHECK_EQ(rill_receive(c, RILL_NOW, &message), 0);
      CHECK_EQ(message.size, 8);
      rill_consumer_close(c);
    }
    may.publish = rill_producer_open(opened, NULL, RILL_NOW, &p);
    rill_queue_close(opened);
  }
  may.observe = rill_queue_open(mine, "orders", RILL_OBSERVE, NULL, RILL_NOW, &opened);
  if (may.observe == 0)
    rill_queue_close(opened);
  rill_context_close(mine);
  return may;
}

static int trader_takes_but_does_not_publish(void *arg) {
  (void)arg;
  become(ALICE, TRADERS);
  const struct may may = try_everything();
  CHECK_EQ(may.open, 0);
  CHECK_EQ(may.publish, -EACCES);
  CHECK(strstr(rill_error(), "orders"));
  CHECK_EQ(may.take, 0);
  CHECK_EQ(may.observe, 0);
  return 0;
}

static int another_user_only_reads(void *arg) {
  (void)arg;
  become(BOB, BOB);
  const struct may may = try_everything();
  CHECK_EQ(may.open, -EACCES);
  CHECK_EQ(may.observe, 0);
  return 0;
}

static int another_user_does_nothing(void *arg) {
  (void)arg;
  become(BOB, BOB);
  const struct may may = try_everything();
  CHECK_EQ(may.open, -EACCES);
  CHECK_EQ(may.observe, -EACCES);
  CHECK(strstr(rill_error(), "orders"));
  return 0;
}

static int trader_may_publish(void *arg) {
  (void)arg;
  become(ALICE, TRADERS);
  const struct may may = try_everything();
  CHECK_EQ(may.take, 0);
  CHECK_EQ(may.publish, 0);
  return 0;
}

static int run(int (*child)(void *)) {
  return support_reap(support_child(child, NULL));
}

/* The role of the producer is free for a process with the right. */
static void step_back(void) {
  rill_producer_close(producer);
  producer = NULL;
}

static void the_three_rights_are_different(void **state) {
  (void)state;
  make(0754); /* root: everything; traders: look and take; others: look */
  step_back();
  CHECK_EQ(run(trader_takes_but_does_not_publish), 0);
  CHECK_EQ(run(another_user_only_reads), 0);
  unmake();
}

static void by_default_a_queue_is_its_owners_alone(void **state) {
  (void)state;
  make(0);
  CHECK_EQ(run(another_user_does_nothing), 0);
  unmake();
}

static void a_group_may_be_given_the_right_to_publish(void **state) {
  (void)state;
  make(0770);
  step_back();
  CHECK_EQ(run(trader_may_publish), 0);
  CHECK_EQ(run(another_user_does_nothing), 0);
  unmake();
}

/* --- what an observer sees, and that it can hold no process up----------------------- */

static int is_orders(const char *name, void *arg) {
  (void)arg;
  return strcmp(name, "orders");
}

static int observer_sees(void *arg) {
  (void)arg;
  become(BOB, BOB);
  rill_context *mine;
  rill_queue *opened;
  rill_consumer *tail;
  struct rill_message message;
  const struct rill_consumer_attr attr = {.size = sizeof attr, .flags = RILL_TAIL};
  CHECK_EQ(rill_context_open(NULL, &mine), 0);
  CHECK_EQ(rill_queue_list(mine, NULL, is_orders, NULL), 1);
  CHECK_EQ(rill_queue_open(mine, "orders", RILL_OBSERVE, NULL, RILL_NOW, &opened), 0);
  struct rill_queue_stat stat = {.size = sizeof stat};
  CHECK_EQ(rill_queue_read_stat(opened, &stat), 0);
  CHECK_EQ(stat.limited, 1);
  CHECK_EQ(stat.mode, 0754);
  CHECK_EQ(stat.gid, TRADERS);
  CHECK_EQ(stat.sequence, 603);
  CHECK_EQ(stat.producer, RILL_PRODUCER_ALIVE);
  CHECK_EQ(stat.group_count, 1);
  struct rill_group_stat group = {.size = sizeof group};
  uint32_t index = 0;
  CHECK_EQ(rill_group_read_stat(opened, &index, &group), 1);
  CHECK(strcmp(group.name, "desk") == 0);
  CHECK_EQ(group.state, RILL_GROUP_ACTIVE);
  CHECK(group.lag_messages > 0 && group.lag_messages <= 603);
  CHECK_EQ(group.lag_bytes, group.lag_messages * 32); /* 8 bytes and a header, in steps of 16 */
  CHECK_EQ(rill_group_read_stat(opened, &index, &group), 0);
  CHECK_EQ(rill_consumer_open(opened, &attr, &tail), 0);
  CHECK_EQ(rill_receive(tail, RILL_NOW, &message), 0);
  CHECK(memcmp(message.data, "an order", 8) == 0);
  rill_consumer_close(tail);
  rill_queue_close(opened);
  rill_context_close(mine);
  return 0;
}

static void an_observer_sees_the_queue_as_the_producer_saw_it_last(void **state) {
  (void)state;
  make(0754);
  rill_consumer *desk;
  struct rill_message message;
  const struct rill_consumer_attr attr = {.size = sizeof attr, .group = "desk"};
  CHECK_EQ(rill_consumer_open(queue, &attr, &desk), 0);
  for (int i = 0; i < 600; i++) { /* over several quanta, so that the group is seen */
    CHECK_EQ(rill_publish(producer, "an order", 8, RILL_NOW), 0);
    CHECK_EQ(rill_receive(desk, RILL_NOW, &message), 0);
  }
  CHECK_EQ(run(observer_sees), 0);
  rill_consumer_close(desk);
  unmake();
}

/* A process that may open a file for reading may put a read lock on it, and so hold a lease up. */
static int observer_locks(void *arg) {
  (void)arg;
  become(BOB, BOB);
  char path[512];
  (void)snprintf(path, sizeof path, "%s/orders.control", support_directory());
  CHECK_EQ(open(path, O_RDONLY), -1);
  CHECK_EQ(errno, EACCES);
  CHECK_EQ(open(path, O_RDWR), -1);
  return 0;
}

static void an_observer_can_lock_nothing(void **state) {
  (void)state;
  make(0754);
  CHECK_EQ(run(observer_locks), 0);
  unmake();
}

static int opens_its_own(void *arg) {
  (void)arg;
  become(ALICE, ALICE);
  rill_context *mine;
  CHECK_EQ(unsetenv("RILL_NAMESPACE"), 0);
  CHECK_EQ(rill_context_open(NULL, &mine), -EPERM);
  CHECK(strstr(rill_error(), "belongs to user"));
  return 0;
}

static void a_namespace_that_another_user_planted_is_refused(void **state) {
  (void)state;
  char path[64];
  (void)snprintf(path, sizeof path, "/dev/shm/rill.u%d", ALICE);
  CHECK_EQ(mkdir(path, 0755), 0);
  CHECK_EQ(chown(path, BOB, BOB), 0);
  const int status = run(opens_its_own);
  (void)rmdir(path);
  CHECK_EQ(status, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(the_three_rights_are_different),
      BEHAVIOUR(by_default_a_queue_is_its_owners_alone),
      BEHAVIOUR(a_group_may_be_given_the_right_to_publish),
      BEHAVIOUR(an_observer_sees_the_queue_as_the_producer_saw_it_last),
      BEHAVIOUR(an_observer_can_lock_nothing),
      BEHAVIOUR(a_namespace_that_another_user_planted_is_refused),
  };
  if (geteuid() != 0) {
    (void)fprintf(stderr, "access.rights needs root, to become other users\n");
    return 1;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
