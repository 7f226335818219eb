/* SPDX-License-Identifier: MIT */
/* settings.h - copies the attributes of a queue from rill_queue_attr to the first page, and from
 * there to rill_queue_stat: all of it from the table settings.def.
 *
 * It does not say what an attribute does, and has no rules between several of them. */
#ifndef RILLI_SETTINGS_H
#define RILLI_SETTINGS_H

#include "check.h"
#include "rill/stat.h"

/* Is each attribute in its range? name: of the queue, for the error text. 0 or -EINVAL. */
int rilli_settings_check(const char *name, const struct rill_queue_attr *attr);
/* Replaces zeros by the defaults; rounds the capacity. */
void rilli_settings_complete(struct rill_queue_attr *attr);
/* Copies attributes that are complete into a planned page. */
void rilli_settings_plan(const struct rill_queue_attr *attr, struct rilli_identity *page);
/* Does the existing queue have the requested attributes? 0 or -EEXIST. The type of messages is
 * compared by rilli_type_check. */
int rilli_settings_compare(const struct rilli_geometry *has, const struct rill_queue_attr *asked);
/* Gets those that the first page has. */
void rilli_settings_stat(const struct rilli_geometry *has, struct rill_queue_stat *ret);

/* For the registry's socket: a value for each line of the table, also for attributes of the
 * files; without the groups. pack returns how many there are, at most `room`; unpack returns 0,
 * or -E2BIG (an attribute that this version does not know is not zero). */
uint32_t rilli_settings_pack(const struct rill_queue_attr *attr, uint64_t *ret, uint32_t room);
int rilli_settings_unpack(const uint64_t *values, uint32_t count, struct rill_queue_attr *ret);

#endif
