/* SPDX-License-Identifier: MIT */
/* why.c - rill why: what holds a queue up, since when, and what that process does.
 *
 * Reads everything twice, so that a slow process differs from one that does not move. It only
 * reads; why_words.c prints the result. */
#include "why.h"

#include "signals.h"

#include <string.h>

#define LONG_AGO                                                                                   \
  INT64_C(1000000000) /* ns: a message that has waited for this long is worth a word               \
                       */

static bool json_wanted;
static const char *file;
static int64_t interval = 100000000;

/* Of two groups equally far behind, the one without a living member counts: it will not move. */
static bool is_slower(const struct rill_group_stat *one, const struct rill_group_stat *other) {
  if (one->lag_bytes != other->lag_bytes)
    return one->lag_bytes > other->lag_bytes;
  return one->state != RILL_GROUP_ACTIVE && other->state == RILL_GROUP_ACTIVE;
}

/* Reads the queue, and its slowest group that limits the producer. */
static int look(rill_queue *queue, struct why *why) {
  struct rill_group_stat group = {.size = sizeof group};
  why->stat = (struct rill_queue_stat){.size = sizeof why->stat};
  why->has_group = false;
  why->refused = why->evicted = 0;
  int r = rill_queue_read_stat(queue, &why->stat);
  for (uint32_t index = 0; r >= 0 && (r = rill_group_read_stat(queue, &index, &group)) == 1;)
    if (group.state == RILL_GROUP_VOID) {
      why->refused++;
    } else if (group.state == RILL_GROUP_EVICTED) {
      if (!why->evicted++)
        why_group_name(&group, why->first_evicted);
    } else if (!why->has_group || is_slower(&group, &why->group)) {
      why->has_group = true;
      why->group = group;
    }
  why->blocked |= why->stat.waiting && why->stat.producer == RILL_PRODUCER_ALIVE;
  return r;
}

static bool is_same(const struct why *one, const struct why *other) {
  return one->has_group && other->has_group && one->group.index == other->group.index &&
         one->group.opened == other->group.opened;
}

static int watch(rill_queue *queue, struct why *why) {
  int r = look(queue, why);
  if (r < 0)
    return r;
  why->producer.cpu = why->member.cpu = -1;
  if (why->copied)
    return 0;
  const struct why first = *why;
  const bool member = why->has_group && why->group.pid;
  struct process_id of_producer = process_of_producer(&why->stat);
  struct process_id of_member = process_of_member(&why->group);
  process_look(&of_producer, &why->producer);
  if (member)
    process_look(&of_member, &why->member);
  rill_time before = rill_clock();
  signals_catch();
  signals_sleep_until(before + interval);
  r = look(queue, why);
  why->watched = rill_clock() - before;
  why->publishes = why->stat.sequence != first.stat.sequence;
  why->moves = !is_same(&first, why) || why->group.sequence != first.group.sequence;
  why->blocked |= why->stat.producer_parks != first.stat.producer_parks;
  of_producer = process_of_producer(&why->stat);
  of_member = process_of_member(&why->group);
  process_look_again(&of_producer, why->publishes, &why->producer);
  if (member && is_same(&first, why))
    process_look_again(&of_member, why->moves, &why->member);
  else
    process_look(&of_member, &why->member);
  return r;
}

static bool is_stopped(const struct process *process) {
  return process->state == PROCESS_STOPPED || process->state == PROCESS_TRACED;
}

/* What makes a producer wait, now or when the ring is full; WHY_NONE: nothing. */
static enum why_cause group_cause(const struct why *why) {
  const struct rill_group_stat *group = &why->group;
  if (!why->has_group || !group->lag_bytes || why->stat.overflow == RILL_OVERWRITE)
    return WHY_NONE;
  if (group->state == RILL_GROUP_DEAD)
    return WHY_GROUP_DEAD;
  if (group->state == RILL_GROUP_KEPT)
    return WHY_GROUP_KEPT;
  if (is_stopped(&why->member))
    return WHY_GROUP_STOPPED;
  if (why->blocked || (!why->moves && !why->copied && group->lag_age > LONG_AGO))
    return WHY_GROUP_SLOW;
  return WHY_NONE;
}

