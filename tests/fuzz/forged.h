/* SPDX-License-Identifier: MIT */
/* forged.h - a queue's two files, sound at first, and what an input changes in them.
 *
 * Samples are queues that the library made when the fuzzer began: empty, in use, lapped, full,
 * and so on, each copied with its producer and consumers alive, so that in the copy they are
 * dead. An input chooses one, changes words of it (also while it is in use, through a mapping
 * of the fuzzer's own), and may have the first pages sealed again: otherwise nothing would
 * pass their checksums. */
#ifndef RILL_FUZZ_FORGED_H
#define RILL_FUZZ_FORGED_H

#include "check.h"
#include "input.h"
#include "rill/rill.h"

#define FORGED_QUEUE "q"
#define FORGED_GROUPS 4u

struct forged {
  unsigned sample;
  char control_path[256], data_path[256];
  uint8_t *control, *data; /* mapped for the fuzzer, writable                       */
  size_t control_size, data_size;
  const struct rilli_identity *plan;       /* as it was before anything was changed        */
  uint64_t position, sequence, limit;      /* of the head, then                           */
  uint64_t forge_position, forge_sequence; /* where the next frame is forged         */
  unsigned seal;                           /* 1: identity, 2: control                */
  int first_pages;                         /* only the first pages are changed        */
};

/* Once: a namespace of this process, its context, and the samples. */
void forged_open(void);
rill_context *forged_context(void);
int forged_directory(void);

/* Writes a sample under a queue's name; its sizes are changed as the input says. */
void forged_begin(struct forged *forged, const char *name, struct input *input);
/* Makes the change that op selects. */
void forged_change(struct forged *forged, uint8_t op, struct input *input);
/* Corrects the checksums of the first pages, if the input says so. */
void forged_seal(struct forged *forged);
/* Is the first page of the data segment still as the creator (or the input) wrote it? */
uint64_t forged_first_page(const struct forged *forged);
void forged_end(struct forged *forged);
/* Removes all files, and checks that no mapping and no descriptor is left. */
void forged_clear(void);

#endif
