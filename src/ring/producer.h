/* SPDX-License-Identifier: MIT */
/* producer.h - what a producer keeps for itself. publish.c fills the ring from it. */
#ifndef RILLI_PRODUCER_H
#define RILLI_PRODUCER_H

#include "rill/producer.h"
#include "view.h"
#include "waiter.h"

/* The hot part first. Lives in memory that is zero in a forked child: with capacity and
 * limits of zero the fast paths decline, and the slow ones answer -ECHILD. */
struct rill_producer {
  uint8_t *base;
  uint64_t mask;
  uint64_t position, sequence; /* of the next message                            */
  uint64_t cleared;            /* what may become a commit word is zero, up to here    */
  uint64_t clear_at;           /* the position at which to clear further ahead      */
  uint64_t fast_span;          /* payloads of 1 to this many bytes: fast path     */
  struct rilli_hints *hints;
  uint32_t full_fence;
  uint32_t stamp;
  uint64_t room;      /* U: it writes only below; never behind position   */
  uint64_t raise_at;  /* the position at which to raise the limit ahead      */
  uint64_t indexed;   /* where the newest index entry lies                   */
  int64_t pushed;     /* when the index was pushed last, ns                  */
  uint32_t pace_fast; /* the quantum before that was written at a gigabyte a second  */
  uint32_t handed;    /* frames up to this size are handed down; 0: in a stream      */
  uint32_t handings;  /* until the pace is measured again,                            */
  int64_t pace_time;  /* since this time, and place                                  */
  uint64_t pace_sequence, pace_position;
  uint64_t held_at, held_need; /* position for which there was no room, up to where,  */
  int64_t held_since;          /* and since when                                      */
  uint64_t reserved;           /* bytes of the open reservation, plus 1; 0: none  */
  struct rill_meta meta;       /* its meta                                       */
  struct rilli_ring ring;
  struct rilli_patience patience;
  struct rilli_host host;
  uint64_t rows[RILLI_MAX_GROUPS / 64]; /* those that it has seen: rilli_known_rows     */
  void *owner;                          /* the layer above                                */
};

void rilli_producer_init(struct rill_producer *producer, const struct rilli_ring *ring,
                         const struct rilli_place *head);

#endif
