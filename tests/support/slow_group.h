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

/* By the test's own producer, while "other" has received everything: publishes up to where the next
 * message would have to evict "slow"; then that message and a lap; or reserves its room only, to be
 * written when the reservation is committed. */
void fill_up_behind_slow(void);
void evict_and_lap(void);
void evict_and_reserve(void);
void commit_reserved(void); /* if there is one, and a message or two behind it */

/* Its member is dead or has left: the next one continues at one of these two messages, or, if the
 * group was evicted, learns that it lost the rest; and then both groups get everything. */
void next_slow_goes_on(uint64_t from, uint64_t to);
/* The same after a member that came back to a kept group that was evicted, and then died or left:
 * the next one learns of the loss; but a member that was just joining takes the group with it. */
void next_slow_goes_on_or_begins(uint64_t from, uint64_t to);

#endif
