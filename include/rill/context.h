/* SPDX-License-Identifier: MIT */
/* rill/context.h - where queues live, time, and errors in words.
 *
 * A context names a directory of queues (a namespace) and says how this
 * process uses it. Every queue handle is opened from a context. */
#ifndef RILL_CONTEXT_H
#define RILL_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define RILL_API __attribute__((visibility("default")))
#else
#define RILL_API
#endif

/* A struct that begins with its size may get more fields at its end in a later version, so a
 * program and the library that it runs with may know different sizes of it. Initialise it with its
 * macro, which sets the size and zeroes the rest:
 *   struct rill_queue_attr attr = RILL_QUEUE_ATTR_INIT;
 * Input: fields that the program does not know are zero, which is the default; a field that the
 * library does not know must be zero (-E2BIG). Output: fields that the library does not know are
 * zero, and `size` is then the number of bytes that both know: a field is known if it ends within
 * them. A size that was not set is -EINVAL. */
#ifdef __cplusplus
template <class type> inline type rill_sized() {
  type zero = type();
  zero.size = sizeof zero;
  return zero;
}
#define RILL_SIZED(type) rill_sized<type>()
#else
#define RILL_SIZED(type) { .size = sizeof(type) }
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* A point in time: nanoseconds of CLOCK_MONOTONIC, absolute. Every call that
 * may wait takes one, its deadline. */
typedef int64_t rill_time;

#define RILL_NOW 0             /* do not wait: -EAGAIN when it would have to   */
#define RILL_FOREVER INT64_MAX /* no deadline; after any other one: -ETIMEDOUT */

typedef struct rill_context rill_context;

/* How the data path is ordered against a process that goes to sleep. */
enum {
  RILL_FENCE_AUTO = 0,       /* membarrier where the kernel has it, else full    */
  RILL_FENCE_MEMBARRIER = 1, /* the sleeper pays; -ENOSYS if not available       */
  RILL_FENCE_FULL = 2        /* a full fence in each publish and each release    */
};

struct rill_context_attr {
  size_t size;            /* sizeof(struct rill_context_attr)                  */
  const char *name_space; /* NULL: $RILL_NAMESPACE, else "u" and the user id     */
  const char *directory;  /* NULL: $RILL_DIR, else /dev/shm                      */
  uint32_t fence;         /* RILL_FENCE_*; AUTO also reads $RILL_FENCE:
                             "membarrier" or "full"                            */
  uint32_t reserved0;     /* zero                                              */
};
#define RILL_CONTEXT_ATTR_INIT RILL_SIZED(struct rill_context_attr)

/* Opens a namespace of queues; creates its directory if it is not there.
 * attr: may be NULL for the defaults.
 * Ordering: a full barrier. Progress: makes system calls, never waits.
 * Contexts: any thread; the handle may be used by all threads of this process.
 * A child made by fork must open its own: every call on this one returns -ECHILD.
 * Errors: -EINVAL (attributes or names), -E2BIG (attributes of a later version),
 * -EACCES, -EPERM (the directory belongs to another user), -ENOENT (no such directory),
 * -ENOTDIR (a file is in its place), -ENAMETOOLONG (the path of the namespace), -ENOSPC (no room
 * for its directory), -ENOSYS (this kernel does not have that fence), -ENOMEM, -EMFILE.
 * Since 0.1. */
RILL_API int rill_context_open(const struct rill_context_attr *attr,
                               rill_context **ret_context);

/* Drops the caller's reference. Handles that were opened from the context stay valid until they
 * are closed, so handles may be closed in any order. NULL is allowed.
 * Contexts: any thread; in a forked child it does not touch the parent's handle. Since 0.1. */
RILL_API void rill_context_close(rill_context *context);

/* The current time, and the time that many nanoseconds from now (never after
 * RILL_FOREVER; a negative span counts as 0).
 * Progress: wait-free. Contexts: any thread; signal handlers. Since 0.1. */
RILL_API rill_time rill_clock(void);
RILL_API rill_time rill_after(int64_t nanoseconds);

/* Describes in words the last error of this thread: names the queue or file and
 * the remedy; "" if there was none. -EAGAIN and -ETIMEDOUT leave the text as it was.
 * The text stays valid until the thread's next failing call. Contexts: any thread. Since 0.1. */
RILL_API const char *rill_error(void);

#ifdef __cplusplus
}
#endif
#endif
