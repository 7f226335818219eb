/* SPDX-License-Identifier: MIT */
/* creation.h - making a queue: the options that create and pub share, and an open
 * that says whether the queue is new. */
#ifndef CREATION_H
#define CREATION_H

#include "options.h"

#include <rill/rill.h>

struct creation {
  uint64_t capacity, max_message; /* 0: not given                              */
  int64_t evict_after;            /* ns; -1: not given                         */
  int overflow;                   /* -1: not given                             */
  bool transient;
  uint32_t max_groups, mode, owner, group; /* 0: not given                      */
  uint32_t numa, numa_node;                /* RILL_NUMA_*                           */
  bool no_prefault, mlock, huge, dump;
  struct rill_type type;
  struct text_list groups;
};

#define CREATION_DEFAULTS                                                                          \
  { .evict_after = -1, .overflow = -1 }

#define CREATION_OPTIONS(creation)                                                                 \
  OPTION_SIZE("capacity", &(creation).capacity,                                                    \
              "bytes of the ring, rounded up to a power of two (default 1M)"),                     \
      OPTION_SIZE("max-message", &(creation).max_message,                                          \
                  "largest message in bytes (default: an eighth of the capacity)"),                \
      OPTION_CHOICE("overflow", "reliable|overwrite", &(creation).overflow,                        \
                    "what a producer does when the slowest group leaves no room: wait, or "        \
                    "overwrite what that group then learns it has lost (default reliable)"),       \
      OPTION_DURATION("evict-after", &(creation).evict_after,                                      \
                      "a reliable queue: a publish that has waited this long for room evicts the " \
                      "groups that hold it up; their readers fail and may come back. Choose it "   \
                      "well above the longest pause of a reader (default 0: never)"),              \
      OPTION_FLAG("transient", 0, &(creation).transient,                                           \
                  "the queue goes when no process has it open any more (default: it is kept "      \
                  "until rill rm, or until the host restarts)")

/* Opens the queue, or makes it. flags: RILL_CREATE, with RILL_EXCLUSIVE or not, as for
 * rill_queue_open; 0: takes a queue that is there even if it is transient and a kept one
 * would be made. What was asked for must agree with a queue that is there. *ret_made:
 * whether it is new. Returns 0 or an exit status, having said why. */
int creation_open(rill_context *context, const char *name, const struct creation *creation,
                  unsigned flags, bool *ret_made, rill_queue **ret_queue);

#endif
