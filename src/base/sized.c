/* SPDX-License-Identifier: MIT */
/* sized.c - structs of the public interface that begin with their size. See sized.h. */
#include "sized.h"

#include <errno.h>

#include "error.h"

int rilli_zero(const void *bytes, size_t size) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < size; i++)
    if (at[i])
      return 0;
  return 1;
}

int rilli_attr_size(const char *what, size_t size, size_t expected) {
  if (size == expected)
    return 0;
  return rilli_fail(EINVAL,
                    "%s.size is %zu where this library has %zu: set it to sizeof the struct", what,
                    size, expected);
}