static enum why_cause producer_cause(const struct why *why) {
  switch (why->stat.producer) {
  case RILL_PRODUCER_NONE:
    return WHY_PRODUCER_NONE;
  case RILL_PRODUCER_CLOSED:
    return WHY_PRODUCER_CLOSED;
  case RILL_PRODUCER_DEAD:
    return WHY_PRODUCER_DEAD;
  default:
    break;
  }
  if (is_stopped(&why->producer))
    return WHY_PRODUCER_STOPPED;
  if (!why->has_group)
    return WHY_NO_GROUP;
  return why->publishes || why->copied || why->group.lag_bytes ? WHY_NONE : WHY_PRODUCER_IDLE;
}

static enum why_cause cause_of(const struct why *why) {
  if (why->stat.removed)
    return WHY_REMOVED;
  enum why_cause cause = group_cause(why);
  return cause == WHY_NONE ? producer_cause(why) : cause;
}

/* The common options as they were given, to be repeated in a command. */
static void write_where(const struct cli *cli, char *ret, size_t size) {
  snprintf(ret, size, "%s%s%s%s", cli->name_space ? " --namespace " : "",
           cli->name_space ? cli->name_space : "", cli->directory ? " --dir " : "",
           cli->directory ? cli->directory : "");
}

static int run(struct cli *cli, int count, char **operands) {
  struct observed seen;
  char where[512];
  int status = cli_observe_one(cli, &verb_why, file, count, operands, &seen);
  if (status)
    return status;
  write_where(cli, where, sizeof where);
  struct why why = {.where = where, .copied = file != NULL};
  int r = watch(seen.queue, &why);
  why.name = why.stat.name;
  if (r < 0) {
    status = cli_fail_library(r);
  } else {
    why.cause = cause_of(&why);
    status = json_wanted ? why_print_json(cli->out, &why) : why_print_text(cli->out, &why);
  }
  cli_observed_close(&seen);
  return signals_caught() ? signals_status() : status;
}

static const struct option options[] = {
    OPTION_FILE(&file),
    OPTION_DURATION("interval", &interval,
                    "how long to watch which processes get on (default 100ms)"),
    OPTION_FLAG(
        "json", 0, &json_wanted,
        "an object: name, cause (none, removed, no-group, group-slow, group-stopped, group-dead, "
        "group-kept, producer-none, producer-closed, producer-dead, producer-stopped, "
        "producer-idle), held (whether the producer waits for room), answer (the sentence), advice "
        "(an array of texts), full_percent (what the slowest group holds of the capacity), "
        "evict_after_ns (0: never), evictions (so far), "
        "evicted (how many groups are so now), limited "
        "(whether the leases could not be seen), producer (state, pid, pid_namespace, process), "
        "group "
        "(null, or of the slowest one name, index, state, keep, pid, pid_namespace (the inode "
        "number of /proc/PID/ns/pid; 0: not known), process, moves, lag_messages, "
        "lag_bytes, lag_age_ns, lost); a process is an object: state (running, spinning, sleeping, "
        "waiting, stopped, traced, unknown), command, cpu_percent (null: not known)"),
    OPTION_END,
};

const struct verb verb_why = {
    .name = "why",
    .operands = "[QUEUE]",
    .most = 1,
    .summary = "say what holds a queue up, and since when",
    .about =
        "Says in one sentence what holds the queue up: the slowest group, by its member; a group "
        "that is kept, or whose member died; the producer; or nothing. A group that was evicted "
        "holds nothing up. Below that it prints how far the group is behind, what its process and "
        "the producer's do, and what can be done about it.\n"
        "\n"
        "The lease of a member shows whether it lives. /proc shows whether its process runs, spins "
        "(uses a processor, and takes nothing), sleeps or is stopped, if the process is of this "
        "pid namespace and began before it joined; else it is unknown. With "
        "read-only access, the leases and the process ids of members cannot be seen. This command "
        "only reads, and disturbs no process.\n"
        "\n"
        "The exit status is 0 whatever the answer is.",
    .options = options,
    .run = run,
};
