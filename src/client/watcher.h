/* SPDX-License-Identifier: MIT */
/* watcher.h - the parts of rill_watch: what is known of the namespace, and its sources.
 *
 * watch.c waits, talks to the registry and serves the caller; watch_names.c knows the names, by
 * inotify and by reading the directory; watch_roles.c probes queues where there is no registry.
 * All of them put events at the end of one list. Used by one thread at a time. */
#ifndef RILLI_WATCHER_H
#define RILLI_WATCHER_H

#include "client.h"
#include "descriptor.h"
#include "rill/watch.h"

#define RILLI_PROBES 64u /* queues probed a second                                   */

struct rilli_roles; /* what the last probe found: watch_roles.c                       */

/* A queue that was reported as there, or was there from the beginning. */
struct rilli_known {
  char *name;
  uint64_t inode;            /* of its control file; 0: it was removed before it was read */
  struct rilli_roles *roles; /* NULL: not probed yet                                  */
  int fresh;                 /* it appeared while being watched: no role was missed   */
  int closed;                /* this user may not read its leases: it is not probed   */
};

struct rill_watch {
  rill_context *context;
  char *pattern; /* NULL: all                                                        */
  int wake;      /* an eventfd: interrupted                                          */
  int changes;   /* inotify; -1: the directory is read once a second                 */
  int registry;  /* a socket; -1: none                                               */
  struct rilli_file_id wake_id, changes_id, registry_id;
  uint32_t source;
  int64_t next_round; /* CLOCK_MONOTONIC: of the work that is done once a second   */
  int gone;           /* the directory was removed                                   */
  int cancel_state;   /* of the calling thread, which may be cancelled in poll(2) alone */

  struct rill_event *events; /* still to be taken: [first, last)                      */
  size_t first, last, room;
  uint64_t lost; /* events missed before the next one that is put                     */

  struct rilli_known *known; /* in the order of names                                 */
  size_t known_count, known_room;
  size_t next_probe;             /* an index in known                                            */
  int rescan;                    /* the directory must be read again                             */
  size_t overlap;                /* bytes of inotify events that were there when it was read last */
  _Alignas(8) char buffer[4096]; /* of inotify events: [at, end) are not applied yet    */
  size_t at, end;
};

/* watch.c: makes room for that many more events, or -ENOMEM; then they can be put. */
int rilli_watch_room(struct rill_watch *watch, size_t count);
/* Puts an event with its time and source; the caller fills in the rest. */
struct rill_event *rilli_watch_put(struct rill_watch *watch, uint32_t what, const char *queue);
/* Puts a RILL_EVENT_SOURCE, for which there is room. Known roles of another source are forgotten.
 */
void rilli_watch_source(struct rill_watch *watch, uint32_t source);

/* watch_names.c. If applying a change fails after it was read from inotify, `rescan` and `lost` are
 * set. */
void rilli_names_open(struct rill_watch *watch); /* inotify, if the kernel allows it       */
/* Reads the directory. Reports what has changed; silent: only notes it. 0 or -errno. */
int rilli_names_scan(struct rill_watch *watch, int silent);
/* Applies the next change that inotify has: 1, 0 (there is none), or a negative errno. */
int rilli_names_step(struct rill_watch *watch);
/* Does the queue exist, and is it the known one? Reports what has changed. 0 or -errno. */
int rilli_names_check(struct rill_watch *watch, const char *name);
struct rilli_known *rilli_names_find(const struct rill_watch *watch, const char *name);
int rilli_names_match(const struct rill_watch *watch, const char *name);
/* The directory is gone: so are all queues. 0 or -ENOMEM. */
int rilli_names_all_gone(struct rill_watch *watch);
void rilli_names_close(struct rill_watch *watch);

/* watch_roles.c: probes the next queues in turn. 0 or -ENOMEM. */
int rilli_roles_probe(struct rill_watch *watch);
void rilli_roles_forget(struct rill_watch *watch); /* the source has changed              */

#endif
