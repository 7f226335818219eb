/* SPDX-License-Identifier: MIT */
/* rill/watch.h - what happens to the queues of a namespace, as it happens.
 *
 * Names come from the namespace's directory, so queues that appear and are removed are reported
 * with or without a registry. What processes do to them comes from the registry (rilld) where one
 * runs, as it happens; else from the queues themselves, which are probed once a second. */
#ifndef RILL_WATCH_H
#define RILL_WATCH_H

#include "rill/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_watch rill_watch;

/* What an event says. */
enum {
  RILL_EVENT_APPEARED = 1,  /* the queue was created                             */
  RILL_EVENT_REMOVED = 2,   /* the queue was removed                             */
  RILL_EVENT_ATTACHED = 3,  /* a process took the role                           */
  RILL_EVENT_DETACHED = 4,  /* it gave up the role                               */
  RILL_EVENT_DIED = 5,      /* its process died, or called exec                  */
  RILL_EVENT_RECLAIMED = 6, /* the place of a dead consumer was freed, or is kept
                               without a member                                 */
  RILL_EVENT_SOURCE = 7     /* from here on roles are reported by `source`. The first
                               event of a watcher; sent again when the registry starts
                               or ends, and when events were missed: see `lost`  */
};

/* What a process is to a queue. */
enum {
  RILL_ROLE_OPEN = 0, /* has it open: reported by a registry only          */
  RILL_ROLE_PRODUCER = 1,
  RILL_ROLE_CONSUMER = 2 /* a member of a group; not a tail                   */
};

/* Where the events of roles come from. */
enum {
  RILL_SOURCE_REGISTRY = 1, /* each one, as it happens                           */
  RILL_SOURCE_DIRECTORY = 2 /* queues are probed, each once a second, or less often
                               if there are more than 64: what begins and ends
                               between two probes is not seen, and a process that died
                               and was reclaimed in between is reported as detached */
};

/* Flags of a watcher. */
enum {
  RILL_WATCH_EXISTING = 1 /* begin with a RILL_EVENT_APPEARED for each queue that
                             exists already                                    */
};

#define RILL_LOST_UNKNOWN UINT64_MAX /* of rill_event.lost: it is not known how many */

struct rill_watch_attr {
  size_t size;        /* sizeof(struct rill_watch_attr)                    */
  uint32_t flags;     /* RILL_WATCH_EXISTING                               */
  uint32_t reserved0; /* zero                                              */
};
#define RILL_WATCH_ATTR_INIT RILL_SIZED(struct rill_watch_attr)

/* Fields that an event has no value for are zero. */
struct rill_event {
  size_t size;     /* sizeof(struct rill_event), set by the caller      */
  uint32_t what;   /* RILL_EVENT_*                                      */
  uint32_t source; /* RILL_SOURCE_*: where roles come from now          */
  uint32_t role;   /* RILL_ROLE_*, from RILL_EVENT_ATTACHED to _RECLAIMED */
  uint32_t group;  /* index of a consumer's group, as in rill_group_stat */
  uint32_t slot;   /* the member's place in the group; 0 in a solo group */
  uint32_t reserved0;
  int64_t pid;     /* of the process, for display; 0: not known         */
  int64_t time;    /* CLOCK_REALTIME ns, for display                    */
  int64_t after;   /* ns from the end of the process to the event; 0: not
                      known                                             */
  uint64_t lost;   /* events that this watcher missed just before this one, at
                      most; RILL_LOST_UNKNOWN: perhaps some             */
  char queue[208]; /* its name; "" for RILL_EVENT_SOURCE                */
};
#define RILL_EVENT_INIT RILL_SIZED(struct rill_event)

/* Begins to watch the queues of a namespace. What happens after it has returned is reported;
 * a queue that exists already is not, unless RILL_WATCH_EXISTING is given.
 * pattern: names to watch, as for rill_queue_list (NULL: all).
 * attr: may be NULL for the defaults.
 * All queues of the namespace are reported. Their roles are reported by a registry if the caller
 * may read the queue, and by probing if it may take from it or publish to it. A watcher changes
 * nothing, and no queue or process depends on it. It holds up to three descriptors. If the kernel
 * refuses inotify, the directory is read once a second.
 * Progress: system calls, reads the directory, probes up to 64 queues; waits at most a second for
 *   the answer of a registry, if there is one.
 * Contexts: any thread; not after fork.
 * Errors: -EINVAL (attributes), -ENOENT (the directory of the namespace is gone), -EACCES,
 * -ENOMEM, -EMFILE, -ECHILD. Since 0.1. */
RILL_API int rill_watch_open(rill_context *context, const char *pattern,
                             const struct rill_watch_attr *attr, rill_watch **ret_watch);

/* Takes the next event: fills *ret_event, of which only the size is read. The first event is a
 * RILL_EVENT_SOURCE, without lost events.
 * For each name, appearing and being removed alternate, even if the registry starts or ends. If
 * the kernel or the registry could not keep all events for a slow watcher, `lost` says so, and
 * the directory is compared with what was reported. When a registry ends or starts, a
 * RILL_EVENT_SOURCE says so, and that events of roles may have been missed: then
 * rill_queue_read_stat and rill_group_read_stat have the state.
 * Progress: waits until the deadline; wakes up once a second unless a registry and inotify are
 *   there.
 * Contexts: one thread at a time per watcher, except rill_watch_interrupt; not after fork. If
 *   a thread is cancelled while it waits, the watcher stays usable.
 * Errors: -EINVAL (ret_event->size), -EAGAIN (no event is there, RILL_NOW), -ETIMEDOUT, -ECANCELED
 * (by rill_watch_interrupt), -EINTR, -ENOENT (the directory of the namespace was removed, and all
 * its queues are reported as removed), -EBADF (its descriptors were closed), -EACCES, -ENOMEM,
 * -EMFILE, -ECHILD. After -EACCES, -ENOMEM or -EMFILE call again: what was not reported yet will
 * be reported. Since 0.1. */
RILL_API int rill_watch_next(rill_watch *watch, rill_time deadline, struct rill_event *ret_event);

/* Interrupts a watcher: a waiting rill_watch_next, or else its next one that finds no event,
 * returns -ECANCELED.
 * Contexts: any thread; signal handlers. Errors: -ECHILD. Since 0.1. */
RILL_API int rill_watch_interrupt(rill_watch *watch);

/* Ends watching. NULL is allowed.
 * Contexts: any thread; in a forked child it does not touch the parent's handle. Since 0.1. */
RILL_API void rill_watch_close(rill_watch *watch);

#ifdef __cplusplus
}
#endif
#endif
