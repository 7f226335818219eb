/* SPDX-License-Identifier: MIT */
/* output.h - writes bytes to standard output through one buffer, and returns why it failed. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stddef.h>

/* Calls `is_whole` each time before bytes are written; a result other than 0, a negative errno
 * value, is the failure. Bytes that are put are then copied first, however large they are. */
void output_guard(int (*is_whole)(void *), void *argument);

/* Both return 0 or a negative errno value: -EPIPE when the reader has ended, -EINTR when a
 * signal of signals.h came while the reader did not take the bytes. After a failure nothing
 * more is written. */
int output_put(const void *bytes, size_t size);
int output_flush(void);

/* Reports a failure on stderr, and returns the exit status: a reader that has ended is the
 * normal end of a filter. */
int output_status(int code);

#endif
