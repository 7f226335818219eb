/* SPDX-License-Identifier: MIT */
/* regressions.c - defects found by review, each with what showed it. */
#include "api.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "lease.h"
#include "plain_ring.h"

/* --- a row whose member died ------------------------------------------------------------ */

static int join_and_die(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(open_context(RILL_FENCE_AUTO), "q", 0, NULL);
  (void)open_consumer(queue, NULL, RILL_OLDEST, 0);
  _exit(0);
}

/* Whoever has had the queue open for long needs neither gc nor an open queue's reclaim. */
static void a_dead_member_does_not_keep_the_last_row(void **state) {
  (void)state;
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .max_groups = 1, .overflow = RILL_OVERWRITE};
  rill_queue *queue = open_queue(open_context(RILL_FENCE_AUTO), "q", RILL_CREATE, &attr);
  assert_code(support_reap(support_child(join_and_die, NULL)), 0);
  rill_consumer *consumer = open_consumer(queue, "next", RILL_OLDEST, 0);
  rill_consumer *other = NULL;
  assert_code(try_consumer(queue, "other", RILL_OLDEST, 0, &other), -EUSERS);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(a_dead_member_does_not_keep_the_last_row),
  };
  return cmocka_run_group_tests_name("regressions", tests, NULL, NULL);
}
