/* SPDX-License-Identifier: MIT */
/* bystanders.h - the other users of the queue "q" of a victim, and what must hold for them.
 *
 * All in the test's own process: a producer, a consumer of the group "other". */
#ifndef RILL_TEST_BYSTANDERS_H
#define RILL_TEST_BYSTANDERS_H

#include "oracle.h"

extern struct bystanders {
  struct rill_queue_attr attr; /* of the queue: 64 KiB, 4 groups                         */
  rill_queue *queue;
  rill_producer *producer; /* NULL: its place is free                                 */
  rill_consumer *consumer; /* of the group "other"                                   */
  uint64_t due;            /* the next message for that consumer                      */
} others;

enum { LAP = 200 }; /* messages: more than the ring holds */

/* The bytes of the frame of the message with this number. */
uint64_t frame_of(uint64_t number);
/* Of messages from number and position 0 on: the first whose frame ends at `end` or behind it. */
uint64_t first_to_reach(uint64_t end);

/* The queue, and a consumer that waits for a producer. */
void consumer_waits(void);
/* The queue, its producer and a consumer. */
void producer_and_consumer(void);
/* Receives all messages that are there, without waiting. */
void drain(void);
/* Publishes one message; dead members may hold the producer up until it checks for them. */
void publish_next(uint64_t number);
/* Publishes more messages than the ring holds. */
void traffic_goes_on(void);
/* Publishes two messages behind all others; with a temporary producer if there is none. */
void check_traffic(void);
/* Right after a death: nothing is wrong, although work may be half done. */
void examine(void);
/* After one reclaim: nothing is left, not even a note. */
void examine_reclaimed(void);
/* Closes their handles. */
void leave(void);
/* The same; after one more reclaim the name is free, and can be taken. */
void all_leave(void);

#endif
