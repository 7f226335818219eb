/* SPDX-License-Identifier: MIT */
/* list.c - the queues of a context's namespace: listing them, removing one, collecting what no
 * process uses any more. The work is done by the store. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "client.h"
#include "error.h"
#include "gc.h"
#include "registry_lock.h"
#include "unlink.h"

int rill_queue_list(rill_context *context, const char *pattern,
                    int (*visit)(const char *name, void *arg), void *arg) {
  const int code = rilli_context_check(context);
  return code ? code : rilli_list(rilli_context_dir(context), pattern, visit, arg);
}

int rill_queue_unlink(rill_context *context, const char *name) {
  int code = rilli_context_check(context);
  if (code == 0)
    code = rilli_name_check(name);
  return code ? code : rilli_unlink(rilli_context_dir(context), name);
}

/* The socket and the lock file of a registry that was killed; a live registry holds the lock. */
static void collect_registry(struct rilli_collection *gc) {
  if (faccessat(gc->dir, RILLI_SOCKET_FILE, F_OK, AT_SYMLINK_NOFOLLOW) != 0 &&
      faccessat(gc->dir, RILLI_LOCK_FILE, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
    return;
  const int lock = rilli_registry_claim(gc->dir, !gc->dry);
  if (lock < 0 && lock != -ENOENT)
    return;
  if (!rilli_registry_listens(gc->dir)) { /* its lock may be held by a registry that is starting */
    if (!gc->dry) {
      (void)unlinkat(gc->dir, RILLI_SOCKET_FILE, 0);
      (void)unlinkat(gc->dir, RILLI_LOCK_FILE, 0);
    }
    rilli_found(gc, RILLI_SOCKET_FILE, "socket and lock file of a dead registry", 0);
  }
  if (lock >= 0)
    rilli_registry_unclaim(lock);
}

int rill_queue_gc(rill_context *context, unsigned flags,
                  void (*report)(const struct rill_gc_item *, void *arg), void *arg) {
  int code = rilli_context_check(context);
  if (code)
    return code;
  if (flags & ~(unsigned)RILL_GC_DRY_RUN)
    return rilli_fail(EINVAL, "unknown flags %x for rill_queue_gc", flags);
  struct rilli_collection gc = {rilli_context_dir(context), flags & RILL_GC_DRY_RUN, report, arg,
                                0};
  code = rilli_collect(&gc, 0);
  if (code)
    return code;
  collect_registry(&gc);
  return gc.count;
}
