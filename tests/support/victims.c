/* SPDX-License-Identifier: MIT */
/* victims.c - see victims.h. */
#include "victims.h"

#include <errno.h>

#include "trace.h"

/* --- members ---------------------------------------------------------------------------- */

static const struct joining to_kept = {.group = "kept", .flags = RILL_KEEP_GROUP};

void backlog(void) {
  producer_and_consumer();
  for (uint64_t i = 0; i < BACKLOG; i++)
    publish_next(i);
  drain();
}

void backlog_of_a_kept_group(void) {
  producer_and_consumer();
  rill_consumer *first = open_consumer(others.queue, to_kept);
  for (uint64_t i = 0; i < BACKLOG; i++)
    publish_next(i);
  for (uint64_t i = 0; i < KEPT_FROM; i++)
    receive_number(first, i);
  rill_consumer_close(first);
  drain();
}

void join_kept(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&others.attr);
  mark();
  (void)open_consumer(here, to_kept);
  mark_end();
}

void leave_kept(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = open_consumer(open_queue(&others.attr), to_kept);
  for (unsigned i = 0; i < 3; i++) { /* a cursor that is not published yet */
    CHECK_EQ(rill_receive(mine, RILL_NOW, &message), 0);
    CHECK_EQ(rill_release(mine, &message), 0);
  }
  mark();
  rill_consumer_close(mine);
  mark_end();
}

void join_alone(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&others.attr);
  mark();
  (void)open_consumer(here, (struct joining){.group = NULL});
  mark_end();
}

void leave_alone(void *arg) {
  (void)arg;
  rill_consumer *mine = open_consumer(open_queue(&others.attr), (struct joining){.group = NULL});
  mark();
  rill_consumer_close(mine);
  mark_end();
}

uint64_t released;

/* Up to the last message that "other" has received. */
static void catch_up(rill_consumer *next, uint64_t from, uint64_t to) {
  struct rill_message message;
  uint64_t number = others.due;
  const int code = rill_receive(next, RILL_NOW, &message);
  if (code == 0) {
    number = message.sequence;
    CHECK(message.lost == 0);
    check_message(&message, number);
    CHECK_EQ(rill_release(next, &message), 0);
  }
  CHECK_THAT(number >= from && number <= to, "it goes on at message %llu, not %llu to %llu",
             (unsigned long long)number, (unsigned long long)from, (unsigned long long)to);
  for (number += code == 0; number < others.due; number++)
    receive_number(next, number);
}

void next_continues(uint64_t from, uint64_t to) {
  rill_consumer *next = open_consumer(others.queue, to_kept);
  catch_up(next, from, to);
  for (unsigned i = 0; i < LAP; i++, others.due++) {
    publish_next(others.due);
    receive_number(others.consumer, others.due);
    receive_number(next, others.due);
  }
  examine_reclaimed();
  CHECK(stat_of(others.queue).group_count == 2);
  rill_consumer_close(next);
  CHECK_EQ(rill_group_unlink(others.queue, "kept"), 0);
  all_leave();
}

/* The ring fills up behind it; an overwrite queue has only this much room before it is lapped. */
static void place_is_held(void) {
  const unsigned most = others.attr.overflow == RILL_OVERWRITE ? BACKLOG : LAP;
  for (unsigned i = 0; i < most; i++) {
    const int code = publish_number(others.producer, others.due, RILL_NOW);
    if (code == -EAGAIN)
      break;
    CHECK_EQ(code, 0);
    receive_number(others.consumer, others.due++);
  }
}

void kept_group_goes_on(void) {
  examine();
  place_is_held();
  next_continues(KEPT_FROM, released);
}

void kept_group_goes_on_or_begins(void) {
  examine();
  next_continues(0, 0);
}

void nothing_is_left_of_it(void) {
  examine();
  traffic_goes_on();
  examine_reclaimed();
  CHECK(stat_of(others.queue).group_count == 1);
  all_leave();
}

/* --- whole queues ------------------------------------------------------------------------ */

void create(void *arg) {
  (void)arg;
  (void)context_here();
  mark();
  (void)open_queue(&others.attr);
  mark_end();
}

void unlink_by_name(void *arg) {
  (void)arg;
  (void)context_here();
  mark();
  const int code = rill_queue_unlink(context_here(), "q");
  CHECK_THAT(code == 0 || code == -ENOENT, "unlink: %d (%s)", code, rill_error());
  mark_end();
}

void collect(void *arg) {
  (void)arg;
  (void)context_here();
  mark();
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  mark_end();
}

void idle_queue(void) {
  rill_queue_close(open_queue(&others.attr));
}

void name_is_usable(void) {
  producer_and_consumer();
  examine();
  traffic_goes_on();
  examine_reclaimed();
  all_leave();
}

void one_gc_leaves_nothing(void) {
  gc_leaves_nothing();
  name_is_usable();
}

static void it_was_removed(void) {
  struct rill_message message;
  int code = 0;
  for (unsigned i = 0; i < LAP && code == 0; i++)
    code = publish_number(others.producer, others.due + i, RILL_NOW);
  CHECK_THAT(code == -ESTALE || code == -EAGAIN, "publish to a removed queue: %d", code);
  while ((code = rill_receive(others.consumer, rill_after(1000000000), &message)) == 0)
    CHECK_EQ(rill_release(others.consumer, &message), 0);
  CHECK_EQ(code, -ESTALE);
  leave();
}

void bystanders_know(void) {
  if (stat_of(others.queue).removed)
    it_was_removed();
  else {
    examine();
    traffic_goes_on();
    examine_reclaimed();
    leave();
  }
  one_gc_leaves_nothing();
}
