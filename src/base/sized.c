/* SPDX-License-Identifier: MIT */
/* sized.c - structs of the public interface that begin with their size. See sized.h. */
#include "sized.h"

#include <errno.h>
#include <string.h>

#include "error.h"

/* The first field of each of them; no other field of the caller's may be there. */
static size_t size_of(const void *caller) {
  size_t size;
  memcpy(&size, caller, sizeof size);
  return size;
}

static int is_zero(const unsigned char *at, const unsigned char *end) {
  while (at < end)
    if (*at++)
      return 0;
  return 1;
}

int rilli_sized_check(const char *what, const void *caller) {
  const size_t has = size_of(caller);
  if (has >= sizeof has && has <= RILLI_SIZED_MOST)
    return 0;
  return rilli_fail(EINVAL,
                    "%s.size is %zu, which is no size of it: initialise the struct with its "
                    "_INIT macro, or set size to its sizeof",
                    what, has);
}

int rilli_sized_in(const char *what, const void *caller, void *ret, size_t size) {
  const int code = rilli_sized_check(what, caller);
  if (code)
    return code;
  const size_t has = size_of(caller);
  const unsigned char *bytes = caller;
  if (has > size && !is_zero(bytes + size, bytes + has))
    return rilli_fail(E2BIG,
                      "%s has %zu bytes, of which this library knows %zu, and a later field is "
                      "not zero: run with a library as new as the headers, or leave that field out",
                      what, has, size);
  memset(ret, 0, size);
  memcpy(ret, caller, has < size ? has : size);
  memcpy(ret, &size, sizeof size);
  return 0;
}

void rilli_sized_out(void *caller, const void *from, size_t size) {
  const size_t has = size_of(caller), known = has < size ? has : size;
  memcpy(caller, from, known);
  memset((unsigned char *)caller + known, 0, has - known);
  memcpy(caller, &known, sizeof known);
}
