/* SPDX-License-Identifier: MIT */
/* settings.h - the attributes of a queue on their way from rill_queue_attr to the first page, and
 * from there to rill_queue_stat: all that follows from the table def/settings.def.
 *
 * What an attribute does is not here, nor rules between several of them. */
#ifndef RILLI_SETTINGS_H
#define RILLI_SETTINGS_H

#include "check.h"
#include "rill/stat.h"

/* Is each of them in its range? name: of the queue, for the text. 0 or -EINVAL. */
int rilli_settings_check(const char *name, const struct rill_queue_attr *attr);
/* Puts what a zero stands for; rounds the capacity. */
void rilli_settings_complete(struct rill_queue_attr *attr);
/* Copies attributes that are complete into a planned page. */
void rilli_settings_plan(const struct rill_queue_attr *attr, struct rilli_identity *page);
/* Does what was asked for agree with what there is? 0 or -EEXIST. The type of messages is compared
 * by rilli_type_check. */
int rilli_settings_compare(const struct rilli_geometry *has, const struct rill_queue_attr *asked);
/* Those that the first page has. */
void rilli_settings_stat(const struct rilli_geometry *has, struct rill_queue_stat *ret);

/* On the registry's socket: a value for each line of the table, those of the files' too. Groups
 * apart. pack returns how many there are, at most `room`; unpack 0, or -E2BIG (one that this
 * version does not know is asked for). */
uint32_t rilli_settings_pack(const struct rill_queue_attr *attr, uint64_t *ret, uint32_t room);
int rilli_settings_unpack(const uint64_t *values, uint32_t count, struct rill_queue_attr *ret);

#endif
