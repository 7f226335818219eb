/* SPDX-License-Identifier: MIT */
/* why.h - the result of rill why, from reading the queue (why.c) to printing it (why_words.c). */
#ifndef WHY_H
#define WHY_H

#include "cli.h"
#include "process.h"

/* The main answer. */
enum why_cause {
  WHY_NONE,    /* all processes move, or the queue never makes its producer wait */
  WHY_REMOVED, /* the queue was removed */
  WHY_NO_GROUP,
  WHY_GROUP_SLOW, /* its member lives and has a process that is not stopped       */
  WHY_GROUP_STOPPED,
  WHY_GROUP_DEAD, /* and not reclaimed yet                                        */
  WHY_GROUP_KEPT, /* without a member                                             */
  WHY_PRODUCER_NONE,
  WHY_PRODUCER_CLOSED,
  WHY_PRODUCER_DEAD,
  WHY_PRODUCER_STOPPED,
  WHY_PRODUCER_IDLE
};

struct why {
  const char *name, *where; /* the options that lead to the queue: for commands   */
  int64_t watched;          /* ns between the two reads */
  bool copied;              /* files, not a queue in use                         */
  struct rill_queue_stat stat;
  bool has_group, moves, publishes; /* while it was watched                        */
  bool blocked;                     /* the producer waited for room at some time in it */
  struct rill_group_stat group;     /* the slowest                                 */
  uint32_t refused, evicted;        /* groups that the producer does not wait for: their cursor was
                                       invalid; they held it up for too long */
  char first_evicted[96];           /* one of the latter: "group 'name'"           */
  struct process producer, member;
  enum why_cause cause;
};

/* "group 'name'", or a description if it has no name. */
const char *why_group_name(const struct rill_group_stat *group, char ret[96]);
const char *why_word(enum why_cause cause);
int why_print_text(FILE *out, const struct why *why);
int why_print_json(FILE *out, const struct why *why);

#endif
