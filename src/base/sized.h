/* SPDX-License-Identifier: MIT */
/* sized.h - structs of the public interface that begin with their size. */
#ifndef RILLI_SIZED_H
#define RILLI_SIZED_H

#include <stddef.h>

/* Are all bytes zero? Reserved fields must be. */
int rilli_zero(const void *bytes, size_t size);
/* 0, or -EINVAL with its text. */
int rilli_attr_size(const char *what, size_t size, size_t expected);

#endif
