/* SPDX-License-Identifier: MIT */
/* layout.h - everything that lies in shared memory, and nothing else.
 *
 * A queue is two segments: `data` (the producer writes, consumers map it read-only)
 * and `control` (leases, hints, and a page set for each group; only the pages of it that
 * were ever needed take memory). All types are of fixed width;
 * no pointer, enum or bit-field; each writer has cache lines of its own, 128
 * bytes apart. What another process may write is read once and checked before use
 * (check.h). Ordering edges E1... are listed in ORDERING.md.
 *
 * What planned features need, and where it will lie: PROTOCOL.md, "The format's plan".
 * Nothing is laid out here before the code that uses it; feature words say which features
 * the library that opens a file must know. */
#ifndef RILLI_LAYOUT_H
#define RILLI_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define RILLI_PAGE 4096u
#define RILLI_ALIGN 65536u /* of the ring, its capacity, and page sets */
#define RILLI_LINE 128u    /* one writer: two cache lines (prefetch pairs) */
#define RILLI_FRAME_ALIGN 16u
#define RILLI_QUANTA 32u /* the write limit moves in capacity/32      */
#define RILLI_INDEX_COUNT 128u
#define RILLI_BELLS 64u
#define RILLI_HUGE_PAGE (UINT64_C(1) << 21)
#define RILLI_MIN_CAPACITY 65536u
#define RILLI_MAX_CAPACITY (UINT64_C(1) << 40)
#define RILLI_MAX_GROUPS 1024u
#define RILLI_MAX_MEMBERS 1024u                    /* of a group */
#define RILLI_MAX_CLAIMS ((UINT32_C(1) << 20) - 1) /* of a group */
#define RILLI_NAME_SIZE 208u                       /* 200 bytes of name, and NULs               */
#define RILLI_GROUP_NAME_SIZE 64u

#define RILLI_DATA_MAGIC UINT64_C(0x01444154414c4952) /* "RILATAD\1" in memory   */
#define RILLI_CONTROL_MAGIC UINT64_C(0x014c5443544c4952)
#define RILLI_BYTE_ORDER UINT32_C(0x01020304)
#define RILLI_FORMAT 1u

/* --- frames ---------------------------------------------------------------- */

/* Word 0, the commit word: 0 means "not there yet". */
/*   bits  0-31  length in bytes of header, blocks, key and payload (>= 16)      */
/*   bits 32-39  key length                                                     */
/*   bits 40-47  flags                                                          */
/*   bits 48-63  low 16 bits of the sequence                                    */
/* Word 1: the sequence. The next frame begins at the length rounded up to 16.   */
/* Behind the header: a block of 16 bytes for each flag that needs bytes, in the  */
/* order of the flags' bits; the key, rounded up to 16; the payload, to the end.  */
/* What a frame needs: rilli_head() and rilli_most_message() in frame.h.         */
#define RILLI_FRAME_HEADER 16u
#define RILLI_FRAME_BLOCK 16u
#define RILLI_FLAG_META 0x01u /* block: struct rilli_meta_block                 */
#define RILLI_FLAG_SKIP 0x02u /* no message: has no sequence of its own, repeats the next one's */
#define RILLI_FLAGS_KNOWN 0x03u
#define RILLI_FLAGS_WITH_BLOCK (RILLI_FLAG_META)
#define RILLI_FLAG_BITS 8u
#define RILLI_KEY_MOST 255u

struct rilli_meta_block {
  int64_t time;  /* CLOCK_MONOTONIC ns; 0: none                                   */
  uint32_t type; /* for the application's use                                  */
  uint32_t zero;
};
_Static_assert(sizeof(struct rilli_meta_block) == RILLI_FRAME_BLOCK, "a block");

/* --- data segment ----------------------------------------------------------- */

