/* SPDX-License-Identifier: MIT */
/* sweep_producer.c - a producer that dies behind any instruction of what it publishes.
 *
 * What was published comes once, whole and in sequence; a cut message or batch comes whole or not
 * at all; and a successor continues exactly behind it. */
#include <errno.h>
#include <string.h>

#include "ring.h"
#include "sweep.h"

enum { BEFORE = 5, BATCH = 5 };

static uint64_t cut;   /* the first message of the sweep                              */
static unsigned whole; /* messages of it: all or none are there                           */

static void successor_goes_on(void) {
  examine();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  drain();
  CHECK_THAT(others.due == cut || others.due == cut + whole, "%llu messages, not %llu or %u more",
             (unsigned long long)others.due, (unsigned long long)cut, whole);
  traffic_goes_on();
  examine_reclaimed();
  all_leave();
}

static rill_producer *begin_producing(uint64_t n) {
  rill_queue *here = open_queue(&others.attr);
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  for (uint64_t i = 0; i < n; i++)
    CHECK_EQ(publish_number(mine, i, RILL_NOW), 0);
  return mine;
}

/* Nothing but the publish between the marks. */
static void publish_between_marks(rill_producer *mine, uint64_t number, rill_time deadline) {
  unsigned char bytes[MESSAGE_MOST];
  const size_t size = fill_message(number, bytes);
  mark();
  CHECK_EQ(rill_publish(mine, bytes, size, deadline), 0);
  mark_end();
}

static void publish_up_to_number(void *arg) {
  (void)arg;
  publish_between_marks(begin_producing(cut), cut, RILL_NOW);
}

/* `number` so that its message has about `least` bytes. */
static uint64_t number_of_size(size_t least, size_t most) {
  unsigned char bytes[MESSAGE_MOST];
  for (uint64_t number = BEFORE;; number++) {
    const size_t size = fill_message(number, bytes);
    if (size >= least && size <= most)
      return number;
  }
}

static void sweep_producer(void (*run)(void *arg), uint64_t first, unsigned n) {
  const struct sweep sweep = {.before = consumer_waits, .run = run, .after = successor_goes_on};
  cut = first;
  whole = n;
  sweep_instructions(&sweep);
}

static void first_publish(void) {
  sweep_producer(publish_up_to_number, 0, 1);
}
static void small_publish(void) {
  sweep_producer(publish_up_to_number, number_of_size(9, 64), 1);
}
static void middling_publish(void) {
  sweep_producer(publish_up_to_number, number_of_size(65, 256), 1);
}
static void large_publish(void) {
  sweep_producer(publish_up_to_number, number_of_size(700, MESSAGE_MOST), 1);
}

static void publish_a_batch(void *arg) {
  (void)arg;
  static unsigned char bytes[BATCH][MESSAGE_MOST];
  struct rill_item items[BATCH];
  rill_producer *mine = begin_producing(BEFORE);
  for (unsigned i = 0; i < BATCH; i++)
    items[i] = (struct rill_item){bytes[i], fill_message(BEFORE + i, bytes[i]), NULL};
  mark();
  CHECK_EQ(rill_publish_batch(mine, items, BATCH, RILL_NOW), BATCH);
  mark_end();
}

static void batch(void) {
  sweep_producer(publish_a_batch, BEFORE, BATCH);
}

/* A reservation with room for more, all of it written: the rest looks like frames to come. */
static void *reserve_all(rill_producer *mine) {
  const uint64_t forged[2] = {24 | (uint64_t)(BEFORE + 1) << 48, BEFORE + 1};
  void *data = NULL;
  CHECK_EQ(rill_reserve(mine, NULL, MESSAGE_MOST, RILL_NOW, &data), 0);
  for (size_t at_byte = 0; at_byte + 16 <= MESSAGE_MOST; at_byte += 16)
    memcpy((char *)data + at_byte, forged, 16);
  return data;
}

static void reserve_and_commit(void *arg) {
  (void)arg;
  unsigned char bytes[MESSAGE_MOST];
  rill_producer *mine = begin_producing(BEFORE);
  const size_t size = fill_message(BEFORE, bytes);
  mark();
  memcpy(reserve_all(mine), bytes, size);
  CHECK_EQ(rill_commit(mine, size), 0);
  mark_end();
}

static void commit_of_less(void) {
  sweep_producer(reserve_and_commit, BEFORE, 1);
}

static void reserve_and_abort(void *arg) {
  (void)arg;
  unsigned char bytes[MESSAGE_MOST];
  rill_producer *mine = begin_producing(BEFORE);
  const size_t size = fill_message(BEFORE, bytes);
  mark();
  (void)reserve_all(mine);
  rill_abort(mine);
  CHECK_EQ(rill_publish(mine, bytes, size, RILL_NOW), 0);
  mark_end();
}

static void abort_and_publish(void) {
  sweep_producer(reserve_and_abort, BEFORE, 1);
}

/* --- the write limit, the ring's end, and a full ring ----------------------------------------- */

