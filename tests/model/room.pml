/* SPDX-License-Identifier: MIT
 * room.pml - a producer that waits for room: it never sleeps while its room is there.
 *
 * PROTOCOL R5 to R10, W10 to W15. Follows rilli_wait_room() and park_for_room() in park.c,
 * rilli_scan_groups() in gate.c, and rill_release(), publish_release() and publish_cursor() in
 * receive.c; edges E2 and E7. Frames are units; the write limit is left out (join.pml). A consumer
 * publishes its cursor lazily: at the first empty poll, when a release passes the place that the
 * producer waits for, or the place that is enough for it, and otherwise at any time (the code:
 * every capacity/32). It may leave at any time (one of the two, if not LARGE).
 *
 * Memory: x86-TSO. The producer's commit and waiting words and each consumer's cursor
 * pass through store buffers. membarrier drains the buffers of registered consumers;
 * one that could not register fences after its cursor store. The producer's own fence
 * stands beside the membarrier, which may fail.
 *
 * Properties: none, one or both consumers are not registered.
 *  without slices  no process dies, membarrier fails at most where no consumer needs it:
 *                  all messages are sent and read, else an invalid end state
 *  with slices     a consumer (LARGE: both) may die after each step, membarrier may fail;
 *                  a slice ends only when nothing else can move, the producer then reclaims
 *                  rows of dead members that gate, and there must be room (assertion)
 *  always          a release that began while the producer was parked has published its cursor
 *                  if it passed the target, or what is enough: the user need not call
 *                  again (assertion);
 *                  a message is not overwritten before it is released (assertion)
 *
 * mutant no_membarrier: invalid end state - registered consumers are not fenced
 * mutant no_rescan: invalid end state - parks without a last scan
 * mutant room_late: invalid end state - the room word is read after the rows were scanned
 * mutant look_first: invalid end state - consumer loads waiting, then stores its cursor
 * mutant no_empty_publish: invalid end state - an empty poll leaves the cursor unpublished
 * mutant no_look: assertion violated - release does not load waiting
 * mutant target_only: assertion violated - a release reaches enough, not the target: no wake-up
 * mutant no_fence: invalid end state - a consumer without membarrier does not fence
 * mutant no_own_fence: invalid end state - the producer trusts a membarrier that fails
 * mutant no_bump: invalid end state - the producer is woken, the room word is not bumped
 * mutant silent_leave: invalid end state - a leaver does not load waiting
 * mutant no_slice: invalid end state - a consumer dies before it wakes the producer
 *
 * Measured: 5.63 million states; LARGE: 43.4 million, 117 s */
#ifdef LARGE
#define CAP 3
#define N 4
#define MORTALS 2
#define LEAVER (!slices)
#else
#define CAP 2
#define N 3
#define MORTALS 1
#define LEAVER (!slices && i == 0)
#endif
#define NONE 255
#define COMMIT 254
#define PASSES(target) (c >= (target) && published < (target))
#define ENOUGH(target) (eager -> (target) - (CAP - 1) : (target)) /* its rilli_eagerness: CAP - 1 */

bool slices, eager;               /* eager: the producer asks for more room than it needs */
bool unregistered[2], dead[2];
byte head;                        /* visible commit words */
byte sent;                        /* ghost */
byte waiting = NONE, room;
byte cursor[2];
byte mine[2];                     /* ghost: first message that a live consumer still reads */
bool parked;
bool beside[2];                   /* ghost: passes the target while the producer is parked */
chan sbp = [3] of { byte };       /* COMMIT, or a value for waiting */
chan sb[2] = [2] of { byte };     /* a value for cursor */

active proctype Memory() {
  byte v;
end:
  do
  :: d_step { sbp?v -> if :: v == COMMIT -> head++ :: else -> waiting = v fi; v = 0 }
  :: d_step { sb[0]?v -> cursor[0] = v; v = 0 }
  :: d_step { sb[1]?v -> cursor[1] = v; v = 0 }
  od
}

/* Rows are loaded one after the other, each once; NONE is the greatest. */
inline scan() {
  g = cursor[0];
  atomic {
    if :: cursor[1] < g -> g = cursor[1] :: else fi;
    if :: g == NONE -> U = p + CAP :: g != NONE && g + CAP > U -> U = g + CAP :: else fi;
    g = 0
  }
}

