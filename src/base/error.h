/* SPDX-License-Identifier: MIT */
/* error.h - the text of the last failure of this thread (rill_error). */
#ifndef RILLI_ERROR_H
#define RILLI_ERROR_H

/* Stores the text and returns -code. code: a positive errno value. */
int rilli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the stored text, and returns -code. */
int rilli_fail_in(int code, const char *prefix, ...) __attribute__((format(printf, 2, 3)));

/* The text of a positive errno value; never a bare number. Thread-safe. */
const char *rilli_words(int code);

#endif