/* Half a quantum before it is reached. */
static void publish_that_raises_the_limit(void) {
  sweep_producer(publish_up_to_number, first_to_reach(others.attr.capacity / 32 / 2), 1);
}

static void publish_across_the_end(void *arg) {
  (void)arg;
  rill_producer *mine = begin_producing(cut / 2);
  mark(); /* the consumer makes room */
  for (uint64_t i = cut / 2; i < cut; i++)
    CHECK_EQ(publish_number(mine, i, RILL_NOW), 0);
  publish_between_marks(mine, cut, RILL_NOW);
}

static void publish_over_the_end(void) {
  const struct sweep sweep = {.before = consumer_waits,
                              .run = publish_across_the_end,
                              .at_marks = drain,
                              .after = successor_goes_on,
                              .marks = 1};
  cut = first_to_reach(others.attr.capacity + 16);
  whole = 1;
  sweep_instructions(&sweep);
}

static void publish_beyond_the_ring(void *arg) {
  (void)arg;
  rill_producer *mine = begin_producing(0);
  const uint64_t number = fill_ring(mine, 0);
  atomic_store(&me->count[0], number);
  publish_between_marks(mine, number, RILL_FOREVER);
}

/* More than the producer needs, and than an eighth of the ring, at which it is woken. */
static void make_room(void) {
  for (unsigned i = 0; i < 30; i++)
    receive_number(others.consumer, others.due++);
}

static void successor_of_a_full_ring(void) {
  cut = victim->count[0];
  successor_goes_on();
}

static void publish_into_a_full_ring(void) {
  const struct sweep sweep = {.before = consumer_waits,
                              .run = publish_beyond_the_ring,
                              .asleep = make_room,
                              .after = successor_of_a_full_ring};
  whole = 1;
  sweep_instructions(&sweep);
}

enum { SLICES = 2 }; /* that it waits through before there is room                              */
static unsigned slices;

static void consumer_waits_again(void) {
  consumer_waits();
  slices = 0;
}

static void make_room_later(void) {
  if (slices++ == SLICES)
    make_room();
}

static void wait_for_room_for_several_slices(void) {
  const struct sweep sweep = {.before = consumer_waits_again,
                              .run = publish_beyond_the_ring,
                              .asleep = make_room_later,
                              .after = successor_of_a_full_ring};
  whole = 1;
  sweep_changes(&sweep);
}

/* --- a group that is refused ---------------------------------------------------------------- */

static rill_consumer *invalid;

/* Its cursor is where no cursor can be; its member lives on. */
static void invalid_group(void) {
  consumer_waits();
  invalid = open_consumer(others.queue, (struct joining){.group = "invalid"});
  atomic_store(&invalid->group->cursor, UINT64_C(1) << 40);
}

static void it_is_refused(void) {
  struct rill_message message;
  int code;
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  drain();
  CHECK(others.due <= 1);
  traffic_goes_on();
  CHECK(group_stat_of(others.queue, "invalid").state == RILL_GROUP_VOID);
  while ((code = rill_receive(invalid, RILL_NOW, &message)) == 0)
    CHECK(rill_release(invalid, &message) == 0 || others.due > 0);
  CHECK_THAT(code == -ESTALE || code == -EPROTO, "a refused member receives: %d", code);
  rill_consumer_close(invalid);
  examine_reclaimed();
  all_leave();
}

static void refusal_of_a_group(void) {
  const struct sweep sweep = {
      .before = invalid_group, .run = publish_up_to_number, .after = it_is_refused};
  cut = 0;
  sweep_instructions(&sweep);
}

/* --- a ring that is overwritten --------------------------------------------------------------- */

static void publish_a_lap_later(void *arg) {
  (void)arg;
  rill_producer *mine = begin_producing(cut / 2);
  mark();
  for (uint64_t i = cut / 2; i < cut; i++)
    CHECK_EQ(publish_number(mine, i, RILL_NOW), 0);
  publish_between_marks(mine, cut, RILL_NOW);
}

static void publish_over_old_messages(void) {
  const struct sweep sweep = {.before = consumer_waits,
                              .run = publish_a_lap_later,
                              .at_marks = drain,
                              .after = successor_goes_on,
                              .marks = 1};
  others.attr.overflow = RILL_OVERWRITE;
  cut = 180; /* a lap and a half; half of that is read, the rest is still in the ring            */
  whole = 1;
  sweep_instructions(&sweep);
  others.attr.overflow = RILL_RELIABLE;
}

static const struct test tests[] = {
    NAMED(first_publish),
    NAMED(small_publish),
    NAMED(middling_publish),
    NAMED(large_publish),
    NAMED(batch),
    NAMED(commit_of_less),
    NAMED(abort_and_publish),
    NAMED(publish_that_raises_the_limit),
    NAMED(publish_over_the_end),
    NAMED(publish_into_a_full_ring),
    NAMED(wait_for_room_for_several_slices),
    NAMED(refusal_of_a_group),
    NAMED(publish_over_old_messages),
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