/* Offset 0. Written by the creator, sealed by `magic` (E9); constant from then on. */
struct rilli_identity {
  _Atomic uint64_t magic; /* RILLI_DATA_MAGIC; stored last, with release          */
  uint32_t byte_order;
  uint32_t format;
  uint8_t uuid[16];      /* the same in both segments                          */
  uint64_t compatible;   /* feature bits: an unknown one may be ignored,        */
  uint64_t read_only;    /* ... forbids writing,                               */
  uint64_t incompatible; /* ... forbids opening                                */
  uint64_t file_size;
  uint64_t producer_offset;
  uint64_t view_offset; /* struct rilli_view, one a group                     */
  uint64_t index_offset;
  uint64_t ring_offset;
  uint64_t capacity;
  uint64_t quantum;
  uint64_t max_message;
  uint64_t base_position; /* where the first frame lies                         */
  uint64_t base_sequence; /* its number                                         */
  uint32_t producer_size, view_stride, view_count, index_stride, index_count, bells;
  uint32_t overflow, lifetime, max_groups, max_members;
  uint32_t type_id, type_size, type_version;
  uint32_t placement;  /* RILLI_PLACE_* bits                                 */
  int64_t created;     /* CLOCK_REALTIME ns                                  */
  uint8_t boot_id[16]; /* of the host when the queue was made                */
  char name[RILLI_NAME_SIZE];
  uint32_t numa, numa_node; /* RILLI_NUMA_*: what was asked for; the node of _NODE */
  uint32_t huge_error;      /* errno with which the creator got no huge pages; 0: none */
  uint32_t max_claims;      /* of a group                                            */
  int64_t evict_after;      /* ns for which a group may hold a publish up; 0: no limit   */
  uint64_t reserved[29];
  uint64_t checksum; /* of all bytes behind magic and before this           */
};
_Static_assert(sizeof(struct rilli_identity) <= RILLI_PAGE, "one page");
_Static_assert(offsetof(struct rilli_identity, checksum) % 8 == 0, "aligned");

/* Bits of `placement`: what each process does with its mapping of the data segment. */
#define RILLI_PLACE_NO_PREFAULT 1u
#define RILLI_PLACE_LOCK 2u
#define RILLI_PLACE_HUGE 4u /* ring_offset and capacity are multiples of 2 MiB     */
#define RILLI_PLACE_DUMP 8u
#define RILLI_PLACE_KNOWN 15u

/* `numa`: where the creator asked for the memory. */
#define RILLI_NUMA_NONE 0u
#define RILLI_NUMA_LOCAL 1u
#define RILLI_NUMA_INTERLEAVE 2u
#define RILLI_NUMA_NODE 3u
#define RILLI_NUMA_NODES 1024u

#define RILLI_NONE UINT64_C(1) /* no position: positions are multiples of 16      */

#define RILLI_REFUSED ((UINT64_C(1) << 63) + 3) /* `gate` of a refused group: far away */

#define RILLI_SPINS UINT64_C(2) /* `waiting`: publish each cursor; the producer does not sleep */

/* Producer states. */
#define RILLI_PRODUCER_NEVER 0u
#define RILLI_PRODUCER_LIVE 1u
#define RILLI_PRODUCER_CLOSED 2u

/* Written by the producer alone (its lease's holder). */
struct rilli_producer_page {
  /* Once a quantum: read by joiners, and by overwrite readers at each message. */
  _Alignas(RILLI_LINE) _Atomic uint64_t limit; /* W: frames lie below; only grows (E3, E4) */
  _Atomic uint64_t index_head;                 /* entries ever written to the index (E8)         */

  /* When it starts or stops waiting for room: read at each release. */
  _Alignas(RILLI_LINE) _Atomic uint64_t waiting; /* cursor it needs, NONE or SPINS (E7) */

  /* When it opens or closes. */
  _Alignas(RILLI_LINE) _Atomic uint32_t state; /* RILLI_PRODUCER_*; also a futex (E15) */
  _Atomic uint32_t fence;                      /* RILL_FENCE_MEMBARRIER or _FULL                 */
  _Atomic uint64_t generation;                 /* counts producers                              */
  _Atomic int64_t pid;                         /* for display only, as the next two           */
  _Atomic int64_t opened;                      /* CLOCK_REALTIME ns                            */
  _Atomic uint64_t pid_namespace;              /* inode of /proc/self/ns/pid; 0: not known     */

  /* When it wakes or parks: counters, for display only. */
  _Alignas(RILLI_LINE) _Atomic uint64_t wakes;
  _Atomic uint64_t parks;
  _Atomic uint64_t evictions;

  /* Futex words, incremented before a wake-up (E6). Bell 0 is for all solo groups. */
  _Alignas(RILLI_LINE) _Atomic uint32_t bell[RILLI_BELLS];
};
_Static_assert(sizeof(struct rilli_producer_page) <= RILLI_PAGE, "one page");

/* What the producer last saw of a group; only the producer writes it. void_state refuses a tenancy
 * by its generation, whatever its state is then: JOINING, ACTIVE or KEPT. */
