/* SPDX-License-Identifier: MIT */
/* parts.c - see parts.h. */
#include "parts.h"

#include <errno.h>

#include "tracer.h"

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
  rill_consumer_close(open_consumer(queue, to_kept));
  for (uint64_t i = 0; i < BACKLOG; i++)
    publish_next(i);
  drain();
}

void join_kept(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&attr);
  curtain();
  (void)open_consumer(here, to_kept);
  curtain_falls();
}

void leave_kept(void *arg) {
  (void)arg;
  struct rill_message message;
  rill_consumer *mine = open_consumer(open_queue(&attr), to_kept);
  for (unsigned i = 0; i < 3; i++) { /* a cursor that nobody knows yet */
    CHECK_CODE(rill_receive(mine, RILL_NOW, &message), 0);
    CHECK_CODE(rill_release(mine, &message), 0);
  }
  curtain();
  rill_consumer_close(mine);
  curtain_falls();
}

void join_alone(void *arg) {
  (void)arg;
  rill_queue *here = open_queue(&attr);
  curtain();
  (void)open_consumer(here, (struct joining){.group = NULL});
  curtain_falls();
}

void leave_alone(void *arg) {
  (void)arg;
  rill_consumer *mine = open_consumer(open_queue(&attr), (struct joining){.group = NULL});
  curtain();
  rill_consumer_close(mine);
  curtain_falls();
}

uint64_t released;

/* Up to the message that "other" has had last. */
static void catch_up(rill_consumer *next) {
  struct rill_message message;
  uint64_t number = due;
  if (rill_receive(next, RILL_NOW, &message) == 0) {
    number = message.sequence;
    CHECK(message.lost == 0);
    check_message(&message, number++);
    CHECK_CODE(rill_release(next, &message), 0);
    CHECK_THAT(number <= released + 1, "it goes on at message %llu",
               (unsigned long long)number - 1);
  }
  CHECK(number > 0 || due == 0);
  while (number < due)
    receive_number(next, number++);
}

void kept_group_goes_on(void) {
  examine();
  rill_consumer *next = open_consumer(queue, to_kept);
  catch_up(next);
  for (unsigned i = 0; i < LAP; i++, due++) {
    publish_next(due);
    receive_number(consumer, due);
    receive_number(next, due);
  }
  examine_reclaimed();
  CHECK(stat_of(queue).group_count == 2);
  rill_consumer_close(next);
  CHECK_CODE(rill_group_unlink(queue, "kept"), 0);
  everybody_leaves();
}

void nothing_is_left_of_it(void) {
  examine();
  traffic_goes_on();
  examine_reclaimed();
  CHECK(stat_of(queue).group_count == 1);
  everybody_leaves();
}

/* --- whole queues ------------------------------------------------------------------------ */

void create(void *arg) {
  (void)arg;
  (void)context_here();
  curtain();
  (void)open_queue(&attr);
  curtain_falls();
}

void unlink_by_name(void *arg) {
  (void)arg;
  (void)context_here();
  curtain();
  const int code = rill_queue_unlink(context_here(), "q");
  CHECK_THAT(code == 0 || code == -ENOENT, "unlink: %d (%s)", code, rill_error());
  curtain_falls();
}

void collect(void *arg) {
  (void)arg;
  (void)context_here();
  curtain();
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  curtain_falls();
}

void idle_queue(void) {
  rill_queue_close(open_queue(&attr));
}

void name_is_usable(void) {
  producer_and_consumer();
  examine();
  traffic_goes_on();
  examine_reclaimed();
  everybody_leaves();
}

void one_gc_leaves_nothing(void) {
  gc_leaves_nothing();
  name_is_usable();
}

static void it_was_removed(void) {
  struct rill_message message;
  int code = 0;
  for (unsigned i = 0; i < LAP && code == 0; i++)
    code = publish_number(producer, due + i, RILL_NOW);
  CHECK_THAT(code == -ESTALE || code == -EAGAIN, "publish to a removed queue: %d", code);
  while ((code = rill_receive(consumer, rill_after(1000000000), &message)) == 0)
    CHECK_CODE(rill_release(consumer, &message), 0);
  CHECK_CODE(code, -ESTALE);
  leave();
}

void survivors_know(void) {
  if (stat_of(queue).removed)
    it_was_removed();
  else {
    examine();
    traffic_goes_on();
    examine_reclaimed();
    leave();
  }
  one_gc_leaves_nothing();
}
