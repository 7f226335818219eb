/* SPDX-License-Identifier: MIT */
/* watch_roles.c - producers and consumers of a watcher's queues, where no registry reports them.
 * See watcher.h.
 *
 * A probe opens a queue as an observer, compares its producer and consumers with those of the last
 * probe, and closes it again, so that a watcher does not keep the memory of a removed queue. At
 * most RILLI_PROBES queues a second are probed, in turn. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "pair.h"
#include "stat.h"
#include "watcher.h"

struct member {
  uint32_t group, state; /* RILL_GROUP_*                                              */
  int64_t pid, opened;
};

struct rilli_roles {
  uint32_t producer; /* RILL_PRODUCER_*                                               */
  uint64_t generation;
  int64_t producer_pid;
  size_t count, room;
  struct member members[]; /* of groups that have one, by index                      */
};

/* --- what is there ------------------------------------------------------------------------ */

/* May a group in this state have a member, alive or dead? For an evicted group it is not known. */
static int has_member(uint32_t state) {
  return state != RILL_GROUP_KEPT && state != RILL_GROUP_JOINING;
}

static int read_members(int dir, const struct rilli_segments *segments, struct rilli_roles *roles) {
  struct rill_group_stat stat = {.size = sizeof stat};
  int code = 0;
  for (uint32_t index = 0;
       roles->count < roles->room && (code = rilli_group_stat(dir, segments, &index, &stat)) == 1;)
    if (has_member(stat.state))
      roles->members[roles->count++] =
          (struct member){stat.index, stat.state, stat.pid, stat.opened};
  return code < 0 ? code : 0;
}

/* NULL: the queue cannot be probed now, or not by this user. */
static struct rilli_roles *read_roles(int dir, const struct rilli_segments *segments) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  if (rilli_queue_stat(dir, segments, &stat) || stat.removed)
    return NULL;
  struct rilli_roles *roles = calloc(1, sizeof *roles + stat.max_groups * sizeof *roles->members);
  if (!roles)
    return NULL;
  roles->room = stat.max_groups;
  roles->producer = stat.producer;
  roles->generation = stat.producer_generation;
  roles->producer_pid = stat.producer_pid;
  if (read_members(dir, segments, roles) == 0)
    return roles;
  free(roles);
  return NULL;
}

/* If the name belongs to another queue now, that is probed after its appearance was reported. */
static struct rilli_roles *probe_queue(int dir, struct rilli_known *known) {
  struct rilli_pair pair;
  struct rilli_segments segments;
  if (known->closed)
    return NULL;
  int code = rilli_pair_open(dir, known->name, 1, &pair);
  known->closed = code == -EACCES || code == -EPERM || (code == 0 && pair.limited);
  if (code)
    return NULL;
  code = !pair.limited && pair.control.inode == known->inode
             ? rilli_segments_map(known->name, &pair, 1, &segments)
             : -ESTALE;
  rilli_pair_close(&pair);
  if (code)
    return NULL;
  struct rilli_roles *roles = read_roles(dir, &segments);
  rilli_segments_close(&segments);
  return roles;
}

/* --- what has changed --------------------------------------------------------------------- */

struct change {
  struct rill_watch *watch;
  const char *queue;
};

static void put_role(const struct change *change, uint32_t what, uint32_t role, uint32_t group,
                     int64_t pid) {
  struct rill_event *event = rilli_watch_put(change->watch, what, change->queue);
  event->role = role;
  event->group = group;
  event->pid = pid;
}

static void compare_producers(const struct change *change, const struct rilli_roles *old,
                              const struct rilli_roles *now) {
  const int same = old->generation == now->generation;
  const int lived = old->producer == RILL_PRODUCER_ALIVE;
  const int lives = now->producer == RILL_PRODUCER_ALIVE;
  if (lived && !(same && lives)) {
    const int died = same && now->producer == RILL_PRODUCER_DEAD;
    put_role(change, died ? RILL_EVENT_DIED : RILL_EVENT_DETACHED, RILL_ROLE_PRODUCER, 0,
             old->producer_pid);
  }
  if (lives && !(same && lived))
    put_role(change, RILL_EVENT_ATTACHED, RILL_ROLE_PRODUCER, 0, now->producer_pid);
}

static int by_group(const void *a, const void *b) {
  const struct member *one = a, *other = b;
  return (one->group > other->group) - (one->group < other->group);
}

/* The same member, and not the next member of its group. */
static const struct member *find_member(const struct rilli_roles *roles,
                                        const struct member *member) {
  const struct member *found =
      bsearch(member, roles->members, roles->count, sizeof *member, by_group);
  return found && found->pid == member->pid && found->opened == member->opened ? found : NULL;
}

static void compare_members(const struct change *change, const struct rilli_roles *old,
                            const struct rilli_roles *now) {
  for (size_t i = 0; i < old->count; i++) {
    const struct member *was = &old->members[i], *is = find_member(now, was);
    const int was_dead = was->state == RILL_GROUP_DEAD;
    if (is && is->state == RILL_GROUP_DEAD && !was_dead)
      put_role(change, RILL_EVENT_DIED, RILL_ROLE_CONSUMER, was->group, was->pid);
    else if (!is)
      put_role(change, was_dead ? RILL_EVENT_RECLAIMED : RILL_EVENT_DETACHED, RILL_ROLE_CONSUMER,
               was->group, was->pid);
  }
  for (size_t i = 0; i < now->count; i++) {
    const struct member *is = &now->members[i];
    if (is->state == RILL_GROUP_ACTIVE && !find_member(old, is))
      put_role(change, RILL_EVENT_ATTACHED, RILL_ROLE_CONSUMER, is->group, is->pid);
  }
}

/* The first probe reports nothing, unless the queue appeared after watching had begun. */
static int renew_roles(struct rill_watch *watch, struct rilli_known *known) {
  static const struct rilli_roles none = {.producer = RILL_PRODUCER_NONE};
  const struct change change = {watch, known->name};
  struct rilli_roles *now = probe_queue(rilli_context_dir(watch->context), known);
  if (!now)
    return 0;
  const struct rilli_roles *old = known->roles ? known->roles : known->fresh ? &none : now;
  if (rilli_watch_room(watch, 2 + old->count + now->count)) {
    free(now);
    return rilli_fail(ENOMEM, "no memory for what happens to queue '%s'", known->name);
  }
  compare_producers(&change, old, now);
  compare_members(&change, old, now);
  free(known->roles);
  known->roles = now;
  return 0;
}

int rilli_roles_probe(struct rill_watch *watch) {
  size_t count = watch->known_count < RILLI_PROBES ? watch->known_count : RILLI_PROBES;
  int code = 0;
  for (; code == 0 && count; count--) {
    watch->next_probe %= watch->known_count;
    code = renew_roles(watch, &watch->known[watch->next_probe]);
    if (code == 0)
      watch->next_probe++;
  }
  return code;
}

void rilli_roles_forget(struct rill_watch *watch) {
  for (size_t i = 0; i < watch->known_count; i++) {
    free(watch->known[i].roles);
    watch->known[i].roles = NULL;
    watch->known[i].fresh = 0;
  }
}
