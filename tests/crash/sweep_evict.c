/* SPDX-License-Identifier: MIT */
/* sweep_evict.c - a producer that dies behind any instruction of an eviction, and a member that
 * dies behind any of being told, of its close and of its open again.
 *
 * "other" gets everything once and in order; a successor has room, and evicts anew if need be; a
 * release holds if and only if its tenancy does. */
#include <errno.h>
#include <string.h>

#include "slow.h"
#include "sweep.h"

#define SOON 1      /* ns: tried again at once, a publish need not wait                     */
#define LATER 20000 /* ns: it waits                                                         */

/* --- the producer dies ------------------------------------------------------------------------ */

static rill_consumer *slow;
static struct rill_message in_hand;
static unsigned victims;     /* of one message each                                           */
static uint64_t cut;         /* the message for which there is no room                        */
static rill_time patience;   /* of its publish                                                */
static int nobody, and_idle; /* "slow" has no member; a kept group "idle" holds up too         */

static const struct joining idle = {.group = "idle", .flags = RILL_KEEP_GROUP};

static void slow_and_other(void) {
  consumer_waits();
  slow = open_slow(queue);
  in_hand.data = NULL;
  if (and_idle)
    rill_consumer_close(open_consumer(queue, idle));
  if (!nobody)
    return;
  rill_consumer_close(slow);
  slow = NULL;
}

static void others_receive(void) {
  drain();
  if (slow)
    CHECK_CODE(rill_receive(slow, RILL_NOW, &in_hand), 0);
}

static void publish_until_it_evicts(void *arg) {
  (void)arg;
  unsigned char bytes[MESSAGE_MOST];
  rill_producer *mine = open_producer(open_queue(&attr), RILL_PARK, RILL_NOW);
  for (uint64_t i = 0; i < cut; i++) {
    if (i == cut / 2)
      curtain(); /* the others receive */
    CHECK_CODE(publish_number(mine, i, RILL_NOW), 0);
  }
  const size_t size = fill_message(cut, bytes);
  int code;
  curtain();
  while ((code = rill_publish(mine, bytes, size, patience)) == -EAGAIN)
    ;
  CHECK_CODE(code, 0);
  curtain_falls();
}

/* Its one message is whole, or void. */
static uint64_t release_in_hand(void) {
  const int refused = slow_is_void();
  CHECK_THAT(refused || due == cut, "a message is published over one that is not released");
  if (!refused)
    check_message(&in_hand, 0);
  CHECK_CODE(rill_release(slow, &in_hand), refused ? -ESTALE : 0);
  return !refused;
}

static void slow_is_told(void) {
  struct rill_message message;
  int code;
  CHECK_CODE(rill_release(slow, NULL), -ESTALE);
  while ((code = rill_receive(slow, RILL_NOW, &message)) == 0)
    CHECK_CODE(rill_release(slow, &message), -ESTALE);
  CHECK_CODE(code, -ESTALE);
  rill_consumer_close(slow);
  slow = NULL;
}

static void idle_comes_back(void) {
  struct rill_message message;
  rill_consumer *mine = open_consumer(queue, idle);
  CHECK_CODE(rill_receive(mine, RILL_NOW, &message), 0);
  CHECK(message.lost == message.sequence && message.lost > 0);
  rill_consumer_close(mine);
  CHECK_CODE(rill_group_unlink(queue, "idle"), 0);
}

static void successor_evicts(void) {
  uint64_t released = 0;
  examine();
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  drain();
  CHECK_THAT(due >= cut && due <= cut + victims, "%llu messages, not %llu or up to %u more",
             (unsigned long long)due, (unsigned long long)cut, victims);
  if (slow)
    released = release_in_hand();
  traffic_goes_on();
  check_slow_is(RILL_GROUP_EVICTED);
  CHECK(stat_of(queue).evictions >= 1u + (unsigned)and_idle);
  if (slow)
    slow_is_told();
  if (and_idle)
    idle_comes_back();
  examine();
  next_slow_goes_on(released, released);
}

