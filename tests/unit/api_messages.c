/* SPDX-License-Identifier: MIT */
/* api_messages.c - messages through the library as a program uses it: both policies, all wait
 * strategies, both fence modes; groups that are kept or declared; waits and what ends them. */
#include "api.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

static rill_queue *queue;
static rill_producer *producer;
static rill_consumer *consumer;

static void end(void) {
  rill_producer_close(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  producer = NULL;
  consumer = NULL;
}

#define MANY 3000
static void *publish_many(void *unused) {
  (void)unused;
  char text[32];
  for (int i = 0; i < MANY; i++) {
    const int size = snprintf(text, sizeof text, "message %d", i);
    CHECK_EQ(rill_publish(producer, text, (size_t)size, RILL_FOREVER), 0);
    if (i % 500 == 0)
      (void)sched_yield();
  }
  return NULL;
}

static void messages_flow_with_every_strategy_and_fence(void **state) {
  (void)state;
  for (uint32_t fence = RILL_FENCE_AUTO; fence <= RILL_FENCE_FULL; fence++)
    for (uint32_t wait = RILL_ADAPTIVE; wait <= RILL_PARK; wait++)
      for (uint32_t batch = 0; batch < 2; batch++) {
        const struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536};
        const struct rill_consumer_attr member = {
            .size = sizeof member, .wait = wait, .group = "g"};
        rill_context *context = open_context(fence);
        char name[48];
        (void)snprintf(name, sizeof name, "q-%u-%u-%u", fence, wait, batch);
        queue = open_queue(context, name, RILL_CREATE, &attr);
        producer = open_producer(queue, wait);
        assert_code(rill_consumer_open(queue, &member, &consumer), 0);
        assert_true(fence == RILL_FENCE_AUTO || stat_of(queue).fence == fence);
        assert_true(group_of(queue, "g").wait == wait);
        pthread_t thread;
        (void)pthread_create(&thread, NULL, publish_many, NULL);
        for (int i = 0; i < MANY;) {
          struct rill_message got[32];
          char text[32];
          const int n = batch ? rill_receive_batch(consumer, 32, RILL_FOREVER, got)
                              : rill_receive(consumer, RILL_FOREVER, got);
          const int count = batch ? n : 1;
          assert_true(n >= 0 && count > 0);
          for (int k = 0; k < count; k++, i++) {
            const int size = snprintf(text, sizeof text, "message %d", i);
            assert_code(got[k].sequence, i);
            assert_code(got[k].size, size);
            assert_memory_equal(got[k].data, text, (size_t)size);
          }
          assert_code(rill_release(consumer, &got[count - 1]), 0);
        }
        (void)pthread_join(thread, NULL);
        rill_context_close(context);
        end();
      }
}

static void each_group_sees_every_message(void **state) {
  (void)state;
  for (uint32_t overflow = 0; overflow < 2; overflow++) {
    queue = small_queue(overflow ? "o" : "r", overflow);
    producer = open_producer(queue, RILL_ADAPTIVE);
    rill_consumer *all[5];
    for (int i = 0; i < 5; i++)
      all[i] = open_consumer(queue, NULL, RILL_OLDEST, i == 4 ? RILL_TAIL : 0);
    for (uint64_t n = 0; n < 3000; n++) {
      publish_text(producer, "for all");
      for (int i = 0; i < 5; i++) {
        expect_text(all[i], n, "for all");
        assert_code(rill_release(all[i], NULL), 0);
      }
    }
    for (int i = 0; i < 5; i++)
      rill_consumer_close(all[i]);
    end();
  }
}

/* Copied: until the next receive, at the same place. Else in the ring, until it is released. */
static void a_message_says_where_its_data_lies(void **state) {
  (void)state;
  const struct rill_meta meta = {.size = sizeof meta, .time = 5, .type = 6};
  const struct rill_item items[4] = {
      {"one", 3, NULL}, {"two", 3, &meta}, {"three", 5, NULL}, {"four", 4, &meta}};
  for (uint32_t overflow = 0; overflow < 2; overflow++)
    for (uint32_t flags = 0; flags <= RILL_TAIL; flags += RILL_TAIL) {
      queue = small_queue("q", overflow);
      producer = open_producer(queue, RILL_ADAPTIVE);
      consumer = open_consumer(queue, NULL, RILL_OLDEST, flags);
      assert_code(rill_publish_batch(producer, items, 4, RILL_NOW), 4);
      const uint16_t expected = overflow || flags ? RILL_MESSAGE_COPIED : 0;
      struct rill_message messages[4];
      for (int i = 0; i < 4; i++) {
        memset(&messages[i], 0xff, sizeof messages[i]);
        if (i < 2)
          assert_code(rill_receive(consumer, RILL_NOW, &messages[i]), 0);
        else
          assert_code(rill_receive_batch(consumer, 1, RILL_NOW, &messages[i]), 1);
        assert_int_equal(messages[i].flags, expected);
      }
      for (int i = 0; i < 4 && !expected; i++)
        assert_memory_equal(messages[i].data, items[i].data, items[i].size);
      if (expected)
        assert_true(messages[0].data == messages[2].data && messages[1].data == messages[3].data);
      end();
    }
}

