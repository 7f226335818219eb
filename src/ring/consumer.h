/* SPDX-License-Identifier: MIT */
/* consumer.h - what a consumer keeps for itself, and what other files call. */
#ifndef RILLI_CONSUMER_H
#define RILLI_CONSUMER_H

#include "rill/consumer.h"
#include "view.h"
#include "waiter.h"

/* The hot part first. Zero in a forked child, as a producer's. */
struct rill_consumer {
  uintptr_t to_ring; /* from this struct to the ring; 0: no fast path; see next_frame */
  uint64_t fast_mask;
  uint64_t position, sequence; /* of the next message                            */
  uint64_t usual_size;         /* payload of the message taken last,                     */
  uint64_t usual_stride;       /* and of its frame                              */
  uint64_t released;           /* the first byte that is not released           */
  uint64_t published;          /* the cursor as it stands in shared memory        */
  uint64_t publish_step;
  const _Atomic uint64_t *waiting; /* of the producer page                        */
  const uint8_t *base;             /* NULL: in a forked child                    */
  uint64_t mask;
  struct rilli_producer_page *page;
  struct rilli_group *group; /* NULL: a tail                                    */
  struct rilli_slot *slot;   /* NULL: a tail                                    */
  uint32_t full_fence;
  uint32_t eager; /* polls before the clock is read, and anything else is checked    */
  uint32_t follow;
  int64_t rest;                 /* ns, when a stream has been caught up with       */
  uint64_t emptied, emptied_at; /* sequence and position at the last empty poll  */
  uint32_t place_turn;
  _Atomic uint32_t interrupted;
  uint32_t waited;            /* for the message that it receives next                */
  uint64_t tenancy;           /* the state word of this membership               */
  struct rilli_member member; /* which it is; of a tail: zero              */
  uint32_t copies;            /* overwrite or tail: copy, then check (E4)         */
  uint64_t lost;              /* to be reported with the next message            */
  uint8_t *buffer;            /* of copies                                       */
  size_t buffer_size;
  struct rilli_ring ring;
  struct rilli_patience patience;
  struct rilli_host host;
  void *owner;
};

void rilli_consumer_init(struct rill_consumer *consumer);
/* The fast path is for reliable groups that have no loss to report; see next_frame. */
void rilli_choose_path(struct rill_consumer *consumer);
/* On leaving: publishes the releases that are not in shared memory yet. */
void rilli_publish_cursor(struct rill_consumer *consumer);
/* The sequence of the first message that is not released; not for copying consumers. */
uint64_t rilli_released_sequence(const struct rill_consumer *consumer);
/* Is there a message at the consumer's place, or was the consumer lapped? */
int rilli_something_there(const struct rill_consumer *consumer);

#endif
