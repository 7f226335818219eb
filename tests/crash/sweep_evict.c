/* SPDX-License-Identifier: MIT */
/* sweep_evict.c - a producer that dies behind any instruction of an eviction, and a member that
 * dies behind any instruction in which it learns of one, closes and opens again.
 *
 * "other" gets everything once and in sequence; a successor has room, and evicts again if needed;
 * a release succeeds if and only if its tenancy was not evicted. */
#include <errno.h>
#include <string.h>

#include "slow_group.h"
#include "sweep.h"

#define SOON 1      /* ns: over at the second try, so a publish need not wait               */
#define LATER 20000 /* ns: it waits                                                         */

/* --- the producer dies ------------------------------------------------------------------------ */

static rill_consumer *slow;
static struct rill_message in_hand;
static unsigned victims;    /* of one message each                                           */
static uint64_t cut;        /* the message for which there is no room                        */
static rill_time patience;  /* of its publish                                                */
static int empty, and_idle; /* "slow" has no member; a kept group "idle" holds up too         */

static const struct joining idle = {.group = "idle", .flags = RILL_KEEP_GROUP};

static void slow_and_other(void) {
  consumer_waits();
  slow = open_slow(others.queue);
  in_hand.data = NULL;
  if (and_idle)
    rill_consumer_close(open_consumer(others.queue, idle));
  if (!empty)
    return;
  rill_consumer_close(slow);
  slow = NULL;
}

static void others_receive(void) {
  drain();
  if (slow)
    CHECK_EQ(rill_receive(slow, RILL_NOW, &in_hand), 0);
}

static void publish_until_it_evicts(void *arg) {
  (void)arg;
  unsigned char bytes[MESSAGE_MOST];
  rill_producer *mine = open_producer(open_queue(&others.attr), RILL_PARK, RILL_NOW);
  for (uint64_t i = 0; i < cut; i++) {
    if (i == cut / 2)
      mark(); /* the others receive */
    CHECK_EQ(publish_number(mine, i, RILL_NOW), 0);
  }
  const size_t size = fill_message(cut, bytes);
  int code;
  mark();
  while ((code = rill_publish(mine, bytes, size, patience)) == -EAGAIN)
    ;
  CHECK_EQ(code, 0);
  mark_end();
}

/* Its one message is whole, or void. */
static uint64_t release_in_hand(void) {
  const int refused = slow_is_void();
  CHECK_THAT(refused || others.due == cut, "a message is published over one that is not released");
  if (!refused)
    check_message(&in_hand, 0);
  CHECK_EQ(rill_release(slow, &in_hand), refused ? -ESTALE : 0);
  return !refused;
}

static void slow_learns_it(void) {
  struct rill_message message;
  int code;
  CHECK_EQ(rill_release(slow, NULL), -ESTALE);
  while ((code = rill_receive(slow, RILL_NOW, &message)) == 0)
    CHECK_EQ(rill_release(slow, &message), -ESTALE);
  CHECK_EQ(code, -ESTALE);
  rill_consumer_close(slow);
  slow = NULL;
}

static void idle_comes_back(void) {
  struct rill_message message;
  rill_consumer *mine = open_consumer(others.queue, idle);
  CHECK_EQ(rill_receive(mine, RILL_NOW, &message), 0);
  CHECK(message.lost == message.sequence && message.lost > 0);
  rill_consumer_close(mine);
  CHECK_EQ(rill_group_unlink(others.queue, "idle"), 0);
}

static void successor_evicts(void) {
  uint64_t released = 0;
  examine();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  drain();
  CHECK_THAT(others.due >= cut && others.due <= cut + victims,
             "%llu messages, not %llu or up to %u more", (unsigned long long)others.due,
             (unsigned long long)cut, victims);
  if (slow)
    released = release_in_hand();
  traffic_goes_on();
  check_slow_is(RILL_GROUP_EVICTED);
  CHECK(stat_of(others.queue).evictions >= 1u + (unsigned)and_idle);
  if (slow)
    slow_learns_it();
  if (and_idle)
    idle_comes_back();
  examine();
  next_slow_goes_on(released, released);
}

static void sweep_producer(uint32_t flags, int is_empty, int with_idle, rill_time deadline) {
  const struct sweep sweep = {.before = slow_and_other,
                              .run = publish_until_it_evicts,
                              .at_marks = others_receive,
                              .after = successor_evicts,
                              .marks = 1};
  others.attr.evict_after = deadline == RILL_NOW ? SOON : LATER;
  slow_flags = flags;
  empty = is_empty;
  and_idle = with_idle;
  patience = deadline;
  cut = first_to_reach(others.attr.capacity); /* the ring has to hold the next commit word, too */
  victims = 1;
  sweep_instructions(&sweep);
}

static void evicting_a_member(void) {
  sweep_producer(0, 0, 0, RILL_NOW);
}
static void evicting_a_member_of_a_kept_group(void) {
  sweep_producer(RILL_KEEP_GROUP, 0, 0, RILL_NOW);
}
static void evicting_a_group_without_member(void) {
  sweep_producer(RILL_KEEP_GROUP, 1, 0, RILL_NOW);
}
static void evicting_two(void) {
  sweep_producer(RILL_KEEP_GROUP, 0, 1, RILL_NOW);
}
static void waiting_and_evicting(void) {
  sweep_producer(0, 0, 1, RILL_FOREVER);
}

/* --- the producer dies, and the next one in its own eviction --------------------------------- */

