/* SPDX-License-Identifier: MIT */
/* source.h - where the messages of rill pub come from: lines or blocks of standard
 * input, or generated. */
#ifndef SOURCE_H
#define SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum source_kind { SOURCE_LINES, SOURCE_BLOCKS, SOURCE_GENERATED };

enum source_result { SOURCE_MESSAGE, SOURCE_END, SOURCE_SIGNAL, SOURCE_FAILED };

struct source {
  enum source_kind kind;
  size_t size;     /* of a block, of a generated message                     */
  size_t longest;  /* line that the queue accepts */
  uint64_t number; /* of the message that was taken last, from 1             */
  char *buffer;
  size_t room, start, end; /* bytes of it: in all, taken, filled               */
  bool at_end;             /* of standard input                                      */
};

/* Fills kind, size and longest in; the rest is zero. Returns 0 or an exit status. */
int source_open(struct source *source, enum source_kind kind, size_t size, size_t longest);
void source_close(struct source *source);

/* The next message; its bytes are valid until the next call. SOURCE_FAILED was reported on
 * stderr. */
enum source_result source_next(struct source *source, const void **ret_data, size_t *ret_size);

#endif
