/* SPDX-License-Identifier: MIT */
/* error.h - the text of the last failure of this thread (rill_error). */
#ifndef RILLI_ERROR_H
#define RILLI_ERROR_H

/* Stores the text and returns -code. code: a positive errno value. */
int rilli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the stored text, and returns -code. */
int rilli_fail_in(int code, const char *prefix, ...) __attribute__((format(printf, 2, 3)));

/* The text as it was, for a call whose failure inside is none of the caller's. */
#define RILLI_ERROR_SIZE 512u
void rilli_error_keep(char ret[RILLI_ERROR_SIZE]);
void rilli_error_restore(const char kept[RILLI_ERROR_SIZE]);

/* The text of a positive errno value; never a bare number. Thread-safe. */
const char *rilli_words(int code);

#endif
