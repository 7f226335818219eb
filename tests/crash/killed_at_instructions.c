/* SPDX-License-Identifier: MIT */
/* killed_at_instructions.c - killed behind each single instruction of what moves messages, and
 * behind each instruction of what comes and goes after which others see a difference.
 *
 *   crash_killed_at_instructions [--stride N] [TEST...]
 *
 * A victim steps through one operation and dies after n steps; n goes up by the stride (1: every
 * instruction). Each time the others go on at once: what was published comes once, whole and in
 * order, a cut message or batch not at all or whole, a successor goes on exactly behind it, every
 * invariant of the segments holds, and after one reclaim nothing is left of the dead. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "examine.h"
#include "tracer.h"

static struct rill_queue_attr attr = {
    .size = sizeof attr, .capacity = 65536, .max_groups = 4, .max_message = MESSAGE_MOST};
enum { BEFORE = 5, BATCH = 5, LAP = 300 };

static unsigned stride = 1;
static rill_queue *queue;
static rill_producer *producer;
static rill_consumer *consumer; /* of a group that the victim is no member of                    */
static uint64_t sequence;       /* the next message for that consumer                            */

struct sweep {
  void (*play)(void *arg);
  void (*before)(void);
  void (*after)(void);
  unsigned curtains; /* the steps begin behind the first, 0, or a later one                */
  unsigned seen;     /* not 0: only behind instructions after which others see a difference    */
  unsigned fine;     /* the stride is divided by it: for short operations; 0: 1                */
};

/* What others can see of the queue, but for the ring itself. */
static uint64_t view(void) {
  const struct rilli_ring *ring = &queue->ring;
  uint64_t sum = *ring->tombstone;
  const struct part {
    const void *bytes;
    size_t size;
  } parts[] = {{ring->page, sizeof *ring->page},
               {ring->seen, attr.max_groups * sizeof *ring->seen},
               {ring->index, 8 * sizeof *ring->index},
               {rilli_group_at(ring, 0), sizeof(struct rilli_group)},
               {rilli_group_at(ring, 1), sizeof(struct rilli_group)},
               {(const char *)rilli_group_at(ring, 1) + RILLI_SLOTS_OFFSET, 256}};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    for (size_t word = 0; word < parts[i].size / 8; word++)
      sum = (sum ^ ((const volatile uint64_t *)parts[i].bytes)[word]) * 0x9e3779b97f4a7c15u + i;
  return sum;
}

/* Steps until the view has changed n times. Returns 0: the operation ended before. */
static unsigned run_to_change(struct actor *victim, unsigned n) {
  for (uint64_t last = view(); n > 0;) {
    if (!run_to_step(victim, 1))
      return 0;
    const uint64_t now = view();
    n -= now != last;
    last = now;
  }
  return 1;
}

static void complain(int kind, const char *text, void *arg) {
  (void)arg;
  CHECK_THAT(kind != RILLI_WRONG, "the segments: %s", text);
}

static void examine(void) {
  struct rilli_report report = {.tell = complain};
  CHECK_CODE(rilli_examine(context_here(), "q", &report), 0);
}

/* Everything that is there, without waiting. */
static void drain(void) {
  struct rill_message message;
  while (rill_receive(consumer, RILL_NOW, &message) == 0) {
    CHECK(message.sequence == sequence && message.lost == 0);
    check_message(&message, sequence++);
    CHECK_CODE(rill_release(consumer, &message), 0);
  }
}

static void sweep(const struct sweep *sweep) {
  unsigned step = sweep->seen ? 1 : stride; /* changes are few                                */
  if (sweep->fine && step > sweep->fine)
    step /= sweep->fine;
  unsigned points = 0;
  for (unsigned n = 1, more = 1; more; n += step, points++) {
    sweep->before();
    struct actor *victim = spawn_traced("victim", sweep->play, NULL);
    for (unsigned i = 0; i < sweep->curtains; i++) {
      drain();
      run_to_curtain(victim);
    }
    more = sweep->seen ? run_to_change(victim, n) : run_to_step(victim, n);
    at("%s died after %u %s", victim->name, n, sweep->seen ? "changes" : "instructions");
    kill_traced(victim); /* the last one behind the operation, and before its exit             */
    examine();
    sweep->after();
  }
  (void)printf("  %u points, every %u %s\n", points, step,
               sweep->seen ? "changes" : "instructions");
  CHECK(points > 1);
}

