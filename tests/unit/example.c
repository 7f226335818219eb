/* SPDX-License-Identifier: MIT */
/* example.c - the test that tests/README.md shows. */
#include "api.h"

static void empty_message_is_a_message(void **state) {
  (void)state;
  rill_queue *queue = small_queue("q", RILL_RELIABLE);
  rill_producer *producer = open_producer(queue, RILL_PARK);
  rill_consumer *consumer = open_consumer(queue, "readers", RILL_OLDEST, 0);
  publish_text(producer, "");
  expect_text(consumer, 0, "");
  expect_nothing(consumer, -EAGAIN);
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(queue);
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(empty_message_is_a_message)};
  return cmocka_run_group_tests_name("example", tests, NULL, NULL);
}
