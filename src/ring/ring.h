/* SPDX-License-Identifier: MIT */
/* ring.h - the ring on mapped memory: what its files share.
 *
 * Knows mapped, validated memory and nothing of files, names or leases; those it
 * reaches by the two upcalls of struct rilli_host. Tests put it on plain memory. */
#ifndef RILLI_RING_H
#define RILLI_RING_H

#include "frame.h"
#include "layout.h"
#include "rill/consumer.h"
#include "rill/producer.h"

#define RILLI_SLICE INT64_C(100000000)     /* ns: the longest anybody sleeps in one piece */
#define RILLI_SLICE_BLIND INT64_C(1000000) /* ns: ... where membarrier fails        */
#ifdef __x86_64__
#define RILLI_HANDED 4352u /* bytes: no gain for longer frames                             */
#else
#define RILLI_HANDED 0u /* rilli_demote does nothing */
#endif
#define RILLI_HANDINGS 8u  /* messages handed down between two looks at the clock         */

#define rilli_likely(x) __builtin_expect(!!(x), 1)
#define rilli_unlikely(x) __builtin_expect(!!(x), 0)
/* What runs once a message begins a line of code, however long the functions before it are. */
#define RILLI_HOT __attribute__((aligned(64)))

/* Where the parts of a queue lie in this process; constant after open. */
struct rilli_ring {
  uint8_t *base; /* the ring, mapped twice; only the producer may write there     */
  uint64_t capacity, quantum, max_message;
  uint32_t overwrite, max_groups;
  int64_t evict_after; /* ns; 0: never                                             */
  struct rilli_producer_page *page;
  struct rilli_seen *seen;
  struct rilli_index *index;
  struct rilli_hints *hints;
  const _Atomic uint32_t *tombstone; /* not 0: the queue was removed (E13)          */
  uint8_t *groups;   /* producer: all page sets; a member: NULL                     */
  const char *names; /* of groups, RILLI_GROUP_NAME_SIZE each; need not have an end  */
  uint64_t group_stride;
  const char *name; /* of the queue, for error texts                               */
};

static inline struct rilli_group *rilli_group_at(const struct rilli_ring *ring, uint32_t index) {
  return (struct rilli_group *)(void *)(ring->groups + index * ring->group_stride);
}

static inline const char *rilli_name_at(const struct rilli_ring *ring, uint32_t index) {
  return ring->names + (size_t)index * RILLI_GROUP_NAME_SIZE;
}

static inline const uint8_t *rilli_frame_at(const uint8_t *base, uint64_t mask, uint64_t position) {
  return base + (position & mask);
}

/* E1, the reader's end: a commit word that is seen brings the whole frame. */
static inline uint64_t rilli_load_word(const uint8_t *frame) {
  return atomic_load_explicit((const _Atomic uint64_t *)(const void *)frame, memory_order_acquire);
}

static inline uint64_t rilli_load_sequence(const uint8_t *frame) {
  return atomic_load_explicit((const _Atomic uint64_t *)(const void *)frame + 1,
                              memory_order_relaxed);
}

/* A frame begins (or will begin) here. */
struct rilli_place {
  uint64_t position, sequence;
  int64_t time;
};

/* What the layer above does for waiting code, once a slice. */
struct rilli_host {
  /* Producer: reclaims dead groups. Consumer: looks after the producer; returns
   * 1 if it is gone (dead or closed), else 0. Both: -ESTALE if the queue is removed. */
  int (*tend)(void *self);
  void *self;
};

/* How somebody waits, and how long it lately took. */
struct rilli_patience {
  uint32_t wait;     /* RILL_ADAPTIVE, ...                                    */
  int64_t typical;   /* ns: smoothed length of the last waits                 */
  int64_t next_tend; /* when to look after the others again                   */
  uint32_t polls;    /* non-waiting calls since the clock was read            */
};

/* The hot part first. Lives in memory that is zero in a forked child: with capacity and
 * limits of zero the fast paths decline, and the slow ones answer -ECHILD. */
