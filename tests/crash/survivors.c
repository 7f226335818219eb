/* SPDX-License-Identifier: MIT */
/* survivors.c - the checks of those who stay. See survivors.h. */
#include "survivors.h"

#include <errno.h>

#include "client.h"

struct rill_queue_attr attr = {
    .size = sizeof attr, .capacity = 65536, .max_groups = 4, .max_message = MESSAGE_MOST};
rill_queue *queue;
rill_producer *producer;
rill_consumer *consumer;
uint64_t due;

uint64_t frame_of(uint64_t number) {
  unsigned char bytes[MESSAGE_MOST];
  return rilli_stride(RILLI_FRAME_HEADER + fill_message(number, bytes));
}

uint64_t first_to_reach(uint64_t end) {
  uint64_t position = 0;
  for (uint64_t number = 0;; number++) {
    position += frame_of(number);
    if (position >= end)
      return number;
  }
}

void consumer_waits(void) {
  queue = open_queue(&attr);
  consumer = open_consumer(
      queue, (struct joining){.group = "other", .wait = RILL_PARK, .flags = RILL_FOLLOW});
  due = 0;
}

void producer_and_consumer(void) {
  queue = open_queue(&attr);
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  consumer = open_consumer(queue, (struct joining){.group = "other", .wait = RILL_PARK});
  due = 0;
}

void drain(void) {
  struct rill_message message;
  int code;
  while ((code = rill_receive(consumer, RILL_NOW, &message)) == 0) {
    CHECK_THAT(message.sequence == due && message.lost == 0,
               "message %llu came (%llu lost), not %llu", (unsigned long long)message.sequence,
               (unsigned long long)message.lost, (unsigned long long)due);
    check_message(&message, due++);
    CHECK_CODE(rill_release(consumer, &message), 0);
  }
  CHECK_THAT(code == -EAGAIN || code == -EPIPE, "receive: %d (%s)", code, rill_error());
}

void publish_next(uint64_t number) {
  int code = publish_number(producer, number, RILL_NOW);
  if (code == -EAGAIN) /* else it comes on the dead in its next slice */
    code = publish_number(producer, number, RILL_FOREVER);
  CHECK_THAT(code == 0, "publish: %d (%s)", code, rill_error());
}

void traffic_goes_on(void) {
  for (unsigned i = 0; i < LAP; i++, due++) {
    publish_next(due);
    receive_number(consumer, due);
  }
}

static void no_wrong(const struct rill_finding *finding, void *arg) {
  (void)arg;
  CHECK_THAT(finding->kind != RILL_WRONG, "the segments: %s", finding->text);
}

static void no_note(const struct rill_finding *finding, void *arg) {
  (void)arg;
  CHECK_THAT(finding->kind == RILL_FINE, "the segments, after a reclaim: %s", finding->text);
}

static void ask_the_doctor(void (*tell)(const struct rill_finding *finding, void *arg)) {
  CHECK_CODE(rill_queue_examine(context_here(), "q", tell, NULL), 0);
}

/* E11: whoever looks for the dead goes by the state; and who has none, has no place. */
static void check_rows(void) {
  const struct rilli_ring *ring = &queue->segments.ring;
  uint32_t i;
  RILLI_EACH_ROW(i, ring->rows, ring->max_groups) {
    const struct rilli_group *group = rilli_group_at(&queue->segments.ring, i);
    CHECK_THAT(RILLI_STATE_STATE(atomic_load(&group->state)) != RILLI_GROUP_NONE ||
                   atomic_load(&group->cursor) == RILLI_NONE,
               "row %u has a cursor and no state", i);
  }
}

void examine(void) {
  check_rows();
  ask_the_doctor(no_wrong);
  check_invariants(queue);
}

void examine_reclaimed(void) {
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  check_rows();
  ask_the_doctor(no_note);
}

static void name_can_be_taken(void) {
  struct rill_message message;
  CHECK_CODE(
      rill_queue_open(context_here(), "q", RILL_CREATE | RILL_EXCLUSIVE, &attr, RILL_NOW, &queue),
      0);
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  consumer = open_consumer(queue, (struct joining){.group = "other"});
  CHECK_CODE(publish_number(producer, 0, RILL_NOW), 0);
  CHECK_CODE(rill_receive(consumer, RILL_NOW, &message), 0);
  check_message(&message, 0);
}

void leave(void) {
  rill_producer_close(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  producer = NULL;
  consumer = NULL;
  queue = NULL;
}

void everybody_leaves(void) {
  leave();
  gc_leaves_nothing();
  name_can_be_taken();
  leave();
  gc_leaves_nothing();
}
