/* SPDX-License-Identifier: MIT */
/* rill/queue.h - create, open, list and remove queues by name. */
#ifndef RILL_QUEUE_H
#define RILL_QUEUE_H

#include "rill/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rill_queue rill_queue;

/* Flags of rill_queue_open. */
enum {
  RILL_CREATE = 1,    /* make it if it does not exist                           */
  RILL_EXCLUSIVE = 2, /* with CREATE: -EEXIST if it does                        */
  RILL_OBSERVE = 4    /* look only: maps read-only, takes no lease, blocks nobody;
                         the right to look suffices                            */
};

/* What a producer does when the slowest group leaves no room. */
enum {
  RILL_RELIABLE = 0, /* it waits: no message is lost to a group that lives, unless
                        evict_after ends the wait                             */
  RILL_OVERWRITE = 1 /* it never waits: slow readers learn what they lost       */
};

/* How long a queue exists. */
enum {
  RILL_TRANSIENT = 0, /* while a process has it open; gc removes what is left    */
  RILL_KEPT = 1       /* until rill_queue_unlink (or the host restarts)          */
};

/* Where the memory of a queue comes from, on a host with several NUMA nodes. Set before there is
 * any; the kernel takes another node when that one is full (rill_placement_read_stat says). */
enum {
  RILL_NUMA_NONE = 0,       /* wherever the kernel puts it                     */
  RILL_NUMA_LOCAL = 1,      /* the node that its creator runs on                */
  RILL_NUMA_INTERLEAVE = 2, /* page by page from all nodes                      */
  RILL_NUMA_NODE = 3        /* the node numa_node                               */
};

/* Flags of `placement`: what each process does with its mapping of the data. */
enum {
  RILL_NO_PREFAULT = 1, /* pages are mapped as they are touched, not all by producer_open
                           and consumer_open: the first round of the ring faults  */
  RILL_MLOCK = 2,       /* each process that opens the queue (unless with RILL_OBSERVE)
                           locks capacity + header in memory, within RLIMIT_MEMLOCK */
  RILL_HUGE = 4,        /* asks for huge pages: needs a capacity of 2 MiB, and takes up to
                           2 MiB more; that the kernel gives none is no error     */
  RILL_DUMP = 8         /* core dumps may contain it (as coredump_filter says)     */
};

/* A type of message, checked when somebody attaches, and only then: a publish may have
 * any size. All zero: any. */
struct rill_type {
  uint32_t id, size, version, reserved; /* size: bytes of a message, 0: any     */
};

struct rill_queue_attr {
  size_t size;          /* sizeof(struct rill_queue_attr)                      */
  uint64_t capacity;    /* bytes of the ring, rounded up to a power of two, at
                           least 64 KiB; 0: 1 MiB                              */
  uint64_t max_message; /* largest payload in bytes, at most capacity/2 - 400, and
                           4294966896; 0: capacity/8, or that                  */
  uint32_t overflow;    /* RILL_RELIABLE, RILL_OVERWRITE                       */
  uint32_t lifetime;    /* RILL_TRANSIENT, RILL_KEPT                           */
  uint32_t max_groups;  /* 1 to 1024; 0: 64                                    */
  uint32_t mode;        /* who may do what, as in chmod: r (4) look (ls, stat, tail), w (2)
                           publish, x (1) take messages; owner, group, others. Who may
                           publish may take; others may only look. 0: 0700      */
  struct rill_type type;
  const char *const *groups; /* groups that exist from the start and are kept: a
                                reliable queue holds every message for them    */
  size_t group_count;
  uint32_t owner, group;    /* user and group id; 0: the creator's                */
  uint32_t numa, numa_node; /* RILL_NUMA_*; the node, for RILL_NUMA_NODE         */
  uint32_t placement;       /* RILL_NO_PREFAULT and so on                          */
  uint32_t reserved0;       /* zero                                                */
  int64_t evict_after;      /* ns: a publish that has waited for room so long evicts the
                               groups that hold it up (reliable queues only); 0: never */
  uint32_t max_members;     /* room for members of one group, 1 to 1024; 0: 1. In this
                               version a group has one                             */
  uint32_t max_claims;      /* room for messages that members of one group have claimed,
                               0 to 1048575: at least max_members, if that is more than
                               1; takes no memory before it is used                */
};
#define RILL_QUEUE_ATTR_INIT RILL_SIZED(struct rill_queue_attr)

