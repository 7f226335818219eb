/* SPDX-License-Identifier: MIT */
/* output.c - bytes to standard output (output.h). What does not fit into the buffer is written
 * directly. Standard I/O cannot be used: it loses what it could not write, and the reason. */
#include "output.h"

#include "cli.h"
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char buffer[64 * 1024];
static size_t used;
static int failure; /* the first one */
static int (*guard)(void *);
static void *guarded;

void output_guard(int (*is_whole)(void *), void *argument) {
  guard = is_whole;
  guarded = argument;
}

static int write_all(const char *bytes, size_t size) {
  if (size && !failure && guard)
    failure = guard(guarded);
  while (size && !failure) {
    ssize_t n = write(STDOUT_FILENO, bytes, size);
    if (n >= 0) {
      bytes += n;
      size -= (size_t)n;
    } else if (errno == EAGAIN) {
      struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
      if (poll(&out, 1, -1) < 0 && signals_caught())
        failure = -EINTR;
    } else if (errno != EINTR || signals_caught()) {
      failure = -errno;
    }
  }
  return failure;
}

int output_flush(void) {
  size_t size = used;
  used = 0;
  return write_all(buffer, size);
}

static int write_copy(const void *bytes, size_t size) {
  char *copy = malloc(size);
  if (!copy)
    return failure = -ENOMEM;
  memcpy(copy, bytes, size);
  (void)write_all(copy, size);
  free(copy);
  return failure;
}

int output_put(const void *bytes, size_t size) {
  if (size > sizeof buffer - used && output_flush())
    return failure;
  if (size > sizeof buffer)
    return guard ? write_copy(bytes, size) : write_all(bytes, size);
  memcpy(buffer + used, bytes, size);
  used += size;
  return failure;
}

int output_status(int code) {
  if (code == -EPIPE)
    return STATUS_DONE;
  if (code == -EINTR)
    return signals_status();
  return code ? cli_fail("cannot write to standard output: %s", strerror(-code)) : STATUS_DONE;
}
