/* SPDX-License-Identifier: MIT */
/* placement.c - populating mappings, and private memory. See placement.h. */
#include "placement.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "layout.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

void rilli_populate(void *base, size_t size, int writable) {
  if (madvise(base, size, writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) == 0)
    return;
  /* Before Linux 5.14. A read suffices: the pages exist, only the mapping lacks them. */
  for (size_t at = 0; at < size; at += RILLI_PAGE)
    (void)*(volatile const uint8_t *)((const uint8_t *)base + at);
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
