/* SPDX-License-Identifier: MIT */
/* perf/bench/bare.c - memory for bare rings. */
#include "bare.h"

#include "pair.h"

#include <errno.h>
#include <sys/mman.h>

int bare_make(struct bare *bare, size_t size) {
  void *shared = mmap(NULL, sizeof *bare->shared, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (shared == MAP_FAILED)
    return pair_error(-errno, "shared memory for a bare ring: %s", strerror(errno));
  size_t stride = (sizeof(uint64_t) + size + 15) / 16 * 16;
  *bare =
      (struct bare){.size = size, .stride = stride, .slots = BARE_BYTES / stride, .shared = shared};
  return 0;
}

void bare_remove(struct bare *bare) {
  munmap(bare->shared, sizeof *bare->shared);
}
