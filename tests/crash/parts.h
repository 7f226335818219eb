/* SPDX-License-Identifier: MIT */
/* parts.h - what victims of more than one sweep do, and what is checked when they are dead. */
#ifndef RILL_TEST_PARTS_H
#define RILL_TEST_PARTS_H

#include "survivors.h"

/* --- members --- */

enum { BACKLOG = 30 };
/* Before: the messages are there, and "other" has them all. */
void backlog(void);
/* Before: so, and the group "kept" stands in front of them. */
void backlog_of_a_kept_group(void);
/* Parts. */
void join_kept(void *arg);
void leave_kept(void *arg);
void join_alone(void *arg);
void leave_alone(void *arg);
/* After: "kept", there or made anew, begins at a message up to this one, and gets all others. */
extern uint64_t released;
void kept_group_goes_on(void);
/* After: of a group that is not kept. */
void nothing_is_left_of_it(void);

/* --- whole queues --- */

void create(void *arg);
void unlink_by_name(void *arg);
void collect(void *arg);
/* Before: a queue that nobody has open. */
void idle_queue(void);
/* After: the name can be used at once. */
void name_is_usable(void);
/* After: one gc leaves nothing. */
void one_gc_leaves_nothing(void);
/* After: those who had it open go on, or are told that it was removed. */
void survivors_know(void);

#endif
