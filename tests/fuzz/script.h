/* SPDX-License-Identifier: MIT */
/* script.h - calls of the library on a queue of any content, and what must hold in any case: a
 * code that the header states, and messages that are inside the mapping.
 *
 * An input is a script: it chooses a sample, then come changes of words and calls of the public
 * interface, in any order. Each target allows some of the calls. */
#ifndef RILL_FUZZ_SCRIPT_H
#define RILL_FUZZ_SCRIPT_H

#include "forged.h"

#define SCRIPT_CONSUMERS 3u

struct script {
  struct forged forged;
  rill_queue *queue;
  rill_producer *producer;
  struct {
    rill_consumer *handle;
    uint64_t next; /* the sequence that must come, unless some are lost              */
    int began;
    struct rill_message last; /* received                                           */
  } consumers[SCRIPT_CONSUMERS];
  unsigned placed; /* times that rill_placement_stat was asked                        */
};

typedef void script_call(struct script *script, struct input *input);

/* Opening and reading. */
script_call call_open, call_observe, call_open_files, call_create, call_close;
script_call call_stat, call_placement, call_examine, call_examine_files, call_list;
/* Taking messages. */
script_call call_consumer, call_receive, call_batch, call_release, call_interrupt, call_leave;
/* Publishing. */
script_call call_producer, call_publish, call_items, call_reserve, call_commit, call_close_producer;
/* Removing and reclaiming. */
script_call call_gc, call_unlink, call_unlink_group;
script_call call_seal;

/* The message lies where this consumer may read, and is read to the last byte. */
void check_place(const struct rill_consumer *consumer, const struct rill_message *message);

/* Runs an input. first_pages: only those are changed. */
int script_run(const uint8_t *bytes, size_t size, int first_pages, script_call *const *calls,
               size_t count);
#define SCRIPT_RUN(bytes, size, first_pages, calls)                                                \
  script_run((bytes), (size), (first_pages), (calls), sizeof(calls) / sizeof *(calls))

#endif
