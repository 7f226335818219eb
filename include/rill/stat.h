/* SPDX-License-Identifier: MIT */
/* rill/stat.h - what can be seen of a queue from outside, without disturbing it.
 *
 * Everything here is a snapshot of memory that other processes write: each number was true
 * at some moment during the call, but not all of them at the same moment. */
#ifndef RILL_STAT_H
#define RILL_STAT_H

#include "rill/consumer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Which producer the queue has. */
enum {
  RILL_PRODUCER_NONE = 0, /* there has been none yet                         */
  RILL_PRODUCER_ALIVE = 1,
  RILL_PRODUCER_CLOSED = 2, /* it closed normally                              */
  RILL_PRODUCER_DEAD = 3    /* it died; a successor may continue               */
};

struct rill_queue_stat {
  size_t size; /* set by the caller; on return: the bytes that both know (context.h) */
  char name[208];
  char uuid[40];
  uint64_t capacity, max_message, quantum; /* bytes                            */
  uint64_t data_bytes, control_bytes;      /* size of the two segments         */
  uint64_t memory_bytes; /* reserved so far: all of data; of control the common part,
                            and a part for each group of the largest number of
                            groups that existed together                       */
  uint32_t overflow, lifetime;
  uint32_t fence;               /* RILL_FENCE_* the producer uses; 0: none yet      */
  uint32_t producer;            /* RILL_PRODUCER_*                                  */
  uint64_t producer_generation; /* number of producers so far                  */
  int64_t producer_pid;         /* as that process saw its pid; 0: none. For display */
  struct rill_type type;
  uint64_t position, sequence;          /* where the next message goes; its number       */
  uint64_t limit;                       /* the producer's write limit                       */
  uint64_t depth_bytes, depth_messages; /* that the slowest group is behind    */
  uint64_t oldest;                      /* the lowest sequence still to be read             */
  int64_t created;                      /* CLOCK_REALTIME ns                                */
  uint64_t wakes, producer_parks;       /* wake calls by producers; times that one slept */
  uint32_t group_count, max_groups;
  uint32_t removed;        /* not 0: unlinked; only processes that have it open see it */
  uint32_t mode, uid, gid; /* permissions and owner, as in rill_queue_attr      */
  uint32_t limited;        /* not 0: this process has only the right to look, so it cannot
                              probe leases: producer, attached and the groups are as the
                              producer last wrote them; or these are copied files */
  uint32_t reserved0;
  uint32_t waiting;        /* not 0: the producer waits for room               */
  uint32_t attached;       /* not 0: some process has it open                  */
  int64_t producer_opened; /* CLOCK_REALTIME ns when that process became the producer; 0: none.
                              For display                                       */
  uint32_t numa, numa_node, placement; /* as asked for, in rill_queue_attr      */
  uint32_t reserved1;
  int64_t evict_after;              /* ns, as in rill_queue_attr; 0: never               */
  uint64_t evictions;               /* groups evicted so far                            */
  uint32_t max_members, max_claims; /* of a group, as in rill_queue_attr       */
  uint64_t producer_pid_namespace;  /* the namespace of producer_pid: inode number of the
                               process's /proc/self/ns/pid; 0: not known        */
};
#define RILL_QUEUE_STAT_INIT RILL_SIZED(struct rill_queue_stat)

/* Which of the placement that rill_queue_attr asked for was obtained. */
struct rill_placement_stat {
  size_t size;              /* as in rill_queue_stat                             */
  uint32_t numa, numa_node; /* the policy that holds for the ring: RILL_NUMA_*, or
                              RILL_NUMA_OTHER; NONE where the kernel knows no nodes */
  uint32_t pages;           /* pages of the ring that were sampled, evenly spread  */
  uint32_t node_pages[8];   /* how many of them lie on node 0 to 7,             */
  uint32_t elsewhere_pages; /* on a later node,                                */
  uint32_t unknown_pages;   /* and where the kernel does not report the node     */
  uint32_t huge_error;      /* errno with which the creator got no huge pages, or too few;
                               0: got them, or did not ask                       */
  uint64_t data_bytes;      /* of the data segment there are                    */
  uint64_t resident_bytes;  /* touched before and in memory (all, if it is not writable), */
  uint64_t huge_bytes;      /* mapped by huge pages in the queue's read-only mapping, */
  uint64_t locked_bytes;    /* and locked in memory by this process               */
};
#define RILL_PLACEMENT_STAT_INIT RILL_SIZED(struct rill_placement_stat)

