/* SPDX-License-Identifier: MIT */
/* api_race.c - threads that open, join and remove the same names at the same moment: exactly one
 * wins what only one can have, and the others get an error that is stated. */
#include "api.h"

#include <pthread.h>

#define THREADS 4
static rill_context *context;
static pthread_barrier_t start;
static char name[32];

struct racer {
  pthread_t thread;
  int code;
  rill_queue *queue;
  rill_consumer *consumer;
  rill_producer *producer;
};

static void race(void *(*run)(void *), struct racer racers[THREADS]) {
  memset(racers, 0, THREADS * sizeof racers[0]);
  (void)pthread_barrier_init(&start, NULL, THREADS);
  for (int i = 0; i < THREADS; i++)
    CHECK_EQ(pthread_create(&racers[i].thread, NULL, run, &racers[i]), 0);
  for (int i = 0; i < THREADS; i++)
    (void)pthread_join(racers[i].thread, NULL);
  (void)pthread_barrier_destroy(&start);
}

static int count(const struct racer racers[THREADS], int code) {
  int n = 0;
  for (int i = 0; i < THREADS; i++)
    n += racers[i].code == code;
  return n;
}

static const struct rill_queue_attr small = {.size = sizeof small, .capacity = 65536};

static void *create(void *arg) {
  struct racer *racer = arg;
  (void)pthread_barrier_wait(&start);
  racer->code = rill_queue_open(context, name, RILL_CREATE, &small, RILL_NOW, &racer->queue);
  return NULL;
}

static void *create_exclusively(void *arg) {
  struct racer *racer = arg;
  (void)pthread_barrier_wait(&start);
  racer->code =
      rill_queue_open(context, name, RILL_CREATE | RILL_EXCLUSIVE, &small, RILL_NOW, &racer->queue);
  return NULL;
}

static void concurrent_creators_get_one_queue(void **state) {
  (void)state;
  struct racer racers[THREADS];
  context = open_context(RILL_FENCE_AUTO);
  for (int round = 0; round < 100; round++) {
    (void)snprintf(name, sizeof name, "q%d", round);
    race(round % 2 ? create : create_exclusively, racers);
    assert_int_equal(count(racers, 0), round % 2 ? THREADS : 1);
    assert_int_equal(count(racers, -EEXIST), round % 2 ? 0 : THREADS - 1);
    for (int i = 1; i < THREADS && round % 2; i++)
      assert_string_equal(stat_of(racers[0].queue).uuid, stat_of(racers[i].queue).uuid);
    for (int i = 0; i < THREADS; i++)
      rill_queue_close(racers[i].queue);
  }
  assert_code(rill_queue_gc(context, 0, NULL, NULL), 100); /* and no halves of losers */
  rill_context_close(context);
}

static void *create_and_remove(void *arg) {
  struct racer *racer = arg;
  (void)pthread_barrier_wait(&start);
  for (int i = 0; i < 100; i++) {
    rill_queue *queue = NULL;
    CHECK_EQ(rill_queue_open(context, name, RILL_CREATE, &small, RILL_NOW, &queue), 0);
    rill_producer *producer = NULL;
    int code = rill_producer_open(queue, NULL, RILL_NOW, &producer);
    CHECK(code == 0 || code == -EBUSY || code == -ESTALE);
    if (code == 0) {
      code = rill_publish(producer, "x", 1, RILL_NOW);
      CHECK(code == 0 || code == -EAGAIN || code == -ESTALE);
    }
    rill_producer_close(producer);
    if (i % 3 == 0) {
      code = rill_queue_unlink(context, name);
      CHECK(code == 0 || code == -ENOENT);
    }
    if (i % 7 == 0)
      CHECK(rill_queue_gc(context, 0, NULL, NULL) >= 0);
    rill_queue_close(queue);
  }
  racer->code = 0;
  return NULL;
}

static void create_remove_and_gc_side_by_side_leave_nothing_half(void **state) {
  (void)state;
  struct racer racers[THREADS];
  context = open_context(RILL_FENCE_AUTO);
  (void)snprintf(name, sizeof name, "coming-and-going");
  race(create_and_remove, racers);
  const int left = rill_queue_gc(context, 0, NULL, NULL);
  assert_true(left == 0 || left == 1); /* the last queue, whole */
  rill_context_close(context);
}

static rill_queue *shared;

static void *join_and_produce(void *arg) {
  struct racer *racer = arg;
  const struct rill_consumer_attr attr = {.size = sizeof attr, .group = name};
  (void)pthread_barrier_wait(&start);
  racer->code = rill_consumer_open(shared, &attr, &racer->consumer);
  const int code = rill_producer_open(shared, NULL, RILL_NOW, &racer->producer);
  CHECK(code == 0 || code == -EBUSY);
  return NULL;
}

static void one_member_and_one_producer_win(void **state) {
  (void)state;
  struct racer racers[THREADS];
  shared = small_queue("q", RILL_RELIABLE);
  for (int round = 0; round < 100; round++) {
    (void)snprintf(name, sizeof name, "group%d", round);
    race(join_and_produce, racers);
    assert_int_equal(count(racers, 0), 1);
    assert_int_equal(count(racers, -EBUSY), THREADS - 1);
    int producers = 0;
    for (int i = 0; i < THREADS; i++)
      producers += racers[i].producer != NULL;
    assert_int_equal(producers, 1);
    assert_int_equal(stat_of(shared).group_count, 1);
    for (int i = 0; i < THREADS; i++) {
      rill_consumer_close(racers[i].consumer);
      rill_producer_close(racers[i].producer);
    }
  }
  rill_queue_close(shared);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(concurrent_creators_get_one_queue),
      BEHAVIOUR(create_remove_and_gc_side_by_side_leave_nothing_half),
      BEHAVIOUR(one_member_and_one_producer_win)};
  return cmocka_run_group_tests_name("api_race", tests, NULL, NULL);
}
