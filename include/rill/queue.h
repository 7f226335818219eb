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
  RILL_OBSERVE = 4    /* read only: maps read-only, takes no lease, blocks no process;
                         read permission is enough                             */
};

/* What a producer does when the slowest group leaves no room. */
enum {
  RILL_RELIABLE = 0, /* it waits: no message is lost to a group that lives, unless
                        evict_after ends the wait                             */
  RILL_OVERWRITE = 1 /* it never waits: slow readers learn how many they lost   */
};

/* How long a queue exists. */
enum {
  RILL_TRANSIENT = 0, /* while a process has it open; gc removes what is left    */
  RILL_KEPT = 1       /* until rill_queue_unlink (or the host restarts)          */
};

/* Where the memory of a queue comes from, on a host with several NUMA nodes. The policy is set
 * before memory is allocated; the kernel takes another node when that one is full
 * (rill_placement_read_stat reports it). */
enum {
  RILL_NUMA_NONE = 0,       /* wherever the kernel puts it                     */
  RILL_NUMA_LOCAL = 1,      /* the node that its creator runs on                */
  RILL_NUMA_INTERLEAVE = 2, /* page by page from all nodes                      */
  RILL_NUMA_NODE = 3        /* the node numa_node                               */
};

/* Flags of `placement`: what each process does with its mapping of the data. */
enum {
  RILL_NO_PREFAULT = 1, /* pages are mapped when they are touched, not all by producer_open and
                           consumer_open: the first pass over the ring takes faults */
  RILL_MLOCK = 2,       /* each process that opens the queue (unless with RILL_OBSERVE)
                           locks capacity + header in memory, within RLIMIT_MEMLOCK */
  RILL_HUGE = 4,        /* asks for huge pages: needs a capacity of 2 MiB, and takes up to
                           2 MiB more; it is not an error if the kernel gives none */
  RILL_DUMP = 8         /* core dumps may contain it (as coredump_filter says)     */
};

/* A type of message, checked when a process attaches, and only then: a published message may
 * have any size. All zero: any type. */
struct rill_type {
  uint32_t id, size, version, reserved; /* size: bytes of a message, 0: any     */
};

