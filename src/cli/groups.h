/* SPDX-License-Identifier: MIT */
/* groups.h - groups of a queue by name, for create --group, rm --group and the verbs of rill
 * group. */
#ifndef GROUPS_H
#define GROUPS_H

#include "options.h"

#include <rill/rill.h>

/* Fills *ret with the group of that name. Returns 1, 0 if there is none, or a negative errno value.
 */
int groups_find(rill_queue *queue, const char *name, struct rill_group_stat *ret);

/* Whether the queue has the group and keeps it. Returns 1, 0 if there is none, or -1 after
 * reporting that it is not kept, or why that cannot be checked. */
int groups_kept(rill_queue *queue, const char *queue_name, const char *name);

/* Makes the group at the place in attr. If it exists, that is reported, unless quiet.
 * attr->group and attr->flags are set here. Returns an exit status, after reporting a failure. */
int groups_declare(rill_queue *queue, const char *queue_name, const char *name,
                   struct rill_consumer_attr *attr, bool quiet);

/* Removes the groups. force: a missing one is not a failure. Returns an exit status, after
 * reporting which were not removed, and why. */
int groups_remove(rill_context *context, const char *queue_name, const char *const *names,
                  size_t count, bool force);

#endif
