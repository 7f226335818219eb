/* SPDX-License-Identifier: MIT */
/* slow_group.h - a group, "slow", that holds the queue up and is evicted, beside "other", which
 * must not notice. It takes some messages and releases TAKEN; a release of such a queue is
 * published immediately. */
#ifndef RILL_TEST_SLOW_GROUP_H
#define RILL_TEST_SLOW_GROUP_H

#include "client.h"
#include "bystanders.h"

enum { TAKEN = 3 };

extern uint32_t slow_flags; /* RILL_KEEP_GROUP or 0 */
rill_consumer *open_slow(rill_queue *here);
/* Its row; NULL: there is no such group. */
struct rilli_group *slow_row(void);
int slow_is_void(void);
void check_slow_is(uint32_t state); /* RILL_GROUP_* */

/* By the test's own producer, while "other" has everything: up to where the next message would
 * have to evict "slow"; and then that message and a lap; or its room alone, to be written when
 * the reservation is committed. */
void fill_up_behind_slow(void);
void evict_and_lap(void);
void evict_and_reserve(void);
void commit_reserved(void); /* if there is one, and a message or two behind it */

/* Its member is dead or has left: the next one goes on at a message of these two, or, of a
 * group that was evicted, gets to know that it lost the rest; and then both get everything. */
void next_slow_goes_on(uint64_t from, uint64_t to);
/* So after one that came back to a kept group that was evicted, and then died or left: its loss
 * is reported to the next one; but with a member that was just joining it the group goes. */
void next_slow_goes_on_or_begins(uint64_t from, uint64_t to);

#endif
