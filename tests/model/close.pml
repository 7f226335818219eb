/* SPDX-License-Identifier: MIT
 * close.pml - a queue is removed, or its producer announces its close: all processes that sleep
 * on it see that.
 *
 * PROTOCOL U4, U5, C1, C2, W2 to W4, W11 and W12. Follows bury() and wake_all() in unlink.c,
 * announce_close() in producer.c, take_row() in group.c, and park_for_message(), ended() and
 * park_for_room() in park.c; edges E7, E12, E13 and E15. The remover, or the producer that closes,
 * stores a flag (the tombstone; the producer's state CLOSED), then loads which rows are taken, and
 * kicks those. A consumer that joins stores its row, and loads the flags later, when it is about
 * to sleep. That is a store and a load on both sides, as in E3, so both fence: the consumer in its
 * join (A10), the other process between flag and rows. A producer that waits for room has no row
 * that could be missed: the remover always bumps `room`, behind the flag, and the producer reads
 * `room` before it loads the flag.
 *
 * Memory: x86-TSO: the flags and the consumer's row wait in store buffers until a fence, a
 * locked instruction or a system call of the same process, or a membarrier of another one, if
 * the process is registered for it (full mode: it is not).
 *
 * Properties, without slices and without a death (otherwise the end of a slice helps): consumer and
 * producer end their waits, since they see the flag: none is left parked (invalid end state).
 *
 * mutant no_fence: invalid end state - full mode: rows are loaded before the flag is visible
 * mutant no_own_fence: invalid end state - a joiner fences neither in its join nor before it parks
 * mutant rows_first: invalid end state - rows are loaded, then the flag is stored
 * mutant no_look: invalid end state - a consumer parks without a check of the flags
 * mutant look_first: invalid end state - a consumer checks the flags, then reads kick
 * mutant no_look_room: invalid end state - a producer parks without a check of the tombstone
 * mutant look_first_room: invalid end state - a producer checks the tombstone, then reads room
 * mutant room_first: invalid end state - room is bumped, then the tombstone is stored
 *
 * Measured: 1 825 states, all there are */
bool registered;                  /* the process that stores the flag */
bool removes;                     /* else its producer closes */
bool flag, flag_seen;             /* the tombstone, or CLOSED: stored, visible */
bool row, row_seen;               /* the consumer's */
bool kicked, roomed;              /* words bumped since they were read */
bool parked, parked_room;

active proctype Memory() {
end:
  do
  :: flag != flag_seen -> flag_seen = flag
  :: row != row_seen -> row_seen = row
  od
}

#define KICK atomic { flag_seen == flag -> kicked = true; parked = false }
#define ROOM atomic { flag_seen == flag -> roomed = true; parked_room = false }

proctype Leaver() {
  bool taken;
#ifdef rows_first
  taken = row_seen;
#endif
#ifdef room_first
  if :: removes -> ROOM :: else fi;
#endif
  flag = true;                                   /* E13, or E15 */
#ifndef no_fence
  (flag_seen);
#endif
#ifndef rows_first
  taken = row_seen;
#endif
  if :: taken -> KICK :: else fi;                /* rilli_kick, E12 */
#ifndef room_first
  if :: removes -> ROOM :: else fi               /* rilli_wake_producer, E7 */
#endif
}

proctype Consumer() {
  row = true;                                    /* state and cursor: E11, E2 */
#ifndef no_own_fence
  (row_seen);                                    /* E3, rilli_fence_peers */
#endif
  do
  :: true ->
#ifdef look_first
     if :: flag_seen -> break :: else fi;
#endif
     kicked = false;                             /* reads it: E12 */
     if                                          /* membarrier, of the registered */
     :: registered -> (flag_seen == flag)
     :: else
     fi;
#if !defined(no_look) && !defined(look_first)
     if :: flag_seen -> break :: else fi;        /* ended */
#endif
     atomic {                                    /* futex_waitv */
       row_seen -> if :: !kicked -> parked = true :: else fi
     };
     (!parked);
     if :: flag_seen -> break :: else fi
  od
}

/* The queue's producer, its ring being full. */
proctype Waiter() {
  do
  :: true ->
#ifdef look_first_room
     if :: flag_seen -> break :: else fi;
#endif
     roomed = false;                             /* reads it: E7 */
#if !defined(no_look_room) && !defined(look_first_room)
     if :: flag_seen -> break :: else fi;        /* rilli_check_removed */
#endif
     atomic { if :: !roomed -> parked_room = true :: else fi };
     (!parked_room);
     if :: flag_seen -> break :: else fi         /* producer_housekeeping */
  od
}

init {
  atomic {
    if :: registered = true :: skip fi;
    run Leaver(); run Consumer();
    if
    :: removes = true; run Waiter()
    :: skip
    fi
  }
}
