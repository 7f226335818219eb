/* SPDX-License-Identifier: MIT */
/* source.c - where the messages of rill pub come from (source.h).
 *
 * Standard input is read in large pieces, but a line is returned as soon as it is complete, and
 * does not wait for a full buffer. A block waits for all its bytes. */
#include "source.h"

#include "cli.h"
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 256 * 1024 };

int source_open(struct source *source, enum source_kind kind, size_t size, size_t longest) {
  *source = (struct source){.kind = kind, .size = size, .longest = longest};
  source->room = kind == SOURCE_LINES || size < PIECE ? PIECE : size;
  source->buffer = malloc(source->room);
  if (!source->buffer)
    return cli_fail("no memory for messages of %zu bytes", source->room);
  if (kind == SOURCE_GENERATED)
    for (size_t i = 0; i < size; i++)
      source->buffer[i] = (char)('a' + i % 26);
  return 0;
}

void source_close(struct source *source) {
  free(source->buffer);
}

/* Makes room behind what is left of the last piece. */
static bool make_room(struct source *source) {
  if (source->start) {
    memmove(source->buffer, source->buffer + source->start, source->end - source->start);
    source->end -= source->start;
    source->start = 0;
  }
  if (source->end < source->room)
    return true;
  char *buffer = realloc(source->buffer, 2 * source->room);
  if (!buffer)
    return false;
  source->buffer = buffer;
  source->room *= 2;
  return true;
}

/* Reads more. SOURCE_MESSAGE: there is more, or the end of input is known. */
static enum source_result read_more(struct source *source) {
  if (!make_room(source)) {
    cli_fail("no memory for a line of %zu bytes", source->room);
    return SOURCE_FAILED;
  }
  while (!signals_caught()) {
    ssize_t n = read(STDIN_FILENO, source->buffer + source->end, source->room - source->end);
    if (n >= 0) {
      source->end += (size_t)n;
      source->at_end = n == 0;
      return SOURCE_MESSAGE;
    }
    if (errno == EAGAIN) {
      struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
      poll(&in, 1, -1);
    } else if (errno != EINTR) {
      cli_fail("cannot read standard input: %s", strerror(errno));
      return SOURCE_FAILED;
    }
  }
  return SOURCE_SIGNAL;
}

static enum source_result take(struct source *source, size_t size, size_t skip,
                               const void **ret_data, size_t *ret_size) {
  *ret_data = source->buffer + source->start;
  *ret_size = size;
  source->start += size + skip;
  source->number++;
  return SOURCE_MESSAGE;
}

static enum source_result next_block(struct source *source, const void **ret_data,
                                     size_t *ret_size) {
  while (source->end - source->start < source->size && !source->at_end) {
    enum source_result result = read_more(source);
    if (result != SOURCE_MESSAGE)
      return result;
  }
  size_t there = source->end - source->start;
  if (!there)
    return SOURCE_END;
  return take(source, there < source->size ? there : source->size, 0, ret_data, ret_size);
}

static enum source_result next_line(struct source *source, const void **ret_data,
                                    size_t *ret_size) {
  size_t searched = 0; /* this many bytes of it hold no newline */
  for (;;) {
    size_t there = source->end - source->start;
    const char *line = source->buffer + source->start;
    const char *newline = memchr(line + searched, '\n', there - searched);
    size_t size = newline ? (size_t)(newline - line) : there;
    if (size > source->longest) {
      cli_fail("line %llu is longer than the queue's largest message, %zu bytes",
               (unsigned long long)source->number + 1, source->longest);
      return SOURCE_FAILED;
    }
    if (newline || (source->at_end && there))
      return take(source, size, newline != NULL, ret_data, ret_size);
    if (source->at_end)
      return SOURCE_END;
    searched = there;
    enum source_result result = read_more(source);
    if (result != SOURCE_MESSAGE)
      return result;
  }
}

enum source_result source_next(struct source *source, const void **ret_data, size_t *ret_size) {
  switch (source->kind) {
  case SOURCE_LINES:
    return next_line(source, ret_data, ret_size);
  case SOURCE_BLOCKS:
    return next_block(source, ret_data, ret_size);
  case SOURCE_GENERATED:
    break;
  }
  *ret_data = source->buffer;
  *ret_size = source->size;
  source->number++;
  return SOURCE_MESSAGE;
}
