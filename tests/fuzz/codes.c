/* SPDX-License-Identifier: MIT */
/* codes.c - see codes.h. */
#include "codes.h"

#include <stdio.h>
#include <stdlib.h>

#include "rill/rill.h"

void codes_check(const char *call, int code, const int *known, size_t count) {
  if (code == 0)
    return;
  for (size_t i = 0; i < count; i++)
    if (code == -known[i])
      return;
  (void)fprintf(stderr, "%s returned %d (%s), which its header does not tell of: \"%s\"\n", call,
                code, strerror(-code), rill_error());
  abort();
}
