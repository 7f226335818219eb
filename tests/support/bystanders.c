/* SPDX-License-Identifier: MIT */
/* bystanders.c - see bystanders.h. */
#include "bystanders.h"

#include <errno.h>

#include "client.h"

struct bystanders others = {.attr = {.size = sizeof(struct rill_queue_attr),
                                     .capacity = 65536,
                                     .max_groups = 4,
                                     .max_message = MESSAGE_MOST}};

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
  others.queue = open_queue(&others.attr);
  others.consumer = open_consumer(
      others.queue, (struct joining){.group = "other", .wait = RILL_PARK, .flags = RILL_FOLLOW});
  others.due = 0;
}

void producer_and_consumer(void) {
  others.queue = open_queue(&others.attr);
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  others.consumer =
      open_consumer(others.queue, (struct joining){.group = "other", .wait = RILL_PARK});
  others.due = 0;
}

void drain(void) {
  struct rill_message message;
  int code;
  while ((code = rill_receive(others.consumer, RILL_NOW, &message)) == 0) {
    CHECK_THAT(message.sequence == others.due && message.lost == 0,
               "message %llu came (%llu lost), not %llu", (unsigned long long)message.sequence,
               (unsigned long long)message.lost, (unsigned long long)others.due);
    check_message(&message, others.due++);
    CHECK_EQ(rill_release(others.consumer, &message), 0);
  }
  CHECK_THAT(code == -EAGAIN || code == -EPIPE, "receive: %d", code);
}

void check_traffic(void) {
  rill_producer *mine =
      others.producer ? others.producer : open_producer(others.queue, RILL_PARK, RILL_NOW);
  drain();
  for (int i = 0; i < 2; i++) {
    CHECK_EQ(publish_number(mine, others.due, RILL_NOW), 0);
    receive_number(others.consumer, others.due++);
  }
  if (!others.producer)
    rill_producer_close(mine);
}

void publish_next(uint64_t number) {
  int code = publish_number(others.producer, number, RILL_NOW);
  if (code == -EAGAIN) /* else it finds dead members in its next slice */
    code = publish_number(others.producer, number, RILL_FOREVER);
  CHECK_THAT(code == 0, "publish: %d (%s)", code, rill_error());
}

void traffic_goes_on(void) {
  for (unsigned i = 0; i < LAP; i++, others.due++) {
    publish_next(others.due);
    receive_number(others.consumer, others.due);
  }
}

/* E11: the search for dead members reads the state; a row without a state has no cursor. */
static void check_rows(void) {
  const struct rilli_ring *ring = &others.queue->segments.ring;
  uint32_t i;
  RILLI_EACH_ROW(i, ring->rows, ring->max_groups) {
    const struct rilli_group *group = rilli_group_at(ring, i);
    CHECK_THAT(RILLI_STATE_STATE(atomic_load(&group->state)) != RILLI_GROUP_NONE ||
                   atomic_load(&group->cursor) == RILLI_NONE,
               "row %u has a cursor and no state", i);
  }
}

void examine(void) {
  check_rows();
  check_sound(RILL_WRONG, "right after a death");
  check_invariants(others.queue);
}

void examine_reclaimed(void) {
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  check_rows();
  check_sound(RILL_NOTE, "after a reclaim");
}

static void name_can_be_taken(void) {
  struct rill_message message;
  CHECK_EQ(rill_queue_open(context_here(), "q", RILL_CREATE | RILL_EXCLUSIVE, &others.attr,
                           RILL_NOW, &others.queue),
           0);
  others.producer = open_producer(others.queue, RILL_PARK, RILL_NOW);
  others.consumer = open_consumer(others.queue, (struct joining){.group = "other"});
  CHECK_EQ(publish_number(others.producer, 0, RILL_NOW), 0);
  CHECK_EQ(rill_receive(others.consumer, RILL_NOW, &message), 0);
  check_message(&message, 0);
}

void leave(void) {
  rill_producer_close(others.producer);
  rill_consumer_close(others.consumer);
  rill_queue_close(others.queue);
  others.producer = NULL;
  others.consumer = NULL;
  others.queue = NULL;
}

void all_leave(void) {
  leave();
  gc_leaves_nothing();
  name_can_be_taken();
  leave();
  gc_leaves_nothing();
}