struct rilli_view {
  _Atomic uint64_t void_state; /* state word of a tenancy it refuses; 0: none (E14) */
  _Atomic uint64_t gate;       /* the cursor at its last scan, REFUSED; NONE: no group */
  _Atomic uint64_t gate_state; /* the state word that gate belongs to (E16)       */
  _Atomic uint64_t void_why;   /* RILLI_VOID_*; of void_state                     */
  uint64_t reserved[4];
  _Atomic uint64_t name[RILLI_GROUP_NAME_SIZE / 8]; /* for processes that may only look */
};
_Static_assert(sizeof(struct rilli_view) == 128, "one line");

#define RILLI_VOID_INVALID 0u /* its cursor was invalid                               */
#define RILLI_VOID_EVICTED 1u /* it held the queue up for longer than evict_after  */

/* Pushed before the write limit is raised (E8), or after a batch for places inside it: a
 * frame begins (or will begin) at `position`. At most two entries per quantum, so the index
 * covers the ring. Entry n lies in slot n % RILLI_INDEX_COUNT. The newest entry is the checkpoint
 * from which a successor walks. */
struct rilli_index {
  _Atomic uint64_t position;
  _Atomic uint64_t sequence;
  _Atomic int64_t time; /* CLOCK_MONOTONIC ns                                 */
  _Atomic uint64_t reserved;
};
_Static_assert(sizeof(struct rilli_index) == 32, "two a line");
_Static_assert(RILLI_INDEX_COUNT > 3 * RILLI_QUANTA, "the ring, and half of it reserved ahead");

/* --- control segment --------------------------------------------------------- */

/* Offset 0. Consumers map it read-only. */
struct rilli_control {
  _Atomic uint64_t magic; /* RILLI_CONTROL_MAGIC; stored last, with release (E9)  */
  uint32_t byte_order;
  uint32_t format;
  uint8_t uuid[16];
  uint64_t compatible, read_only, incompatible;
  uint64_t file_size;
  uint64_t hints_offset, group_offset, group_stride;
  uint64_t slots_offset, claims_offset; /* inside a page set                        */
  uint32_t slot_stride, claim_stride;
  uint32_t max_groups, max_members, max_claims; /* as in the data segment         */
  uint32_t reserved0;
  uint64_t names_offset; /* of the groups' names, RILLI_GROUP_NAME_SIZE each: consumers map
                            them read-only, and write their own through the file     */
  uint64_t reserved[32];
  uint64_t checksum;
  /* Behind the checksum: written under the unlink lock by the process that removes the queue. */
  _Alignas(RILLI_LINE) _Atomic uint32_t tombstone; /* not 0: removed (E13)          */
  /* Which rows exist: one bit for each row, the lowest for row 0. It is set when memory for the
   * first page of the row is reserved and the row is set up, by the process that takes the row
   * first, which maps this page for that moment; it is never cleared. A row without its bit is
   * not accessed: the access would allocate its page, and its cursor would be 0 (E17). */
  _Alignas(RILLI_LINE) _Atomic uint64_t rows[RILLI_MAX_GROUPS / 64];
};
_Static_assert(sizeof(struct rilli_control) <= RILLI_PAGE, "one page");

/* Written by every attached process. Wake-ups depend on it, data never does. */
struct rilli_hints {
  _Alignas(RILLI_LINE) _Atomic uint64_t sleepers; /* bit b: a process may sleep on bell b (E5) */
  _Alignas(RILLI_LINE) _Atomic uint32_t room;     /* futex the producer waits on (E7) */
};
_Static_assert(sizeof(struct rilli_hints) <= RILLI_PAGE, "one page");

/* State word of a group: the generation in the high half is incremented for each tenancy;
 * resuming a kept group keeps its generation. */
#define RILLI_GROUP_NONE 0u
#define RILLI_GROUP_JOINING 1u
#define RILLI_GROUP_ACTIVE 2u
#define RILLI_GROUP_KEPT 3u /* no member; its cursor counts                      */
#define RILLI_STATE(generation, flags, state)                                                      \
  (((uint64_t)(generation) << 32) | ((uint64_t)(flags) << 8) | (uint64_t)(state))
#define RILLI_STATE_STATE(word) ((uint32_t)(word)&0xffu)
#define RILLI_STATE_FLAGS(word) ((uint32_t)((word) >> 8) & 0xffu)
#define RILLI_STATE_GENERATION(word) ((uint32_t)((word) >> 32))
#define RILLI_GROUP_KEEP 1u /* flag: becomes KEPT when its member goes           */