/* --- the producer dies ----------------------------------------------------------------- */

static void consumer_waits(void) {
  queue = open_queue(&attr);
  consumer = open_consumer(
      queue, (struct joining){.group = "other", .wait = RILL_PARK, .flags = RILL_FOLLOW});
  sequence = 0;
}

static void everybody_leaves(void) {
  rill_producer_close(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  producer = NULL;
  consumer = NULL;
  gc_leaves_nothing();
}

static void traffic_goes_on(void) {
  for (unsigned i = 0; i < LAP; i++, sequence++) { /* more than the ring holds */
    CHECK_CODE(publish_number(producer, sequence, RILL_FOREVER), 0);
    receive_number(consumer, sequence);
  }
  check_invariants(queue);
}

static uint64_t cut;   /* the first message of the operation                              */
static unsigned whole; /* messages of it: all or none are there                           */

static void successor_goes_on(void) {
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  drain();
  CHECK_THAT(sequence == cut || sequence == cut + whole, "%llu messages, not %llu or %u more",
             (unsigned long long)sequence, (unsigned long long)cut, whole);
  traffic_goes_on();
  everybody_leaves();
}

static rill_producer *begin_producing(uint64_t n) {
  rill_queue *here = open_queue(&attr);
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  for (uint64_t i = 0; i < n; i++)
    CHECK_CODE(publish_number(mine, i, RILL_NOW), 0);
  return mine;
}

/* Nothing but the publish between the curtains. */
static void publish_on_stage(rill_producer *mine, uint64_t number) {
  unsigned char bytes[MESSAGE_MOST];
  const size_t size = fill_message(number, bytes);
  curtain();
  CHECK_CODE(rill_publish(mine, bytes, size, RILL_NOW), 0);
  curtain();
}

static void publish_first(void *arg) {
  (void)arg;
  publish_on_stage(begin_producing(0), 0);
}

/* The message begins before the ring's end and ends behind it. */
static void publish_across_the_end(void *arg) {
  (void)arg;
  unsigned char bytes[MESSAGE_MOST];
  rill_producer *mine = begin_producing(0);
  uint64_t position = 0, i = 0;
  for (;; i++) {
    const size_t length = (16 + fill_message(i, bytes) + 15) & ~(size_t)15;
    if (position + length > attr.capacity)
      break;
    if (position < attr.capacity / 2 && position + length >= attr.capacity / 2)
      curtain(); /* the consumer makes room */
    CHECK_CODE(publish_number(mine, i, RILL_NOW), 0);
    position += length;
  }
  publish_on_stage(mine, i);
}

/* `number` so that its message has about so many bytes. */
static uint64_t number_of_size(size_t least, size_t most) {
  unsigned char bytes[MESSAGE_MOST];
  for (uint64_t number = BEFORE;; number++) {
    const size_t size = fill_message(number, bytes);
    if (size >= least && size <= most)
      return number;
  }
}

static void publish_up_to_number(void *arg) {
  (void)arg;
  publish_on_stage(begin_producing(cut), cut);
}

static void publish_a_batch(void *arg) {
  (void)arg;
  static unsigned char bytes[BATCH][MESSAGE_MOST];
  struct rill_item items[BATCH];
  rill_producer *mine = begin_producing(BEFORE);
  for (unsigned i = 0; i < BATCH; i++)
    items[i] = (struct rill_item){bytes[i], fill_message(BEFORE + i, bytes[i]), NULL};
  curtain();
  CHECK_CODE(rill_publish_batch(mine, items, BATCH, RILL_NOW), BATCH);
  curtain();
}

/* A reservation with room for more, all of it written: the rest looks like frames to come. */
static void reserve(int commits) {
  unsigned char bytes[MESSAGE_MOST];
  const uint64_t forged[2] = {24 | (uint64_t)(BEFORE + 1) << 48, BEFORE + 1};
  void *data = NULL;
  rill_producer *mine = begin_producing(BEFORE);
  const size_t size = fill_message(BEFORE, bytes);
  curtain();
  CHECK_CODE(rill_reserve(mine, NULL, MESSAGE_MOST, RILL_NOW, &data), 0);
  for (size_t at_byte = 0; at_byte + 16 <= MESSAGE_MOST; at_byte += 16)
    memcpy((char *)data + at_byte, forged, 16);
  memcpy(data, bytes, size);
  if (commits)
    CHECK_CODE(rill_commit(mine, size), 0);
  else
    rill_abort(mine);
  if (!commits)
    CHECK_CODE(publish_number(mine, BEFORE, RILL_NOW), 0);
  curtain();
}

static void reserve_and_commit(void *arg) {
  (void)arg;
  reserve(1);
}

static void reserve_and_abort(void *arg) {
  (void)arg;
  reserve(0);
}

static void run_producer(void (*play)(void *arg), uint64_t first, unsigned n, unsigned fine) {
  cut = first;
  whole = n;
  const struct sweep parts = {play, consumer_waits, successor_goes_on, 0, 0, fine};
  sweep(&parts);
}

static void first_publish(void) {
  run_producer(publish_first, 0, 1, 16);
}
static void small_publish(void) {
  run_producer(publish_up_to_number, number_of_size(9, 64), 1, 16);
}
static void middling_publish(void) {
  run_producer(publish_up_to_number, number_of_size(65, 256), 1, 16);
}
static void large_publish(void) {
  run_producer(publish_up_to_number, number_of_size(700, MESSAGE_MOST), 1, 0);
}
static void batch(void) {
  run_producer(publish_a_batch, BEFORE, BATCH, 16);
}
static void commit_of_less(void) {
  run_producer(reserve_and_commit, BEFORE, 1, 16);
}
static void abort_and_publish(void) {
  run_producer(reserve_and_abort, BEFORE, 1, 0);
}

static void successor_of_the_last_lap(void) {
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  drain();
  unsigned char bytes[MESSAGE_MOST];
  uint64_t position = 0, last = 0;
  for (;; last++) {
    position += (16 + fill_message(last, bytes) + 15) & ~(size_t)15;
    if (position > attr.capacity)
      break;
  }
  CHECK(sequence == last || sequence == last + 1);
  traffic_goes_on();
  everybody_leaves();
}

static void publish_over_the_end(void) {
  const struct sweep parts = {
      publish_across_the_end, consumer_waits, successor_of_the_last_lap, 1, 0, 0};
  sweep(&parts);
}

/* --- a member dies --------------------------------------------------------------------- */

static uint64_t before_release; /* what the group's last published place may be             */

static void producer_and_other(void) {
  queue = open_queue(&attr);
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  consumer = open_consumer(queue, (struct joining){.group = "other", .wait = RILL_PARK});
  rill_consumer_close(open_consumer(
      queue, (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP, .wait = RILL_PARK}));
  sequence = 0;
  for (uint64_t i = 0; i < 30; i++)
    CHECK_CODE(publish_number(producer, i, RILL_NOW), 0);
  drain();
}

static void take_some(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine =
      open_consumer(open_queue(&attr), (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  curtain();
  for (int i = 0; i < 6; i++) { /* more than capacity/32: the cursor is published on the way */
    CHECK_CODE(rill_receive(mine, RILL_NOW, &message), 0);
    CHECK_CODE(rill_release(mine, &message), 0);
  }
  curtain();
}

static void take_all_and_look_again(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine =
      open_consumer(open_queue(&attr), (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  for (int i = 0; i < 30; i++) {
    CHECK_CODE(rill_receive(mine, RILL_NOW, &message), 0);
    if (i < 28)
      CHECK_CODE(rill_release(mine, &message), 0);
  }
  curtain();
  /* Publishes the cursor: behind what was released, not behind what was received. */
  CHECK_CODE(rill_receive(mine, RILL_NOW, &message), -EAGAIN);
  curtain();
}

/* Its successor goes on at a message that was not released, or whose release nobody knows. */
static void kept_group_goes_on(void) {
  struct rill_message message;
  rill_consumer *next =
      open_consumer(queue, (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  uint64_t due = 30;
  if (rill_receive(next, RILL_NOW, &message) == 0) {
    due = message.sequence;
    check_message(&message, due);
    CHECK_CODE(rill_release(next, &message), 0);
  }
  CHECK_THAT(due <= before_release, "it goes on at message %llu", (unsigned long long)due);
  due++;
  while (due < 30)
    receive_number(next, due++);
  for (unsigned i = 0; i < LAP; i++, sequence++) {
    CHECK_CODE(publish_number(producer, sequence, RILL_FOREVER), 0);
    receive_number(consumer, sequence);
    receive_number(next, sequence);
  }
  check_invariants(queue);
  rill_consumer_close(next);
  CHECK_CODE(rill_group_unlink(queue, "kept"), 0);
  everybody_leaves();
}

static void receive_and_release(void) {
  before_release = 6;
  const struct sweep parts = {take_some, producer_and_other, kept_group_goes_on, 0, 0, 16};
  sweep(&parts);
}
static void empty_poll(void) {
  before_release = 28;
  const struct sweep parts = {
      take_all_and_look_again, producer_and_other, kept_group_goes_on, 0, 0, 16};
  sweep(&parts);
}

/* --- they come and go -------------------------------------------------------------------- */

static void join_kept(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&attr);
  curtain();
  (void)open_consumer(here, (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  curtain();
}

static void leave_kept(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&attr);
  rill_consumer *mine =
      open_consumer(here, (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  curtain();
  rill_consumer_close(mine);
  curtain();
}

static void members_of_a_kept_group(void) {
  before_release = 0;
  const struct sweep joining = {join_kept, producer_and_other, kept_group_goes_on, 0, 1, 0};
  const struct sweep leaving = {leave_kept, producer_and_other, kept_group_goes_on, 0, 1, 0};
  sweep(&joining);
  sweep(&leaving);
}

static void join_and_leave_alone(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&attr);
  curtain();
  rill_consumer_close(open_consumer(here, (struct joining){.group = NULL}));
  curtain();
}

static void nothing_is_left_of_it(void) {
  traffic_goes_on();
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  CHECK(stat_of(queue).group_count == 1);
  everybody_leaves();
}

static void producer_and_one(void) {
  queue = open_queue(&attr);
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  consumer = open_consumer(queue, (struct joining){.group = "other", .wait = RILL_PARK});
  sequence = 0;
}

static void a_solo_group(void) {
  const struct sweep parts = {
      join_and_leave_alone, producer_and_one, nothing_is_left_of_it, 0, 1, 0};
  sweep(&parts);
}

static void open_and_close_a_producer(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&attr);
  curtain();
  rill_producer_close(open_producer(here, RILL_PARK, RILL_NOW));
  curtain();
}

static void producers_that_come_and_go(void) {
  cut = 0;
  whole = 0;
  const struct sweep parts = {
      open_and_close_a_producer, consumer_waits, successor_goes_on, 0, 1, 0};
  sweep(&parts);
}

static void a_dead_member(void) {
  producer_and_one();
  struct actor *dead = spawn_traced("the one before", join_kept, NULL);
  run_to_curtain(dead);
  kill_traced(dead);
}

/* gc reclaims the dead member's row, and dies on it; so whoever comes finds two dead. */
static void reclaim(void *arg) {
  (void)arg;
  (void)context_here();
  curtain();
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  curtain();
}

static void the_row_is_kept_and_free(void) {
  rill_consumer *next =
      open_consumer(queue, (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
  for (unsigned i = 0; i < LAP; i++, sequence++) {
    CHECK_CODE(publish_number(producer, sequence, RILL_FOREVER), 0);
    receive_number(consumer, sequence);
    receive_number(next, sequence);
  }
  rill_consumer_close(next);
  CHECK_CODE(rill_group_unlink(queue, "kept"), 0);
  everybody_leaves();
}

static void reclaimers_of_the_dead(void) {
  const struct sweep parts = {reclaim, a_dead_member, the_row_is_kept_and_free, 0, 1, 0};
  sweep(&parts);
}

static const struct test tests[] = {
    {"first_publish", first_publish},
    {"small_publish", small_publish},
    {"middling_publish", middling_publish},
    {"large_publish", large_publish},
    {"publish_over_the_end", publish_over_the_end},
    {"batch", batch},
    {"commit_of_less", commit_of_less},
    {"abort_and_publish", abort_and_publish},
    {"receive_and_release", receive_and_release},
    {"empty_poll", empty_poll},
    {"members_of_a_kept_group", members_of_a_kept_group},
    {"a_solo_group", a_solo_group},
    {"producers_that_come_and_go", producers_that_come_and_go},
    {"reclaimers_of_the_dead", reclaimers_of_the_dead},
};

int main(int argc, char **argv) {
  /* A step is two switches between the test and its victim: on one processor they are cheap. */
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET((size_t)sched_getcpu(), &one);
  CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
  if (argc > 2 && strcmp(argv[1], "--stride") == 0) {
    stride = (unsigned)strtoul(argv[2], NULL, 10);
    CHECK(stride > 0);
    argv[2] = argv[0];
    argv += 2;
    argc -= 2;
  }
  return RUN_TESTS(argc, argv, 900);
}