static int fill_up(void) {
  int n = 0;
  while (rill_publish(producer, "0123456789", 10, RILL_NOW) == 0)
    n++;
  return n;
}

static void a_full_reliable_queue_says_so_and_loses_nothing(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  producer = open_producer(queue, RILL_ADAPTIVE);
  consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
  assert_code(rill_release(consumer, &(struct rill_message){.token = 16}), -EINVAL);
  char before[512];
  (void)snprintf(before, sizeof before, "%s", rill_error());
  const int n = fill_up();
  assert_code(rill_publish(producer, "x", 1, RILL_NOW), -EAGAIN);
  assert_code(rill_publish(producer, "x", 1, 1), -ETIMEDOUT);
  assert_code(rill_publish(producer, "x", 1, rill_after(1000000)), -ETIMEDOUT);
  void *data = NULL;
  const struct rill_item item = {"x", 1, NULL};
  assert_code(rill_reserve(producer, NULL, 1, RILL_NOW, &data), -EAGAIN);
  assert_code(rill_reserve(producer, NULL, 1, 1, &data), -ETIMEDOUT);
  assert_code(rill_publish_batch(producer, &item, 1, RILL_NOW), -EAGAIN);
  assert_code(rill_publish_batch(producer, &item, 1, 1), -ETIMEDOUT);
  for (int i = 0; i < n; i++)
    expect_text(consumer, (uint64_t)i, "0123456789");
  expect_nothing(consumer, -EAGAIN);
  struct rill_message message;
  assert_code(rill_receive(consumer, 1, &message), -ETIMEDOUT);
  assert_code(rill_receive_batch(consumer, 1, 1, &message), -ETIMEDOUT);
  assert_string_equal(rill_error(), before); /* none of these touch it */
  end();
}

static void without_any_group_a_reliable_queue_keeps_the_newest(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  producer = open_producer(queue, RILL_ADAPTIVE);
  char text[32];
  for (int i = 0; i < 20000; i++) {
    (void)snprintf(text, sizeof text, "number %08d", i);
    publish_text(producer, text); /* never full */
  }
  consumer = open_consumer(queue, "late", RILL_OLDEST, 0);
  struct rill_message message;
  assert_code(rill_receive(consumer, RILL_NOW, &message), 0);
  const uint64_t oldest = message.sequence;
  /* The limit is up to one and a half quanta ahead, entries of the index are one apart. */
  const uint64_t kept = (20000 - oldest) * 32, quantum = 65536 / 32;
  assert_true(kept <= 65536 && kept >= 65536 - 3 * quantum);
  for (uint64_t i = oldest + 1; i < 20000; i++) {
    (void)snprintf(text, sizeof text, "number %08d", (int)i);
    expect_text(consumer, i, text);
  }
  expect_nothing(consumer, -EAGAIN);
  assert_true(fill_up() < 200); /* now there is a group, and it has released nothing */
  end();
}

static void a_declared_group_holds_everything_for_itself(void **state) {
  (void)state;
  static const char *const groups[] = {"audit", "billing"};
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .groups = groups, .group_count = 2};
  rill_context *context = open_context(RILL_FENCE_AUTO);
  queue = open_queue(context, "q", RILL_CREATE, &attr);
  producer = open_producer(queue, RILL_ADAPTIVE);
  const int n = fill_up();
  assert_true(n > 1500 && n <= 2048);
  assert_int_equal(group_of(queue, "audit").state, RILL_GROUP_KEPT);
  assert_int_equal(group_of(queue, "billing").lag_messages, n);
  for (int g = 0; g < 2; g++) {
    consumer = open_consumer(queue, groups[g], RILL_LATEST, 0);
    for (int i = 0; i < n; i++)
      expect_text(consumer, (uint64_t)i, "0123456789");
    assert_code(rill_release(consumer, NULL), 0);
    rill_consumer_close(consumer);
    assert_code(rill_publish(producer, "x", 1, RILL_NOW), g ? 0 : -EAGAIN);
  }
  consumer = NULL;
  rill_context_close(context);
  end();
}