proctype Producer() {
  byte p, U, g, v;
  bool waits, sliced;
  do
  :: p < N ->
again:
     if :: p >= U -> scan() :: else fi;
     if
     :: p < U ->
        if
        :: waits -> d_step { beside[0] = false; beside[1] = false }; sbp!NONE; waits = false
        :: else
        fi;
        sliced = false;
        d_step {
          assert((mine[0] == NONE || p < mine[0] + CAP) && (mine[1] == NONE || p < mine[1] + CAP));
          p++; sent++
        };
        sbp!COMMIT
     :: else ->
        assert(!sliced);
#ifndef room_late
        v = room;                                        /* E7 */
#endif
        sbp!(eager -> p : p + 1 - CAP);                  /* target() */
     waits = true;
#ifndef no_membarrier
        if
        :: slices || (unregistered[0] && unregistered[1])              /* it may fail */
        :: (empty(sbp));
           (unregistered[0] || empty(sb[0]));
           (unregistered[1] || empty(sb[1]))
        fi;
#endif
#ifndef no_own_fence
        (empty(sbp));
#endif
#ifndef no_rescan
        scan();
        if :: p < U -> v = 0; goto again :: else fi;
#endif
#ifdef room_late
        v = room;
#endif
        atomic {                                         /* futex_wait */
          empty(sbp) -> if :: room == v -> parked = true :: else fi;
          v = 0
        };
        if
        :: !parked
        :: atomic {
             slices && timeout ->
             parked = false; sliced = true;
             if :: dead[0] -> cursor[0] = NONE :: else fi;    /* their leases are free */
             if :: dead[1] -> cursor[1] = NONE :: else fi
           }
        fi;
        goto again
     fi
  :: else -> break
  od;
  U = 0
}

#ifdef no_slice
#define X if :: goto died :: true fi
#else
#define X if :: slices && i < MORTALS -> goto died :: true fi
#endif

/* rilli_publish_cursor */
inline publish(c) {
#ifdef look_first
  w = waiting;
#endif
  sb[i]!c;                                               /* E2 */
  X;
#ifndef no_fence
  if :: unregistered[i] -> (empty(sb[i])) :: else fi;
#endif
#ifndef look_first
  w = waiting;                                           /* E7 */
#endif
  if
  :: w != NONE && c >= w && (c == NONE || published < w) ->
#ifndef no_bump
     atomic { empty(sb[i]) -> room++ };
     X;
#endif
     atomic { empty(sb[i]) -> parked = false }
  :: else
  fi;
  w = 0
}

proctype Consumer(byte i) {
  byte c, published, w;
  do
  :: c == N || LEAVER -> break
  :: c < head ->
     atomic {
       assert(c < sent && sent <= c + CAP);              /* read, whole; now released */
       c++;
       mine[i] = c;
       beside[i] = parked && waiting != NONE && (PASSES(waiting) || PASSES(ENOUGH(waiting)))
     };
     X;
#ifdef no_look
     w = NONE;
#else
     w = waiting;
#endif
     if
     :: publish(c); published = c
#ifdef target_only
     :: w == NONE || !PASSES(w)
#else
     :: w == NONE || (!PASSES(w) && !PASSES(ENOUGH(w)))  /* later, then */
#endif
     fi;
     atomic { assert(!beside[i] || published == c); beside[i] = false; w = 0 }
  :: c < N && c >= head && c != published ->             /* an empty poll, the first one */
#ifdef no_empty_publish
     (c < head)
#else
     publish(c);
     published = c
#endif
  od;
  goto leave;
died:
  atomic { mine[i] = NONE; empty(sb[i]) -> dead[i] = true };
  goto out;
leave:
  mine[i] = NONE;
#ifdef silent_leave
  sb[i]!NONE
#else
  publish(NONE)
#endif
out:
  atomic { c = 0; published = 0; w = 0 }
}

init {
  atomic {
    if
    :: skip
    :: unregistered[1] = true
    :: unregistered[0] = true; unregistered[1] = true
    :: slices = true
    :: eager = true
#ifdef LARGE
    :: slices = true; eager = true; unregistered[0] = true; unregistered[1] = true
#endif
    fi;
    run Producer(); run Consumer(0); run Consumer(1)
  }
}
