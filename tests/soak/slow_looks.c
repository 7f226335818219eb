/* SPDX-License-Identifier: MIT */
/* slow_looks.c - doctor and stat, stopped at each of their system calls while the queue that they
 * look at goes on by several rounds: what they saw before is old then, and not wrong. */
#include <errno.h>

#include "examine.h"
#include "tracer.h"

#define GROUPS 3

struct traffic {
  rill_queue *queue;
  rill_producer *producer;
  rill_consumer *consumers[GROUPS];
  uint64_t number;
};

static void begin(struct traffic *traffic, uint32_t overflow) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .overflow = overflow, .max_groups = GROUPS};
  traffic->queue = open_queue(&attr);
  traffic->producer = open_producer(traffic->queue, RILL_PARK, RILL_NOW);
  for (unsigned i = 0; i < GROUPS; i++)
    traffic->consumers[i] =
        open_consumer(traffic->queue, (struct joining){.group = (char[2]){(char)('a' + i), 0}});
}

/* Three times the ring, and a little. */
static void go_on(struct traffic *traffic) {
  const uint64_t end = stat_of(traffic->queue).position + 3 * 65536 + 5000;
  while (stat_of(traffic->queue).position < end)
    for (unsigned burst = 0; burst < 20; burst++, traffic->number++) {
      CHECK_CODE(publish_number(traffic->producer, traffic->number, RILL_NOW), 0);
      for (unsigned i = 0; i < GROUPS; i++)
        receive_number(traffic->consumers[i], traffic->number);
    }
}

static void end(struct traffic *traffic) {
  for (unsigned i = 0; i < GROUPS; i++)
    rill_consumer_close(traffic->consumers[i]);
  rill_producer_close(traffic->producer);
  rill_queue_close(traffic->queue);
  gc_leaves_nothing();
}

static void told(int kind, const char *text, void *arg) {
  (void)arg;
  CHECK_THAT(kind != RILLI_WRONG, "doctor says: %s", text);
}

static void examine(void *arg) {
  struct rilli_report report = {.tell = told, .arg = arg};
  rill_context *context = context_here();
  curtain();
  CHECK_CODE(rilli_examine(context, "q", &report), 0);
}

static void look(void *arg) {
  struct rill_group_stat group = {.size = sizeof group};
  rill_context *context = context_here();
  rill_queue *queue = NULL;
  (void)arg;
  curtain();
  CHECK_CODE(rill_queue_open(context, "q", RILL_OBSERVE, NULL, RILL_NOW, &queue), 0);
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(stat.depth_bytes <= stat.capacity && stat.oldest <= stat.sequence);
  CHECK(stat.group_count == GROUPS && stat.depth_messages <= stat.sequence);
  for (uint32_t index = 0; rill_group_stat(queue, &index, &group) == 1;)
    CHECK(group.state == RILL_GROUP_ACTIVE && group.lag_bytes <= stat.capacity &&
          group.lag_messages <= 65536 / 16 && group.lag_age >= 0);
  rill_queue_close(queue);
}

static void run_slowly(void (*play)(void *arg), uint32_t overflow) {
  long more = 0;
  for (unsigned stop = 1; more >= 0; stop++) {
    struct traffic traffic = {.number = 0};
    begin(&traffic, overflow);
    go_on(&traffic);
    struct actor *actor = spawn_traced("who looks", play, NULL);
    at("the traffic goes on at stop %u", stop);
    for (more = run_to_stop(actor, stop); more >= 0 && actor->pid;) {
      go_on(&traffic);
      if (run_to_stop(actor, stop) < 0)
        break;
    }
    end(&traffic);
  }
}

static void doctor_of_a_queue_in_traffic_finds_nothing_wrong_however_slow(void) {
  run_slowly(examine, RILL_RELIABLE);
  run_slowly(examine, RILL_OVERWRITE);
}

static void stat_of_a_queue_in_traffic_makes_sense_however_slow(void) {
  run_slowly(look, RILL_RELIABLE);
  run_slowly(look, RILL_OVERWRITE);
}

#define NAMED(function)                                                                            \
  { #function, function }
static const struct test tests[] = {
    NAMED(doctor_of_a_queue_in_traffic_finds_nothing_wrong_however_slow),
    NAMED(stat_of_a_queue_in_traffic_makes_sense_however_slow),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