struct rill_producer {
  uint8_t *base;
  uint64_t mask;
  uint64_t position, sequence; /* of the next message                            */
  uint64_t cleared;            /* what may become a commit word is zero, up to here    */
  uint64_t clear_at;           /* the position at which to clear further ahead      */
  uint64_t fast_span;          /* payloads of 1 to this many bytes: fast path     */
  struct rilli_hints *hints;
  uint32_t full_fence;
  uint32_t stamp;
  uint64_t room;     /* U: it writes only below; never behind position   */
  uint64_t raise_at; /* the position at which to raise the limit ahead      */
  int64_t pushed;    /* when the index was pushed last, ns                  */
  uint32_t hurried;  /* the quantum before that was written at a gigabyte a second  */
  uint32_t handed;   /* frames up to this size are handed down; 0: in a stream      */
  uint32_t handings; /* so many more, until their pace is judged,           */
  int64_t judged;    /* which was done at this time, and place              */
  uint64_t judged_sequence, judged_position;
  uint64_t held_at, held_need; /* position for which there was no room, up to where,  */
  int64_t held_since;          /* and since when                                      */
  uint64_t reserved;           /* bytes of the open reservation, plus 1; 0: none  */
  struct rill_meta meta;       /* its meta                                       */
  struct rilli_ring ring;
  struct rilli_patience patience;
  struct rilli_host host;
  void *owner; /* the layer above                                */
};

struct rill_consumer {
  uintptr_t to_ring; /* from this struct to the ring; 0: no fast path; see next_frame */
  uint64_t fast_mask;
  uint64_t position, sequence; /* of the next message                            */
  uint64_t usual_size;         /* payload of the message taken last,                     */
  uint64_t usual_stride;       /* and of its frame                              */
  uint64_t released;           /* the first byte of those not given back        */
  uint64_t published;          /* the cursor as it stands in shared memory        */
  uint64_t publish_step;
  const _Atomic uint64_t *waiting; /* of the producer page                        */
  const uint8_t *base;             /* NULL: in a forked child                    */
  uint64_t mask;
  struct rilli_producer_page *page;
  struct rilli_group *group; /* NULL: a tail                                    */
  struct rilli_slot *slot;   /* NULL: a tail                                    */
  uint32_t full_fence;
  uint32_t eager; /* polls before the clock is looked at, and anybody else          */
  uint32_t follow;
  int64_t rest;                 /* ns, when a stream has been caught up with       */
  uint64_t emptied, emptied_at; /* sequence and position at the last empty poll  */
  uint32_t place_turn;
  _Atomic uint32_t interrupted;
  uint32_t waited;  /* for the message that it receives next                */
  uint64_t tenancy; /* the state word of this membership               */
  uint32_t group_index;
  uint32_t copies; /* overwrite or tail: copy, then check (E4)         */
  uint64_t lost;   /* to be told with the next message                */
  uint8_t *buffer; /* of copies                                       */
  size_t buffer_size;
  struct rilli_ring ring;
  struct rilli_patience patience;
  struct rilli_host host;
  void *owner;
};

/* publish.c */
void rilli_producer_init(struct rill_producer *producer, const struct rilli_ring *ring,
                         const struct rilli_place *head);

/* gate.c: moves the write limit and looks at the groups. Returns 0 when need <= room, else
 * -EAGAIN; -ESTALE when the queue was removed. */
int rilli_make_room(struct rill_producer *producer, uint64_t need);
/* Do messages come singly since this was judged last? Then they are handed down. */
void rilli_judge_pace(struct rill_producer *producer, int64_t now);
/* Makes room before there is need, while no reader waits for what comes next. */
void rilli_raise_ahead(struct rill_producer *producer);
/* Only looks at the groups again; the same answer. */
int rilli_scan_groups(struct rill_producer *producer, uint64_t need);

/* For the successor, and for those who may only look: what the producer last saw of a row. */
void rilli_note_gate(const struct rilli_ring *ring, uint32_t index, uint64_t cursor,
                     uint64_t state);

/* evict.c: refusing groups (E14). */
/* Was the tenancy that this state word belongs to refused? */
static inline int rilli_is_void(const struct rilli_seen *seen, uint64_t state) {
  const uint64_t refused = atomic_load_explicit(&seen->void_state, memory_order_acquire);
  return refused != 0 && RILLI_STATE_GENERATION(refused) == RILLI_STATE_GENERATION(state);
}
/* Refuses the tenancy of a row. why: RILLI_VOID_*. */
void rilli_refuse(struct rill_producer *producer, uint32_t index, uint64_t state, uint64_t why);
/* As rilli_wait_room; but a group that holds the producer up for longer than evict_after does so
 * no longer. */
int rilli_wait_or_evict(struct rill_producer *producer, uint64_t need, rill_time deadline);
/* Is the membership void? Asked after what it read. */
static inline int rilli_is_refused(const struct rill_consumer *member) {
  atomic_thread_fence(memory_order_acquire); /* E14: what was read, before the look */
  return rilli_is_void(&member->ring.seen[member->group_index], member->tenancy);
}
/* -ESTALE, with its text. */
int rilli_tell_refused(const struct rill_consumer *member);
static inline int rilli_check_refused(const struct rill_consumer *member) {
  return rilli_unlikely(rilli_is_refused(member)) ? rilli_tell_refused(member) : 0;
}