static void a_kept_group_goes_on_after_the_last_release(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  producer = open_producer(queue, RILL_ADAPTIVE);
  consumer = open_consumer(queue, "durable", RILL_OLDEST, RILL_KEEP_GROUP);
  for (uint64_t i = 0; i < 40; i++) {
    struct rill_message first;
    publish_text(producer, "one");
    publish_text(producer, "two");
    assert_code(rill_receive(consumer, RILL_NOW, &first), 0);
    assert_true(first.sequence == 2 * i);
    expect_text(consumer, 2 * i + 1, "two");
    assert_code(rill_release(consumer, &first), 0);
    rill_consumer_close(consumer);
    assert_int_equal(group_of(queue, "durable").state, RILL_GROUP_KEPT);
    consumer = open_consumer(queue, "durable", RILL_LATEST, 0);
    expect_text(consumer, 2 * i + 1, "two"); /* it was not released */
    assert_code(rill_release(consumer, NULL), 0);
  }
  rill_consumer_close(consumer);
  const int n = fill_up(); /* it is held for the group that is away */
  consumer = open_consumer(queue, "durable", RILL_OLDEST, 0);
  for (int i = 0; i < n; i++)
    expect_text(consumer, 80 + (uint64_t)i, "0123456789");
  end();
}

static void a_group_that_is_not_kept_is_forgotten(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  producer = open_producer(queue, RILL_ADAPTIVE);
  consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
  publish_text(producer, "x");
  rill_consumer_close(consumer);
  assert_int_equal(group_of(queue, "g").state, 0);
  consumer = open_consumer(queue, "g", RILL_LATEST, 0);
  expect_nothing(consumer, -EAGAIN);
  end();
}

static void the_end_of_the_stream_comes_after_the_last_message(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
  rill_consumer *follower = open_consumer(queue, "f", RILL_OLDEST, RILL_FOLLOW);
  rill_consumer *tail = open_consumer(queue, NULL, RILL_OLDEST, RILL_TAIL);
  expect_nothing(consumer, -EAGAIN); /* no producer yet is no end */
  producer = open_producer(queue, RILL_ADAPTIVE);
  publish_text(producer, "last");
  rill_producer_close(producer);
  expect_text(consumer, 0, "last");
  expect_text(follower, 0, "last");
  expect_text(tail, 0, "last");
  struct rill_message message;
  assert_code(rill_receive(consumer, RILL_FOREVER, &message), -EPIPE);
  assert_code(rill_receive_batch(consumer, 1, RILL_FOREVER, &message), -EPIPE);
  expect_nothing(tail, -EPIPE);
  expect_nothing(follower, -EAGAIN);
  producer = open_producer(queue, RILL_ADAPTIVE);
  publish_text(producer, "again");
  expect_text(consumer, 1, "again");
  expect_text(follower, 1, "again");
  rill_consumer_close(follower);
  rill_consumer_close(tail);
  end();
}

static int produce_and_die(void *unused) {
  (void)unused;
  queue = small_queue("q", RILL_RELIABLE);
  producer = open_producer(queue, RILL_ADAPTIVE);
  publish_text(producer, "posthumous");
  (void)raise(SIGKILL);
  return 0;
}

static void a_dead_producer_is_the_end_as_well(void **state) {
  (void)state;
  queue = small_queue("q", RILL_RELIABLE);
  consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
  assert_code(support_reap(support_child(produce_and_die, NULL)), -SIGKILL);
  assert_int_equal(stat_of(queue).producer, RILL_PRODUCER_DEAD);
  expect_text(consumer, 0, "posthumous");
  struct rill_message message;
  assert_code(rill_receive(consumer, RILL_FOREVER, &message), -EPIPE);
  producer = open_producer(queue, RILL_ADAPTIVE);
  publish_text(producer, "successor");
  expect_text(consumer, 1, "successor");
  end();
}

/* --- interrupts, signals and removal ------------------------------------------------ */

static _Atomic int ended;
static uint32_t strategy;

static void *receive_until_the_end(void *ret) {
  struct rill_message message;
  *(int *)ret = rill_receive(consumer, RILL_FOREVER, &message);
  ended = 1;
  return NULL;
}

static void interrupt(int signal_number) {
  (void)signal_number;
  (void)rill_consumer_interrupt(consumer);
}

static void ignore(int signal_number) {
  (void)signal_number;
}

static int wait_with(void (*handler)(int), uint32_t flags) {
  const struct rill_consumer_attr attr = {.size = sizeof attr, .wait = strategy, .flags = flags};
  struct sigaction action = {.sa_handler = handler};
  (void)sigaction(SIGUSR1, &action, NULL);
  queue = small_queue("q", RILL_RELIABLE);
  assert_code(rill_consumer_open(queue, &attr, &consumer), 0);
  pthread_t thread;
  int code = 1;
  ended = 0;
  (void)pthread_create(&thread, NULL, receive_until_the_end, &code);
  while (!ended) {
    (void)pthread_kill(thread, SIGUSR1);
    (void)sched_yield();
  }
  (void)pthread_join(thread, NULL);
  return code;
}

