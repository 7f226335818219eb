/* SPDX-License-Identifier: MIT */
/* victims.h - victims of more than one sweep, and what is checked when they are dead. */
#ifndef RILL_TEST_VICTIMS_H
#define RILL_TEST_VICTIMS_H

#include "bystanders.h"

/* --- members --- */

enum { BACKLOG = 30, KEPT_FROM = 4 };
/* Before: the messages are there, and "other" has them all. */
void backlog(void);
/* Before: the same, and the group "kept" is in front of the message KEPT_FROM. */
void backlog_of_a_kept_group(void);
/* Parts. */
void join_kept(void *arg);
void leave_kept(void *arg);
void join_alone(void *arg);
void leave_alone(void *arg);
/* After: the place of "kept" is held although it has no member; the next one continues behind
 * KEPT_FROM and up to this message, and gets all that follow. */
extern uint64_t released;
void kept_group_goes_on(void);
/* The end of it: the next member continues at one of these two messages. */
void next_continues(uint64_t from, uint64_t to);
/* After: "kept" may be there or not; its next member gets everything. */
void kept_group_goes_on_or_begins(void);
/* After: of a group that is not kept. */
void nothing_is_left_of_it(void);

/* --- whole queues --- */

void create(void *arg);
void unlink_by_name(void *arg);
void collect(void *arg);
/* Before: a queue that no process has open. */
void idle_queue(void);
/* After: the name can be used immediately. */
void name_is_usable(void);
/* After: one gc leaves nothing. */
void one_gc_leaves_nothing(void);
/* After: the processes that had it open continue, or learn that it was removed. */
void bystanders_know(void);

#endif
