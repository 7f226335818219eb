/* SPDX-License-Identifier: MIT */
/* output.h - bytes to standard output, through one buffer, or a reason why not. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stddef.h>

/* Asks `is_whole` each time before bytes are written; unless it answers 0, a negative errno
 * value, that is the failure. What is put is then copied first, however large it is. */
void output_guard(int (*is_whole)(void *), void *argument);

/* Both return 0 or a negative errno value: -EPIPE when the reader has gone, -EINTR when
 * a signal of signals.h came while it would not take the bytes. After a failure nothing
 * more is written. */
int output_put(const void *bytes, size_t size);
int output_flush(void);

/* Says a failure on stderr, and returns the exit status: a reader that has gone is the
 * normal end of a filter. */
int output_status(int code);

#endif