static void a_signal_handler_may_interrupt_a_wait(void **state) {
  (void)state;
  for (strategy = RILL_ADAPTIVE; strategy <= RILL_PARK; strategy++)
    for (uint32_t flags = 0; flags <= RILL_TAIL; flags += RILL_TAIL) {
      assert_code(wait_with(interrupt, flags), -ECANCELED);
      end();
    }
}

static void a_signal_handler_that_does_nothing_ends_a_parked_wait(void **state) {
  (void)state;
  strategy = RILL_PARK;
  assert_code(wait_with(ignore, 0), -EINTR);
  end();
  assert_code(wait_with(ignore, RILL_TAIL), -EINTR);
  end();
}

static void *publish_until_the_end(void *ret) {
  *(int *)ret = rill_publish(producer, "0123456789", 10, RILL_FOREVER);
  ended = 1;
  return NULL;
}

static void a_signal_handler_ends_a_wait_for_room(void **state) {
  (void)state;
  struct sigaction action = {.sa_handler = ignore};
  (void)sigaction(SIGUSR1, &action, NULL);
  queue = small_queue("q", RILL_RELIABLE);
  producer = open_producer(queue, RILL_PARK);
  consumer = open_consumer(queue, "g", RILL_OLDEST, 0);
  const int n = fill_up();
  pthread_t thread;
  int code = 1;
  ended = 0;
  (void)pthread_create(&thread, NULL, publish_until_the_end, &code);
  while (!ended) {
    (void)pthread_kill(thread, SIGUSR1);
    (void)sched_yield();
  }
  (void)pthread_join(thread, NULL);
  assert_code(code, -EINTR);
  assert_true(stat_of(queue).sequence == (uint64_t)n); /* nothing was published */
  end();
}

static void removal_ends_every_kind_of_wait(void **state) {
  (void)state;
  for (strategy = RILL_ADAPTIVE; strategy <= RILL_PARK; strategy++) {
    rill_context *context = open_context(RILL_FENCE_AUTO);
    queue = small_queue("q", RILL_RELIABLE);
    const struct rill_consumer_attr attr = {.size = sizeof attr, .wait = strategy, .group = "g"};
    rill_consumer *slow = open_consumer(queue, "slow", RILL_OLDEST, 0);
    producer = open_producer(queue, strategy);
    (void)fill_up();
    assert_code(rill_consumer_open(queue, &attr, &consumer), 0);
    struct rill_message message;
    while (rill_receive(consumer, RILL_NOW, &message) == 0)
      ;
    pthread_t threads[2];
    int codes[2] = {1, 1};
    (void)pthread_create(&threads[0], NULL, receive_until_the_end, &codes[0]);
    (void)pthread_create(&threads[1], NULL, publish_until_the_end, &codes[1]);
    if (strategy == RILL_PARK)
      while (group_of(queue, "g").parks == 0 || stat_of(queue).producer_parks == 0)
        (void)sched_yield();
    assert_code(rill_queue_unlink(context, "q"), 0);
    (void)pthread_join(threads[0], NULL);
    (void)pthread_join(threads[1], NULL);
    assert_code(codes[0], -ESTALE);
    assert_code(codes[1], -ESTALE);
    assert_code(rill_publish(producer, "0123456789", 10, RILL_NOW), -ESTALE);
    expect_nothing(consumer, -ESTALE);
    assert_true(stat_of(queue).removed);
    rill_consumer_close(slow);
    rill_context_close(context);
    end();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(messages_flow_with_every_strategy_and_fence),
      BEHAVIOUR(each_group_sees_every_message),
      BEHAVIOUR(a_message_says_where_its_data_lies),
      BEHAVIOUR(a_full_reliable_queue_says_so_and_loses_nothing),
      BEHAVIOUR(without_any_group_a_reliable_queue_keeps_the_newest),
      BEHAVIOUR(a_declared_group_holds_everything_for_itself),
      BEHAVIOUR(a_kept_group_goes_on_after_the_last_release),
      BEHAVIOUR(a_group_that_is_not_kept_is_forgotten),
      BEHAVIOUR(the_end_of_the_stream_comes_after_the_last_message),
      BEHAVIOUR(a_dead_producer_is_the_end_as_well),
      BEHAVIOUR(a_signal_handler_may_interrupt_a_wait),
      BEHAVIOUR(a_signal_handler_that_does_nothing_ends_a_parked_wait),
      BEHAVIOUR(a_signal_handler_ends_a_wait_for_room),
      BEHAVIOUR(removal_ends_every_kind_of_wait)};
  return cmocka_run_group_tests_name("api_messages", tests, NULL, NULL);
}
