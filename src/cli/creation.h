/* SPDX-License-Identifier: MIT */
/* creation.h - makes a queue: the options that create and pub share, and an open that returns
 * whether the queue is new. */
#ifndef CREATION_H
#define CREATION_H

#include "options.h"

#include <rill/rill.h>

/* The attributes of settings.def, by their place in the table. */
enum {
#define RILL_SETTING(name, ...) SETTING_##name,
#include "settings.def"
  SETTINGS
};

struct creation {
  struct rill_queue_attr attr; /* zero: not given, or given as zero: */
  bool given[SETTINGS];
  bool transient, no_prefault, mlock, huge, dump;
  struct text_list groups;
};

#define CREATION_DEFAULTS                                                                          \
  { .attr = RILL_QUEUE_ATTR_INIT }

#define OPTION_TRANSIENT(p)                                                                        \
  OPTION_FLAG("transient", 0, p,                                                                   \
              "the queue goes when no process has it open any more (default: it is kept until "    \
              "rill rm, or until the host restarts)")

/* Opens the queue, or makes it. flags: RILL_CREATE, with RILL_EXCLUSIVE or not, as for
 * rill_queue_open; 0: takes an existing queue even if it is transient, though a new one would
 * be kept. An existing queue must be as requested. *ret_made: whether it is new. Returns 0, or
 * an exit status after reporting the failure. */
int creation_open(rill_context *context, const char *name, const struct creation *creation,
                  unsigned flags, bool *ret_made, rill_queue **ret_queue);

#endif
