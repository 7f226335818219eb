/* SPDX-License-Identifier: MIT */
/* placement.c - populating, locking and collapsing mappings, and private memory. See
 * placement.h; for NUMA nodes nodes.h. */
#include "placement.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "error.h"
#include "layout.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

void rilli_populate(void *base, size_t size, int writable) {
  if (madvise(base, size, writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) == 0)
    return;
  /* Before Linux 5.14. A read suffices: the pages exist, only the mapping lacks them. */
  for (size_t at = 0; at < size; at += RILLI_PAGE)
    (void)*(volatile const uint8_t *)((const uint8_t *)base + at);
}

/* The second mapping of the ring has the same pages: locking the first one is enough, and counts
 * only once against the limit. */
static int lock_pages(const struct rilli_mapping *data, size_t once) {
  if (mlock(data->base, once) == 0)
    return 0;
  const int code = errno;
  struct rlimit limit = {0, 0};
  (void)getrlimit(RLIMIT_MEMLOCK, &limit);
  return rilli_fail(
      ENOMEM,
      "cannot lock its %zu bytes in memory: %s; RLIMIT_MEMLOCK lets this process lock "
      "%llu bytes: raise it (ulimit -l, LimitMEMLOCK= of a systemd unit, memlock in "
      "limits.conf), or make the queue without mlock",
      once, rilli_words(code), (unsigned long long)limit.rlim_cur);
}

int rilli_place(const struct rilli_mapping *data, const struct rilli_geometry *geometry, int lock) {
  if (!(geometry->placement & RILLI_PLACE_DUMP))
    (void)madvise(data->base, data->size, MADV_DONTDUMP);
  if (!lock || !(geometry->placement & RILLI_PLACE_LOCK))
    return 0;
  return lock_pages(data, geometry->file_size);
}

void rilli_prefault(const struct rilli_mapping *data, const struct rilli_geometry *geometry,
                    int writable) {
  if (!(geometry->placement & RILLI_PLACE_NO_PREFAULT))
    rilli_populate(data->base, data->size, writable);
}

int rilli_collapse(const struct rilli_mapping *data) {
  int code = EAGAIN;
  for (int tries = 0; code == EAGAIN && tries < 3; tries++)
    code = madvise(data->base, data->size, MADV_COLLAPSE) == 0 ? 0 : errno;
  return code;
}

void *rilli_private_alloc(size_t size) {
  void *base =
      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (base == MAP_FAILED)
    return NULL;
  if (madvise(base, size, MADV_WIPEONFORK) != 0) {
    (void)munmap(base, size);
    return NULL;
  }
  return base;
}

void rilli_private_free(void *base, size_t size) {
  if (base)
    (void)munmap(base, size);
}