/* Opens a queue; with RILL_CREATE makes it first if need be.
 * name: words of [A-Za-z0-9._-] joined by '/', at most 200 bytes.
 * attr: NULL takes the defaults, or whatever the existing queue has. A field
 *   that is not zero must agree with the existing queue (-EEXIST), except that a
 *   transient queue nobody has open is replaced; of placement, each flag. mode, owner,
 *   group and groups count at creation only.
 *   evict_after: a publish that has waited so long for room evicts each group that has not
 *   released what lies there; with RILL_NOW, when it is tried again so long after the first try
 *   that found none. The member's next release, or receive that would wait, returns -ESTALE;
 *   it may close the consumer and open it again. A kept group without a member is evicted
 *   too, and stays: its next member begins at the oldest message, and is told in `lost` how
 *   many it missed. Choose it well above the longest pause of a consumer, a slow start or a
 *   debugger included.
 * deadline: without RILL_CREATE, waits until the queue exists.
 * Ordering: what the creator did before is visible. Progress: may sleep.
 * Contexts: any thread; the handle may be used by all threads; not after fork.
 * Errors: -EINVAL (name, flags, attributes), -E2BIG (attributes of a later version), -ENOENT (not
 * there, RILL_NOW), -ETIMEDOUT (not there by the deadline), -EBUSY (others keep removing it),
 * -EEXIST (there is one already, or it differs), -EACCES, -EPERM (owner or mode is not trusted),
 * -ENOSPC (no memory for it: the text names size and remedy), -ENOSYS (numa, in a library without
 * libnuma), -EINPROGRESS (unfinished), -EPROTO (foreign bytes, other byte order), -EBADMSG
 * (truncated, damaged or half), -EPROTONOSUPPORT (another version), -EPROTOTYPE
 * (another message type), -EMFILE, -ENOMEM (RLIMIT_MEMLOCK too), -EINTR, -ECHILD. Since 0.1. */
RILL_API int rill_queue_open(rill_context *context, const char *name, unsigned flags,
                             const struct rill_queue_attr *attr, rill_time deadline,
                             rill_queue **ret_queue);

/* Opens a copied pair of segment files by their paths, to look at it as with RILL_OBSERVE:
 * rill_queue_read_stat, rill_group_read_stat, and a consumer with RILL_TAIL. Which processes
 * live is not known of copies: `limited` is set, producer and members are as they last wrote, and
 * ages count from the last checkpoint that was copied. Of a queue in use, copy the control
 * file first: groups then seem to be behind rather than ahead. A ring that was overwritten
 * while it was copied is -EPROTO when it is looked at.
 * Takes no locks, writes nothing. Progress: does not wait. Contexts: any thread.
 * Errors: -EINVAL (a path is NULL or empty), -ENOENT (no such file), -ENOTDIR or
 * -ENAMETOOLONG (in a path), -EACCES, -EPERM (owner or mode is not trusted), -EINPROGRESS
 * (unfinished), -EPROTO (foreign bytes, other byte order), -EBADMSG (truncated, damaged, or
 * not of one queue), -EPROTONOSUPPORT (another version), -EMFILE, -ENOMEM, -ECHILD.
 * Since 0.1. */
RILL_API int rill_queue_open_files(rill_context *context, const char *control_path,
                                   const char *data_path, rill_queue **ret_queue);

/* Drops the caller's reference; producers and consumers of the queue live on.
 * NULL is allowed.
 * Contexts: any thread; in a forked child it leaves the parent's alone. Since 0.1. */
RILL_API void rill_queue_close(rill_queue *queue);

/* Removes a queue: its name is free at once, whoever has it open gets -ESTALE from
 * the next call that looks (a wait, a full ring, an empty poll), its memory goes
 * with the last of them. What cannot be opened (half, damaged) is removed too.
 * Contexts: any thread.
 * Errors: -EINVAL, -ENOENT, -EACCES, -EPERM, -EBUSY (a process that is just looking at it
 * is stopped), -ECHILD. Since 0.1. */
RILL_API int rill_queue_unlink(rill_context *context, const char *name);

/* Removes a group that has no member, a kept one above all: the queue holds no messages
 * for it any longer.
 * Contexts: any thread.
 * Errors: -EINVAL, -ENOENT (no such group), -EBUSY (it has a living member), -EPERM
 * (queue opened with RILL_OBSERVE), -ESTALE, -EACCES, -EMFILE, -ECHILD. Since 0.1. */
RILL_API int rill_group_unlink(rill_queue *queue, const char *group);

/* Calls visit(name, arg) for each queue whose name matches pattern (fnmatch(3);
 * '*' matches '/' as well; NULL: all), in the order of their names.
 * A visit that returns other than 0 ends it, and is returned.
 * Returns the number of queues visited; files that are no queue's are passed over.
 * Contexts: any thread. Errors: -EACCES, -ENOMEM, -ECHILD. Since 0.1. */
RILL_API int rill_queue_list(rill_context *context, const char *pattern,
                             int (*visit)(const char *name, void *arg), void *arg);

/* What rill_queue_gc found of one queue or file. */
struct rill_gc_item {
  size_t size;      /* what the library knows                                */
  const char *name; /* of the queue; of the file, where no queue is left     */
  const char *what; /* in words: "queue nobody has open", "dead consumer", ... */
  uint64_t bytes;   /* given back (or to be given back); 0: none             */
};

enum { RILL_GC_DRY_RUN = 1 };

/* Reclaims what dead processes left in the namespace: transient queues that nobody
 * has open, halves, unfinished files, dead consumers. report may be NULL.
 * Returns how many things were (with RILL_GC_DRY_RUN: would be) reclaimed.
 * Contexts: any process, at any time, any number at once. Errors: -EINVAL,
 * -EACCES, -ENOMEM, -ECHILD. Since 0.1. */
RILL_API int rill_queue_gc(rill_context *context, unsigned flags,
                           void (*report)(const struct rill_gc_item *, void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