enum { RILL_NUMA_OTHER = 4 }; /* a policy that Rill does not set                  */

/* State of a group. */
enum {
  RILL_GROUP_ACTIVE = 1,  /* has a living member                               */
  RILL_GROUP_KEPT = 2,    /* no member, its place is kept                      */
  RILL_GROUP_JOINING = 3, /* a member is joining now                           */
  RILL_GROUP_DEAD = 4,    /* its member died and was not reclaimed yet         */
  RILL_GROUP_VOID = 5,    /* refused by the producer: its cursor was invalid     */
  RILL_GROUP_EVICTED = 6  /* refused by the producer: it held the queue up for longer
                             than evict_after. Both last until its member leaves; for a kept
                             group, until its next member joins                */
};

struct rill_group_stat {
  size_t size;           /* as in rill_queue_stat                            */
  char name[64];         /* "" for a group without a name                   */
  uint32_t index, state; /* state: RILL_GROUP_*                             */
  uint32_t keep;         /* not 0: outlives its member                      */
  uint32_t wait, fence;  /* the member's RILL_ADAPTIVE...; RILL_FENCE_*     */
  uint32_t reserved0;
  int64_t pid;                      /* the member, as it saw its pid; for display      */
  uint64_t position, sequence;      /* next message to release                      */
  uint64_t lag_bytes, lag_messages; /* behind the producer, as published       */
  int64_t lag_age;                  /* ns since its next message was published, to within
                                       capacity/32 of the stream; 0: has read everything */
  uint64_t parks;                   /* times the member slept                          */
  uint64_t lost;          /* messages it lost: overwritten, or because its group was evicted */
  int64_t opened;         /* CLOCK_REALTIME ns when the member joined; for display */
  uint64_t latency_count; /* stamped messages that the latencies describe; 0: none */
  int64_t latency_p50, latency_p99, latency_p999, latency_max; /* ns              */
  uint64_t pid_namespace; /* of pid, as in rill_queue_stat; 0: not known     */
};
#define RILL_GROUP_STAT_INIT RILL_SIZED(struct rill_group_stat)

/* Reports what can be seen of a queue: fills *ret, of which only ret->size is read. Reads
 * shared memory and the leases; writes nothing.
 * Contexts: any thread. Errors: -EINVAL, -EPROTO, -EMFILE, -ECHILD. Since 0.1. */
RILL_API int rill_queue_read_stat(rill_queue *queue, struct rill_queue_stat *ret);

/* Reports where the memory of a queue really lies: fills *ret, of which only ret->size is read.
 * Asks the kernel, page by page: takes milliseconds, more for a ring of many gigabytes; writes
 * nothing.
 * Contexts: any thread. Errors: -EINVAL, -EMFILE, -ENOENT, -EACCES, -EIO (/proc cannot be read),
 * -ECHILD. Since 0.1. */
RILL_API int rill_placement_read_stat(rill_queue *queue, struct rill_placement_stat *ret);

/* Reports the first group with an index of at least *index: fills *ret and sets *index
 * to the next one to ask for.
 * Latencies are those of the present member: from the time that a message carries (its commit if
 * the producer stamps, else rill_meta.time, e.g. when it was due) to the moment in which
 * rill_receive took it. Each message that the member waited for is measured, and one in 16 of
 * those that were there already, which counts as 16. Percentiles are too large by at most 1/8,
 * up to 18 minutes; the maximum of those measured is exact. A message without a time, or
 * with a time in the future, does not count, and a tail measures nothing. After some thousand
 * million messages all counts are halved, so latency_count may fall. A process that may only look
 * sees no latencies.
 * Returns 1, or 0 when there is none left.
 * Contexts: any thread. Errors: as rill_queue_read_stat. Since 0.1. */
RILL_API int rill_group_read_stat(rill_queue *queue, uint32_t *index, struct rill_group_stat *ret);

#ifdef __cplusplus
}
#endif
#endif
