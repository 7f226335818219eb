/* SPDX-License-Identifier: MIT */
/* sized.h - structs of the public interface that begin with their size, and grow at their end.
 *
 * The caller's `size` decides: a program and the library that it runs with may know different
 * versions of a struct, in both directions. */
#ifndef RILLI_SIZED_H
#define RILLI_SIZED_H

#include <stddef.h>

/* Larger than any version of any struct: a size above it was never set. */
#define RILLI_SIZED_MOST 4096u

/* Copies a caller's struct into one of this library's `size` bytes: what the caller does not know
 * is zero, and `size` in the copy is the library's. what: the struct's name, for the error text.
 * Returns 0, -EINVAL (its size is less than the size field itself), or -E2BIG (it is longer, and
 * not zero in what this library does not know). */
int rilli_sized_in(const char *what, const void *caller, void *ret, size_t size);

/* Will rilli_sized_out take this struct? 0 or -EINVAL. */
int rilli_sized_check(const char *what, const void *caller);
/* Fills a caller's struct from one of this library's `size` bytes: as much as both know, and zero
 * behind it. `size` is then the number of bytes that both know. */
void rilli_sized_out(void *caller, const void *from, size_t size);

#endif
