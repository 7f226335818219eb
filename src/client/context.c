/* SPDX-License-Identifier: MIT */
/* context.c - the namespace a process works in, its fence mode, and the clock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "error.h"
#include "fence.h"
#include "name_space.h"
#include "pid_namespace.h"
#include "placement.h"
#include "sized.h"

const char *rill_version(void) {
  return RILL_VERSION;
}

rill_time rill_clock(void) {
  return rilli_now();
}

rill_time rill_after(int64_t nanoseconds) {
  const rill_time now = rilli_now();
  if (nanoseconds <= 0)
    return now;
  return nanoseconds > RILL_FOREVER - now ? RILL_FOREVER : now + nanoseconds;
}

static int fence_wanted(const struct rill_context_attr *attr, uint32_t *ret) {
  *ret = attr->fence;
  if (attr->fence > RILL_FENCE_FULL)
    return rilli_fail(EINVAL, "unknown fence mode %u in the context's attributes", attr->fence);
  const char *wish = getenv("RILL_FENCE");
  if (attr->fence != RILL_FENCE_AUTO || !wish || !*wish)
    return 0;
  if (strcmp(wish, "full") == 0)
    *ret = RILL_FENCE_FULL;
  else if (strcmp(wish, "membarrier") == 0)
    *ret = RILL_FENCE_MEMBARRIER;
  else
    return rilli_fail(EINVAL, "RILL_FENCE is '%s': it takes membarrier or full", wish);
  return 0;
}

/* Everything but the context itself. */
static int prepare(const struct rill_context_attr *attr, rill_context *context) {
  uint32_t wanted;
  const int code = fence_wanted(attr, &wanted);
  if (code)
    return code;
  const int mode = rilli_fence_init(wanted);
  if (mode < 0)
    return rilli_fail(-mode, "this kernel (or a sandbox) has no membarrier: use RILL_FENCE=full");
  context->fence = (uint32_t)mode;
  context->pid_namespace = rilli_pid_namespace();
  const int dir = rilli_name_space_open(attr->name_space, attr->directory, &context->path);
  if (dir < 0)
    return dir;
  atomic_init(&context->dir, dir);
  struct stat status;
  if (fstat(dir, &status) == 0) {
    context->inode = (uint64_t)status.st_ino;
    context->device = (uint64_t)status.st_dev;
    rilli_link_open(&context->link, dir);
    return 0;
  }
  const int error = errno;
  (void)close(dir);
  free(context->path);
  return rilli_fail(error, "cannot examine the namespace's directory: %s", rilli_words(error));
}

/* Is it certain that this number is another file now, or none? */
static int is_another(const rill_context *context, int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0)
    return errno == EBADF;
  return (uint64_t)status.st_ino != context->inode || (uint64_t)status.st_dev != context->device;
}

int rilli_context_dir(rill_context *context) {
  int dir = atomic_load_explicit(&context->dir, memory_order_acquire);
  if (!is_another(context, dir))
    return dir;
  const int again = open(context->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (again < 0 || is_another(context, again)) {
    if (again >= 0)
      (void)close(again);
    return -1;
  }
  if (atomic_compare_exchange_strong_explicit(&context->dir, &dir, again, memory_order_acq_rel,
                                              memory_order_acquire))
    return again;
  (void)close(again); /* another thread was faster */
  return dir;
}

int rill_context_open(const struct rill_context_attr *attr, rill_context **ret_context) {
  struct rill_context_attr known = RILL_CONTEXT_ATTR_INIT;
  int code = attr ? rilli_sized_in("rill_context_attr", attr, &known, sizeof known) : 0;
  if (code)
    return code;
  if (known.reserved0)
    return rilli_fail(EINVAL, "reserved0 of rill_context_attr must be zero");
  rill_context *context = calloc(1, sizeof *context);
  uint32_t *alive = rilli_private_alloc(RILLI_PAGE);
  if (!context || !alive) {
    free(context);
    rilli_private_free(alive, RILLI_PAGE);
    return rilli_fail(ENOMEM, "no memory for a context");
  }
  *alive = 1;
  context->alive = alive;
  atomic_init(&context->references, 1);
  code = prepare(&known, context);
  if (code) {
    rilli_private_free(alive, RILLI_PAGE);
    free(context);
    return code;
  }
  *ret_context = context;
  return 0;
}

int rilli_context_check(const rill_context *context) {
  if (*context->alive)
    return 0;
  return rilli_fail(ECHILD, "this context was opened before fork: open one in the child");
}

void rilli_context_hold(rill_context *context) {
  atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
}

void rill_context_close(rill_context *context) {
  if (!context || !*context->alive ||
      atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1)
    return;
  rilli_link_close(&context->link);
  const int dir = atomic_load_explicit(&context->dir, memory_order_relaxed);
  if (!is_another(context, dir)) /* else it is not ours any more */
    (void)close(dir);
  free(context->path);
  rilli_private_free((void *)(uintptr_t)context->alive, RILLI_PAGE);
  free(context);
}