/* The row: a page set begins with it. The producer and reclaimers read and write it; members
 * of other groups do not map it. */
struct rilli_group {
  _Alignas(RILLI_LINE) _Atomic uint64_t state; /* E11                              */

  /* Written by the member. The gate scan loads `cursor` exactly once. */
  _Alignas(RILLI_LINE) _Atomic uint64_t cursor; /* first byte still needed, or NONE (E2) */
  struct {                                      /* the sequence that belongs to a cursor: */
    _Atomic uint64_t position, sequence;        /* that of the entry with its position */
  } place[2],
      unreleased; /* of an evicted group that came back and has not released anything since: the
                     first message that it had not released, so that its loss is reported */

  _Alignas(RILLI_LINE) _Atomic uint32_t kick; /* futex of its members (E12)         */
};

/* Latencies (histogram.h): 8 steps per octave, so a value is too large by at most 1/8, up to
 * 2^40 ns or 18 minutes; the last bucket counts all longer ones. With 16 steps the same memory
 * would end at 4 ms; with 4 steps values would be too large by up to 1/4. */
#define RILLI_LATENCY_BITS 3u
#define RILLI_LATENCY_SIZE 304u

/* A member's slot in the page set; a solo group uses slot 0. For display only. For each tenancy
 * the member, which holds lease and reclaim byte, sets all of it before the row's state says that
 * there is a member: a slot that is set only in part is never shown, and the next member sets all
 * of it again. */
struct rilli_slot {
  _Alignas(RILLI_LINE) _Atomic int64_t pid;
  _Atomic uint32_t wait, fence;
  _Atomic int64_t opened;         /* CLOCK_REALTIME ns                           */
  _Atomic uint64_t pid_namespace; /* inode of /proc/self/ns/pid; 0: not known    */
  _Alignas(RILLI_LINE) _Atomic uint64_t parks;
  _Atomic uint64_t lost;
  _Atomic int64_t latency_max; /* ns                                            */
  _Alignas(RILLI_LINE) _Atomic uint32_t histogram[RILLI_LATENCY_SIZE]; /* of latencies, ns */
};

/* A page set: the row, its slots, and at its end room for claims of 32 bytes. The first page holds
 * the row and slot 0; the others take no memory before a second member joins. */
#define RILLI_SLOTS_OFFSET 2048u
#define RILLI_SLOT_STRIDE 2048u
#define RILLI_CLAIM_STRIDE 32u
_Static_assert(sizeof(struct rilli_group) <= RILLI_SLOTS_OFFSET, "half a page");
_Static_assert(sizeof(struct rilli_slot) <= RILLI_SLOT_STRIDE, "half a page");
_Static_assert(RILLI_SLOTS_OFFSET + RILLI_SLOT_STRIDE == RILLI_PAGE, "slot 0 in the first page");

/* A member of a group. */
struct rilli_member {
  uint32_t group, slot;
};

/* --- leases: byte-range locks on the control file, beyond all its content ------ */

/* The lease ("this process is alive") and the guard of its reclaim are two different bytes. */
#define RILLI_LEASE_BASE (INT64_C(1) << 48)
#define RILLI_LEASE_ATTACH (RILLI_LEASE_BASE) /* shared: the queue is open      */
#define RILLI_LEASE_PRODUCER (RILLI_LEASE_BASE + 2)
#define RILLI_LEASE_MEMBER(member)                                                                 \
  (RILLI_LEASE_BASE + 64 +                                                                         \
   2 * ((int64_t)(member).group * RILLI_MAX_MEMBERS + (int64_t)(member).slot))
#define RILLI_LEASE_RANGE (64 + 2 * (int64_t)RILLI_MAX_GROUPS * RILLI_MAX_MEMBERS)
#define RILLI_RECLAIM_OF(lease) ((lease) + 1)
#define RILLI_LOCK_UNLINK (RILLI_LEASE_BASE - 1) /* held while a queue is removed  */
#define RILLI_LOCK_CREATE (RILLI_LEASE_BASE - 2) /* on a file without its name yet */
#define RILLI_LOCK_NAME(hash) (RILLI_LEASE_BASE + RILLI_LEASE_RANGE + (int64_t)((hash)&0xffffffu))

#endif