static void sweep_producer(uint32_t flags, int has_nobody, int with_idle, rill_time deadline) {
  const struct operation operation = {.before = slow_and_other,
                                      .play = publish_until_it_evicts,
                                      .interval = others_receive,
                                      .after = successor_evicts,
                                      .curtains = 1};
  attr.evict_after = deadline == RILL_NOW ? SOON : LATER;
  slow_flags = flags;
  nobody = has_nobody;
  and_idle = with_idle;
  patience = deadline;
  cut = first_to_reach(attr.capacity); /* the ring has to hold the next commit word, too */
  victims = 1;
  sweep_instructions(&operation);
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

/* --- the producer dies, and the next one in its own eviction -------------------------------------
 */

static void ring_is_full(void) {
  slow_and_other();
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  fill_up_behind_slow();
  rill_producer_close(producer);
  producer = NULL;
  cut = due;
  others_receive();
}

static void succeed_and_evict(void *arg) {
  (void)arg;
  int code;
  rill_queue *here = open_queue(&attr);
  curtain();
  rill_producer *mine = open_producer(here, RILL_PARK, RILL_NOW);
  const uint64_t number = stat_of(here).sequence;
  while ((code = publish_number(mine, number, RILL_NOW)) == -EAGAIN)
    ;
  CHECK_CODE(code, 0);
  curtain_falls();
}

static void two_evicting_producers(void) {
  const struct operation first = {
      .before = ring_is_full, .play = succeed_and_evict, .after = successor_evicts};
  const struct operation second = {.play = succeed_and_evict, .after = successor_evicts};
  attr.evict_after = SOON;
  nobody = 0;
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
  curtain(); /* messages come */
  for (uint64_t i = 0; i < TAKEN; i++)
    receive_number(mine, i);
  CHECK_CODE(rill_receive(mine, RILL_NOW, ret), 0);
  curtain(); /* and more, too many */
  return mine;
}

static void some_or_too_many(void) {
  if (due) {
    traffic_goes_on();
    check_slow_is(RILL_GROUP_EVICTED);
  } else {
    for (; due < 10; due++) {
      publish_next(due);
      receive_number(consumer, due);
    }
  }
}

static void be_told_by_release(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = take_and_be_evicted(open_queue(&attr), &message);
  curtain();
  CHECK_CODE(rill_release(mine, &message), -ESTALE);
  curtain_falls();
}

static void be_told_by_receive(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = take_and_be_evicted(open_queue(&attr), &message);
  int code;
  curtain();
  while ((code = rill_receive(mine, RILL_FOREVER, &message)) == 0)
    ;
  CHECK_CODE(code, -ESTALE);
  curtain_falls();
}

/* It sleeps with all messages in its hands. */
static void be_told_asleep(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = open_slow(open_queue(&attr));
  curtain();
  for (uint64_t i = 0; i < TAKEN; i++)
    receive_number(mine, i);
  while (rill_receive(mine, RILL_NOW, &message) == 0)
    ;
  curtain(); /* the ring is filled up again */
  curtain();
  int code;
  while ((code = rill_receive(mine, RILL_FOREVER, &message)) == 0)
    ;
  CHECK_CODE(code, -ESTALE);
  curtain_falls();
}

static void leave_evicted(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = take_and_be_evicted(open_queue(&attr), &message);
  CHECK_CODE(rill_release(mine, &message), -ESTALE);
  curtain();
  rill_consumer_close(mine);
  curtain_falls();
}

static void come_back(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_queue *here = open_queue(&attr);
  rill_consumer_close(take_and_be_evicted(here, &message));
  curtain();
  (void)open_slow(here);
  curtain_falls();
}

static void member_is_dead(void) {
  examine();
  next_slow_goes_on(TAKEN, TAKEN);
}

static void who_came_back_is_dead(void) {
  examine();
  next_slow_goes_on_or_begins(TAKEN, TAKEN);
}

static void sweep_as(const struct operation *operation) {
  attr.evict_after = SOON;
  for (unsigned kept = 0; kept < 2; kept++) {
    slow_flags = kept ? RILL_KEEP_GROUP : 0;
    sweep_instructions(operation);
  }
}

static void sweep_member(void (*play)(void *arg), void (*after)(void)) {
  const struct operation operation = {.before = producer_and_consumer,
                                      .play = play,
                                      .interval = some_or_too_many,
                                      .after = after,
                                      .curtains = 2};
  sweep_as(&operation);
}

static void told_by_release(void) {
  sweep_member(be_told_by_release, member_is_dead);
}
static void told_by_receive(void) {
  sweep_member(be_told_by_receive, member_is_dead);
}
static void leaving_evicted(void) {
  sweep_member(leave_evicted, member_is_dead);
}
static void coming_back(void) {
  sweep_member(come_back, who_came_back_is_dead);
}

static void sweep_asleep(void (*asleep)(void)) {
  const struct operation operation = {.before = producer_and_consumer,
                                      .play = be_told_asleep,
                                      .interval = fill_up_behind_slow,
                                      .asleep = asleep,
                                      .after = member_is_dead,
                                      .curtains = 2};
  sweep_as(&operation);
}

static void told_asleep(void) {
  sweep_asleep(traffic_goes_on);
}
/* Only the look behind the kick tells. */
static void told_asleep_and_nothing_comes(void) {
  sweep_asleep(evict_and_reserve);
}

static const struct test tests[] = {
    {"evicting_a_member", evicting_a_member},
    {"evicting_a_member_of_a_kept_group", evicting_a_member_of_a_kept_group},
    {"evicting_a_group_without_member", evicting_a_group_without_member},
    {"evicting_two", evicting_two},
    {"waiting_and_evicting", waiting_and_evicting},
    {"two_evicting_producers", two_evicting_producers},
    {"told_by_release", told_by_release},
    {"told_by_receive", told_by_receive},
    {"told_asleep", told_asleep},
    {"told_asleep_and_nothing_comes", told_asleep_and_nothing_comes},
    {"leaving_evicted", leaving_evicted},
    {"coming_back", coming_back},
};

int main(int argc, char **argv) {
  return RUN_SWEEPS(argc, argv);
}
