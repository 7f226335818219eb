/* SPDX-License-Identifier: MIT */
/* guard.c - mappings with nothing around them. See guard.h. */
#include "guard.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define AROUND (UINT64_C(8) << 30)
#define PAGE 4096u
#define REGIONS 512u /* at a time                                                   */
#define GONE 64u     /* unmapped ones that still fault                              */

void *__real_mmap(void *at, size_t size, int rights, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t size);
void *__wrap_mmap(void *at, size_t size, int rights, int flags, int fd, off_t offset);
int __wrap_munmap(void *at, size_t size);
int __wrap_nanosleep(const struct timespec *span, struct timespec *left);
int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *span,
                           struct timespec *left);

struct region {
  uint8_t *base;
  size_t size, left; /* left: what is not unmapped yet                             */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct region regions[REGIONS], gone[GONE];
static size_t live, gone_next;

static size_t round_up(size_t size) {
  return (size + PAGE - 1) / PAGE * PAGE;
}

static void *reserve(void *at, size_t size) {
  const int fixed = at ? MAP_FIXED : 0;
  return __real_mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1,
                     0);
}

static void remember(uint8_t *base, size_t size) {
  (void)pthread_mutex_lock(&lock);
  size_t i = 0;
  while (i < REGIONS && regions[i].size)
    i++;
  if (i == REGIONS)
    abort(); /* they are not given back */
  regions[i] = (struct region){base, size, size};
  live++;
  (void)pthread_mutex_unlock(&lock);
}

void *__wrap_mmap(void *at, size_t size, int rights, int flags, int fd, off_t offset) {
  if (at || size == 0)
    return __real_mmap(at, size, rights, flags, fd, offset);
  const size_t inner = round_up(size);
  uint8_t *outer = reserve(NULL, inner + 2 * AROUND);
  if (outer == MAP_FAILED)
    return MAP_FAILED;
  void *base = __real_mmap(outer + AROUND, size, rights, flags | MAP_FIXED, fd, offset);
  if (base == MAP_FAILED) {
    const int code = errno;
    (void)__real_munmap(outer, inner + 2 * AROUND);
    errno = code;
    return base;
  }
  remember(base, inner);
  return base;
}

static struct region *region_of(const uint8_t *at) {
  for (size_t i = 0; i < REGIONS; i++)
    if (regions[i].size && at >= regions[i].base && at < regions[i].base + regions[i].size)
      return &regions[i];
  return NULL;
}

/* The oldest unmapped one makes room for this one. */
static void bury(struct region *region) {
  struct region *old = &gone[gone_next++ % GONE];
  if (old->size)
    (void)__real_munmap(old->base - AROUND, old->size + 2 * AROUND);
  *old = *region;
  region->size = 0;
  live--;
}

int __wrap_munmap(void *at, size_t size) {
  (void)pthread_mutex_lock(&lock);
  struct region *region = region_of(at);
  if (region) {
    if (reserve(at, round_up(size)) == MAP_FAILED || round_up(size) > region->left)
      abort();
    region->left -= round_up(size);
    if (region->left == 0)
      bury(region);
  }
  (void)pthread_mutex_unlock(&lock);
  return region ? 0 : __real_munmap(at, size);
}

size_t guard_mappings(void) {
  (void)pthread_mutex_lock(&lock);
  const size_t count = live;
  (void)pthread_mutex_unlock(&lock);
  return count;
}

int __wrap_nanosleep(const struct timespec *span, struct timespec *left) {
  (void)span;
  (void)left;
  return 0;
}

int __wrap_clock_nanosleep(clockid_t clock, int flags, const struct timespec *span,
                           struct timespec *left) {
  (void)clock;
  (void)flags;
  (void)span;
  (void)left;
  return 0;
}