struct rill_queue_attr {
  size_t size;          /* sizeof(struct rill_queue_attr)                      */
  uint64_t capacity;    /* bytes of the ring, rounded up to a power of two, at
                           least 64 KiB; 0: 1 MiB                              */
  uint64_t max_message; /* largest payload in bytes, at most capacity/2 - 400 and
                           at most 4294966896; 0: capacity/8, within both      */
  uint32_t overflow;    /* RILL_RELIABLE, RILL_OVERWRITE                       */
  uint32_t lifetime;    /* RILL_TRANSIENT, RILL_KEPT                           */
  uint32_t max_groups;  /* 1 to 1024; 0: 64                                    */
  uint32_t mode;        /* permissions, as in chmod, for owner, group, others: r (4) to look (ls,
                           stat, tail), w (2) to publish, x (1) to take messages. The
                           right to publish includes the right to take; others may be
                           given the right to look only. 0: 0700                */
  struct rill_type type;
  const char *const *groups; /* groups that exist from the start and are kept: a
                                reliable queue holds every message for them    */
  size_t group_count;
  uint32_t owner, group;    /* user and group id; 0: the creator's                */
  uint32_t numa, numa_node; /* RILL_NUMA_*; the node, for RILL_NUMA_NODE         */
  uint32_t placement;       /* RILL_NO_PREFAULT and so on                          */
  uint32_t reserved0;       /* zero                                                */
  int64_t evict_after;      /* ns: a publish that has waited this long for room evicts the
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
 * attr: NULL means the defaults, or what the existing queue has. A field that is not zero
 *   must agree with the existing queue (-EEXIST), except that a transient queue that no process
 *   has open is replaced. Of placement, each flag that is set must be set there. mode, owner,
 *   group and groups are used at creation only.
 *   evict_after: a publish that has waited this long for room evicts each group that has not
 *   released the messages there; so does one with RILL_NOW that is tried again this long after the
 *   first try that found no room. The member's next release, or its next receive that would
 *   wait, returns -ESTALE; it may close the consumer and open it again. A kept group without a
 *   member is evicted too, but still exists: its next member starts at the oldest message, whose
 *   `lost` is the number of messages missed. Choose evict_after much longer than the longest
 *   pause of a consumer, including a slow start or a debugger.
 * deadline: without RILL_CREATE, waits until the queue exists.
 * Ordering: what the creator did before is visible. Progress: may sleep.
 * Contexts: any thread; the handle may be used by all threads; not after fork.
 * Errors: -EINVAL (name, flags, attributes), -E2BIG (attributes of a later version), -ENOENT (not
 * there, RILL_NOW), -ETIMEDOUT (not there by the deadline), -EBUSY (other processes keep removing
 * it), -EEXIST (there is one already, or it differs), -EACCES, -EPERM (owner or mode is not
 * trusted), -ENOSPC (no memory for it: the text names the size and the remedy), -ENOSYS (numa, in
 * a library without libnuma), -EINPROGRESS (unfinished), -EPROTO (not a Rill segment, or of the
 * other byte order), -EBADMSG (truncated, damaged, or one of its two files is missing),
 * -EPROTONOSUPPORT (another version), -EPROTOTYPE (another message type), -EMFILE, -ENOMEM
 * (RLIMIT_MEMLOCK too), -EINTR, -ECHILD. Since 0.1. */
RILL_API int rill_queue_open(rill_context *context, const char *name, unsigned flags,
                             const struct rill_queue_attr *attr, rill_time deadline,
                             rill_queue **ret_queue);

/* Opens a copied pair of segment files by their paths, to read it as with RILL_OBSERVE:
 * rill_queue_read_stat, rill_group_read_stat, and a consumer with RILL_TAIL. Which processes
 * are alive is not known for copies: `limited` is set, producer and members are shown as they last
 * wrote, and ages count from the last checkpoint that was copied. If the queue is in use, copy the
 * control file first: groups then seem to be behind rather than ahead. If the ring was overwritten
 * while it was copied, calls that read it return -EPROTO.
 * Takes no locks, writes nothing. Progress: does not wait. Contexts: any thread.
 * Errors: -EINVAL (a path is NULL or empty), -ENOENT (no such file), -ENOTDIR or
 * -ENAMETOOLONG (in a path), -EACCES, -EPERM (owner or mode is not trusted), -EINPROGRESS
 * (unfinished), -EPROTO (not a Rill segment, or of the other byte order), -EBADMSG (truncated,
 * damaged, or not of one queue), -EPROTONOSUPPORT (another version), -EMFILE, -ENOMEM, -ECHILD.
 * Since 0.1. */
RILL_API int rill_queue_open_files(rill_context *context, const char *control_path,
                                   const char *data_path, rill_queue **ret_queue);

/* Drops the caller's reference; producers and consumers of the queue stay valid.
 * NULL is allowed.
 * Contexts: any thread; in a forked child it does not touch the parent's handle. Since 0.1. */
RILL_API void rill_queue_close(rill_queue *queue);

/* Removes a queue: its name is free immediately; a process that has it open gets -ESTALE from
 * its next call that checks (a wait, a full ring, an empty poll); its memory is freed
 * when the last such process closes it. A queue that cannot be opened (a file missing, damaged)
 * is removed too.
 * Contexts: any thread.
 * Errors: -EINVAL, -ENOENT, -EACCES, -EPERM, -EBUSY (a stopped process holds a lock on it),
 * -ECHILD. Since 0.1. */
RILL_API int rill_queue_unlink(rill_context *context, const char *name);

/* Removes a group that has no member, usually a kept one: the queue no longer holds messages
 * for it.
 * Contexts: any thread.
 * Errors: -EINVAL, -ENOENT (no such group), -EBUSY (it has a living member), -EPERM
 * (queue opened with RILL_OBSERVE), -ESTALE, -EACCES, -EMFILE, -ECHILD. Since 0.1. */
RILL_API int rill_group_unlink(rill_queue *queue, const char *group);

/* Calls visit(name, arg) for each queue whose name matches pattern (fnmatch(3);
 * '*' matches '/' as well; NULL: all), in the order of their names.
 * If visit returns anything but 0, the listing ends and returns that value.
 * Returns the number of queues visited; files that belong to no queue are skipped.
 * Contexts: any thread. Errors: -EACCES, -ENOMEM, -ECHILD. Since 0.1. */
RILL_API int rill_queue_list(rill_context *context, const char *pattern,
                             int (*visit)(const char *name, void *arg), void *arg);

/* What rill_queue_gc found out about one queue or file. */
struct rill_gc_item {
  size_t size;      /* bytes that the library knows                          */
  const char *name; /* of the queue; of the file, where no queue is left     */
  const char *what; /* in words: "dead consumer", ...                        */
  uint64_t bytes;   /* given back (or to be given back); 0: none             */
};

enum { RILL_GC_DRY_RUN = 1 };

/* Reclaims what dead processes left in the namespace: transient queues that no process
 * has open, queues with one of their two files, unfinished files, dead consumers. report may be
 * NULL.
 * Returns how many things were (with RILL_GC_DRY_RUN: would be) reclaimed.
 * Contexts: any process, at any time, any number of them in parallel. Errors: -EINVAL,
 * -EACCES, -ENOMEM, -ECHILD. Since 0.1. */
RILL_API int rill_queue_gc(rill_context *context, unsigned flags,
                           void (*report)(const struct rill_gc_item *, void *arg), void *arg);

#ifdef __cplusplus
}
#endif
#endif