/* walk.c: the index, and walking over committed frames. */
int rilli_index_newest(const struct rilli_ring *ring, struct rilli_place *ret);
/* The oldest entry at or behind `floor`. -ENOENT: there is none. */
int rilli_index_oldest(const struct rilli_ring *ring, uint64_t floor, struct rilli_place *ret);
/* The newest entry at or behind floor whose sequence (position) is not above; -ENOENT: none. */
int rilli_index_sequence(const struct rilli_ring *ring, uint64_t floor, uint64_t sequence,
                         struct rilli_place *ret);
int rilli_index_position(const struct rilli_ring *ring, uint64_t floor, uint64_t position,
                         struct rilli_place *ret);
/* Steps over frames until one is not committed, or until sequence or position is reached, but
 * not much further than the ring is long (a producer may commit as fast as this walks).
 * Returns 0, -EPROTO (bytes that make no sense), -EAGAIN (overtaken: begin again). */
struct rilli_until {
  uint64_t sequence, position;
  uint32_t by_sequence, by_position;
};
int rilli_walk(const struct rilli_ring *ring, const struct rilli_until *until,
               struct rilli_place *place);
/* The place of the next message to come, from outside. */
int rilli_find_head(const struct rilli_ring *ring, struct rilli_place *ret);

/* group.c: joining and leaving; the caller holds the row's lease and reclaim bytes. */
struct rilli_start {
  uint32_t start;
  uint64_t sequence;
};
/* Makes a row that is NONE (or KEPT) its own. flags: RILLI_GROUP_KEEP. On success the
 * consumer's place is set; *ret_head on -ERANGE: the sequence that comes next. */
int rilli_join(struct rill_consumer *consumer, uint32_t flags, const struct rilli_start *start,
               uint64_t *ret_head);
/* Gives the row up (or keeps its place), and is repeated by whoever finds it half done.
 * The state word may be of a dead member. named: whether somebody could come back to it. */
void rilli_leave(struct rilli_group *group, int named);
/* A group that exists from the start. */
void rilli_declare(struct rilli_group *group, const struct rilli_place *place);

/* The sequence that the group's member noted for this cursor; -EPROTO: it did not. */
int rilli_noted_place(const struct rilli_group *group, uint64_t cursor, struct rilli_place *ret);
static inline void rilli_store_place(struct rilli_group *group, uint32_t turn, uint64_t position,
                                     uint64_t sequence) {
  atomic_store_explicit(&group->place[turn].sequence, sequence, memory_order_relaxed);
  atomic_store_explicit(&group->place[turn].position, position, memory_order_relaxed);
}

/* receive.c */
void rilli_consumer_init(struct rill_consumer *consumer);
/* Publishes what was released and is not yet known to others, on leaving. */
void rilli_publish_cursor(struct rill_consumer *consumer);
/* The sequence of the first message that is not released; of no use to copying consumers. */
uint64_t rilli_released_sequence(const struct rill_consumer *consumer);
/* Is there something to do at the consumer's place: a message, or having been lapped? */
int rilli_something_there(const struct rill_consumer *consumer);

/* latency.c */
/* A message with this time was received. */
void rilli_count_latency(struct rill_consumer *consumer, uint64_t sequence, int64_t time);
void rilli_clear_latency(struct rilli_slot *slot);

/* How much more room than it needs a producer waits for first. */
static inline uint64_t rilli_eagerness(const struct rilli_ring *ring) {
  return ring->capacity / 8;
}

/* wait.c: the only system calls of this layer. */
/* Leaves the line that comes next alone for a while; lets others have this core, if they lag. */
void rilli_rest(struct rill_consumer *consumer, int64_t deadline);
int rilli_wait_room(struct rill_producer *producer, uint64_t need, rill_time deadline);
int rilli_wait_message(struct rill_consumer *consumer, rill_time deadline);
/* Returns 0, for the tail of a publish. */
int rilli_wake_sleepers(struct rill_producer *producer);
void rilli_wake_producer(struct rilli_hints *hints);
/* Wakes the members of a group. */
void rilli_kick(struct rilli_group *group);
int64_t rilli_now(void);
/* 0, or -ESTALE with its text when the queue was removed (E13). */
int rilli_check_removed(const struct rilli_ring *ring);

#endif