static void ring_is_full(void) {
  slow_and_other();
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  fill_up_behind_slow();
  rill_producer_close(others.producer);
  others.producer = NULL;
  cut = others.due;
  others_receive();
}

static void succeed_and_evict(void *arg) {
  (void)arg;
  int code;
  rill_queue *here = open_queue(&others.attr);
  mark();
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  const uint64_t number = stat_of(here).sequence;
  while ((code = publish_number(mine, number, RILL_NOW)) == -EAGAIN)
    ;
  CHECK_EQ(code, 0);
  mark_end();
}

static void two_evicting_producers(void) {
  const struct sweep first = {
      .before = ring_is_full, .run = succeed_and_evict, .after = successor_evicts};
  const struct sweep second = {.run = succeed_and_evict, .after = successor_evicts};
  others.attr.evict_after = SOON;
  empty = 0;
  and_idle = 1;
  victims = 2;
  for (unsigned kept = 0; kept < 2; kept++) {
    slow_flags = kept ? RILL_KEEP_GROUP : 0;
    sweep_pairs(&first, &second);
  }
}

/* --- the member dies ------------------------------------------------------------------------- */

static rill_consumer *take_and_be_evicted(rill_queue *here, struct rill_message *ret) {
  rill_consumer *mine = open_slow(here);
  mark(); /* messages are published */
  for (uint64_t i = 0; i < TAKEN; i++)
    receive_number(mine, i);
  CHECK_EQ(rill_receive(mine, RILL_NOW, ret), 0);
  mark(); /* and more, for which there is no room */
  return mine;
}

static void some_or_too_many(void) {
  if (others.due) {
    traffic_goes_on();
    check_slow_is(RILL_GROUP_EVICTED);
  } else {
    for (; others.due < 10; others.due++) {
      publish_next(others.due);
      receive_number(others.consumer, others.due);
    }
  }
}

static void learn_from_release(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = take_and_be_evicted(open_queue(&others.attr), &message);
  mark();
  CHECK_EQ(rill_release(mine, &message), -ESTALE);
  mark_end();
}

static void learn_from_receive(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = take_and_be_evicted(open_queue(&others.attr), &message);
  int code;
  mark();
  while ((code = rill_receive(mine, RILL_FOREVER, &message)) == 0)
    ;
  CHECK_EQ(code, -ESTALE);
  mark_end();
}

/* It sleeps with all messages received and none released. */
static void learn_asleep(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = open_slow(open_queue(&others.attr));
  mark();
  for (uint64_t i = 0; i < TAKEN; i++)
    receive_number(mine, i);
  while (rill_receive(mine, RILL_NOW, &message) == 0)
    ;
  mark(); /* the ring is filled up again */
  mark();
  int code;
  while ((code = rill_receive(mine, RILL_FOREVER, &message)) == 0)
    ;
  CHECK_EQ(code, -ESTALE);
  mark_end();
}

static void leave_evicted(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = take_and_be_evicted(open_queue(&others.attr), &message);
  CHECK_EQ(rill_release(mine, &message), -ESTALE);
  mark();
  rill_consumer_close(mine);
  mark_end();
}

static void come_back(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_queue *here = open_queue(&others.attr);
  rill_consumer_close(take_and_be_evicted(here, &message));
  mark();
  (void)open_slow(here);
  mark_end();
}

static void member_is_dead(void) {
  examine();
  next_slow_goes_on(TAKEN, TAKEN);
}

static void returned_member_is_dead(void) {
  examine();
  next_slow_goes_on_or_begins(TAKEN, TAKEN);
}

static void sweep_as(const struct sweep *sweep) {
  others.attr.evict_after = SOON;
  for (unsigned kept = 0; kept < 2; kept++) {
    slow_flags = kept ? RILL_KEEP_GROUP : 0;
    sweep_instructions(sweep);
  }
}

static void sweep_member(void (*run)(void *arg), void (*after)(void)) {
  const struct sweep sweep = {.before = producer_and_consumer,
                              .run = run,
                              .at_marks = some_or_too_many,
                              .after = after,
                              .marks = 2};
  sweep_as(&sweep);
}

static void learned_from_release(void) {
  sweep_member(learn_from_release, member_is_dead);
}
static void learned_from_receive(void) {
  sweep_member(learn_from_receive, member_is_dead);
}
static void leaving_evicted(void) {
  sweep_member(leave_evicted, member_is_dead);
}
static void coming_back(void) {
  sweep_member(come_back, returned_member_is_dead);
}

static void sweep_asleep(void (*asleep)(void)) {
  const struct sweep sweep = {.before = producer_and_consumer,
                              .run = learn_asleep,
                              .at_marks = fill_up_behind_slow,
                              .asleep = asleep,
                              .after = member_is_dead,
                              .marks = 2};
  sweep_as(&sweep);
}

static void learned_asleep(void) {
  sweep_asleep(traffic_goes_on);
}
/* Only the check behind the kick finds the eviction. */
static void learned_asleep_without_messages(void) {
  sweep_asleep(evict_and_reserve);
}

static const struct test tests[] = {
    NAMED(evicting_a_member),
    NAMED(evicting_a_member_of_a_kept_group),
    NAMED(evicting_a_group_without_member),
    NAMED(evicting_two),
    NAMED(waiting_and_evicting),
    NAMED(two_evicting_producers),
    NAMED(learned_from_release),
    NAMED(learned_from_receive),
    NAMED(learned_asleep),
    NAMED(learned_asleep_without_messages),
    NAMED(leaving_evicted),
    NAMED(coming_back),
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
