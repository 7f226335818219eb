/* SPDX-License-Identifier: MIT */
/* play.h - what the library is asked to do with a queue that may be anything, and what must
 * hold whatever it is: a code that the header states, and messages that lie where they may.
 *
 * An input is a script: it chooses a plot, and then come changes of words and calls of the
 * public interface, in any order. Each target allows some of the calls. */
#ifndef RILL_FUZZ_PLAY_H
#define RILL_FUZZ_PLAY_H

#include "stage.h"

#define PLAY_CONSUMERS 3u

struct play {
  struct stage stage;
  rill_queue *queue;
  rill_producer *producer;
  struct {
    rill_consumer *handle;
    uint64_t next; /* the sequence that must come, unless some are lost              */
    int began;
    struct rill_message last; /* received                                           */
  } consumers[PLAY_CONSUMERS];
  unsigned placed; /* times that rill_placement_stat was asked                        */
};

typedef void play_call(struct play *play, struct input *input);

/* Opening and looking. */
play_call play_open, play_observe, play_open_files, play_create, play_close;
play_call play_stat, play_placement, play_examine, play_examine_files, play_list;
/* Taking messages. */
play_call play_consumer, play_receive, play_batch, play_release, play_interrupt, play_leave;
/* Publishing. */
play_call play_producer, play_publish, play_items, play_reserve, play_commit, play_farewell;
/* Giving back. */
play_call play_gc, play_unlink, play_unlink_group;
play_call play_seal;

/* Runs an input. first_pages: what it changes are those alone. */
int play_script(const uint8_t *bytes, size_t size, int first_pages, play_call *const *calls,
                size_t count);
#define PLAY_SCRIPT(bytes, size, first_pages, calls)                                               \
  play_script((bytes), (size), (first_pages), (calls), sizeof(calls) / sizeof *(calls))

#endif
