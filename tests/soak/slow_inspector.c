/* SPDX-License-Identifier: MIT */
/* slow_inspector.c - doctor and stat, stopped at each of their system calls, or between any two
 * reads of the ring and of leases, while the queue goes on by several laps: what they read before
 * is then old, not wrong. The reads go through wrappers (the linker's --wrap). */
#include <errno.h>

#include "lease.h"
#include "oracle.h"
#include "ring.h"
#include "trace.h"

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

/* A little more than three laps. */
static void go_on(struct traffic *traffic) {
  const uint64_t end = stat_of(traffic->queue).position + 3 * 65536 + 5000;
  while (stat_of(traffic->queue).position < end)
    for (unsigned burst = 0; burst < 20; burst++, traffic->number++) {
      CHECK_EQ(publish_number(traffic->producer, traffic->number, RILL_NOW), 0);
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

static void (*set_mark)(void) = mark;

static void examine(void *unused) {
  rill_context *context = context_here();
  (void)unused;
  set_mark();
  CHECK_EQ(examine_queue(context, "q", RILL_WRONG, "looked at slowly"), 0);
}

static void look(void *arg) {
  struct rill_group_stat group = {.size = sizeof group};
  rill_context *context = context_here();
  rill_queue *queue = NULL;
  (void)arg;
  set_mark();
  CHECK_EQ(rill_queue_open(context, "q", RILL_OBSERVE, NULL, RILL_NOW, &queue), 0);
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(stat.depth_bytes <= stat.capacity && stat.oldest <= stat.sequence);
  CHECK(stat.group_count == GROUPS && stat.depth_messages <= stat.sequence);
  for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;)
    CHECK(group.state == RILL_GROUP_ACTIVE && group.lag_bytes <= stat.capacity &&
          group.lag_messages <= 65536 / 16 && group.lag_age >= 0);
  rill_queue_close(queue);
}

/* --- between two reads ------------------------------------------------------------------- */

static struct traffic *overtaken; /* the traffic that comes when the countdown ends        */
static unsigned countdown;

static int go_on_behind(int code) {
  struct traffic *traffic = overtaken;
  if (!traffic || --countdown)
    return code;
  overtaken = NULL; /* what follows is not counted */
  go_on(traffic);
  return code;
}

#define WRAP(call, parameters, arguments)                                                          \
  int __real_##call parameters;                                                                    \
  int __wrap_##call parameters;                                                                    \
  int __wrap_##call parameters {                                                                   \
    return go_on_behind(__real_##call arguments);                                                  \
  }

WRAP(rilli_walk,
     (const struct rilli_ring *ring, const struct rilli_until *until, struct rilli_place *place),
     (ring, until, place))
WRAP(rilli_find_head, (const struct rilli_ring *ring, struct rilli_place *ret), (ring, ret))
WRAP(rilli_index_oldest, (const struct rilli_ring *ring, uint64_t floor, struct rilli_place *ret),
     (ring, floor, ret))
WRAP(rilli_index_position,
     (const struct rilli_ring *ring, uint64_t floor, uint64_t position, struct rilli_place *ret),
     (ring, floor, position, ret))
WRAP(rilli_lock_held, (int fd, int64_t byte, int64_t length), (fd, byte, length))

static void no_mark(void) {
}

static void run_overtaken(void (*run)(void *arg), uint32_t overflow) {
  struct traffic traffic = {.number = 0};
  begin(&traffic, overflow);
  go_on(&traffic);
  unsigned looks = 0;
  do {
    at("overtaken behind look %u", ++looks);
    overtaken = &traffic;
    countdown = looks;
    run(NULL);
  } while (overtaken == NULL);
  overtaken = NULL;
  (void)printf("  %u looks\n", looks - 1);
  CHECK(looks > 5);
  end(&traffic);
}

static void doctor_overtaken_between_any_two_reads_finds_nothing_wrong(void) {
  set_mark = no_mark;
  run_overtaken(examine, RILL_RELIABLE);
  run_overtaken(examine, RILL_OVERWRITE);
}

static void stat_overtaken_between_any_two_reads_is_consistent(void) {
  set_mark = no_mark;
  run_overtaken(look, RILL_RELIABLE);
  run_overtaken(look, RILL_OVERWRITE);
}

/* --- at system calls ---------------------------------------------------------------------- */

static void run_slowly(void (*run)(void *arg), uint32_t overflow) {
  long more = 0;
  for (unsigned stop = 1; more >= 0; stop++) {
    struct traffic traffic = {.number = 0};
    begin(&traffic, overflow);
    go_on(&traffic);
    struct process *process = spawn_traced("looking", run, NULL);
    at("the traffic goes on at stop %u", stop);
    for (more = run_to_stop(process, stop); more >= 0 && process->pid;) {
      go_on(&traffic);
      if (run_to_stop(process, stop) < 0)
        break;
    }
    end(&traffic);
  }
}

static void doctor_of_a_queue_in_traffic_finds_nothing_wrong_however_slow(void) {
  run_slowly(examine, RILL_RELIABLE);
  run_slowly(examine, RILL_OVERWRITE);
}

static void stat_of_a_queue_in_traffic_is_consistent_however_slow(void) {
  run_slowly(look, RILL_RELIABLE);
  run_slowly(look, RILL_OVERWRITE);
}

static const struct test tests[] = {
    NAMED(doctor_of_a_queue_in_traffic_finds_nothing_wrong_however_slow),
    NAMED(stat_of_a_queue_in_traffic_is_consistent_however_slow),
    NAMED(doctor_overtaken_between_any_two_reads_finds_nothing_wrong),
    NAMED(stat_overtaken_between_any_two_reads_is_consistent),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
