/* SPDX-License-Identifier: MIT */
/* stage.h - the queue "q" that operations are tried on, its other users, and a neighbour whose
 * traffic must not notice anything. */
#ifndef RILL_TEST_STAGE_H
#define RILL_TEST_STAGE_H

#include "player.h"

/* The director's own handles on "q". */
struct stage {
  rill_queue *queue;
  rill_producer *producer; /* NULL: the place is free for the player                     */
  rill_consumer *consumer; /* of the group "other"                                       */
  uint64_t sequence;       /* the next message for it                                    */
};
extern struct stage scene;

void stage_with_producer(void);
void stage_without_producer(void);
/* Two messages through "q", behind all that the player left in it. */
void traffic_goes_on(int code);

struct group {
  const char *name;
  const struct operation *operations;
  size_t count;
  void (*set)(void);   /* what the operations need                                       */
  void (*unset)(void); /* and the end of it; each may be NULL                             */
};
/* All of it in a process of its own, beside a neighbour. */
void sweep_group(const struct group *group, const struct tier *tier);

/* Some files of a queue are there. */
int has_files(const char *queue);
void remove_if_there(const char *queue);

extern const struct group making, opening, looking, removing, producing, consuming, waiting;

#endif
