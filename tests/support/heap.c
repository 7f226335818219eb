/* SPDX-License-Identifier: MIT */
/* heap.c - malloc and related functions, over libc's own. See heap.h. */
#include "heap.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "support.h"

static _Thread_local struct heap heap;

struct heap *heap_here(void) {
  return &heap;
}

#if !SUPPORT_SANITIZED /* whose runtime has its own */

#pragma GCC visibility push(default) /* libc must find them */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);
void *memalign(size_t alignment, size_t size);

static int fails(void) {
  if (!heap.watched || !heap.fallible)
    return 0;
  heap.calls++;
  if (heap.fail_at == 0 || heap.calls < heap.fail_at ||
      (heap.calls > heap.fail_at && !heap.for_ever))
    return 0;
  errno = ENOMEM;
  return 1;
}

static void *counted(void *block) {
  heap.live += block && heap.watched;
  return block;
}

void *malloc(size_t size) {
  return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
  return fails() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size) {
  if (fails())
    return NULL;
  void *block = __libc_realloc(old, size);
  heap.live += !old && block && heap.watched;
  return block;
}

void *memalign(size_t alignment, size_t size) {
  return fails() ? NULL : counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size) {
  void *block = memalign(alignment, size);
  if (!block)
    return ENOMEM;
  *ret = block;
  return 0;
}

void free(void *block) {
  const int saved = errno;
  heap.live -= block && heap.watched;
  __libc_free(block);
  errno = saved;
}

#pragma GCC visibility pop
#endif
