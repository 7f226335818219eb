/* SPDX-License-Identifier: MIT
 * both.pml - a producer that sleeps for room and a consumer that sleeps for messages: messages
 * keep coming, whichever of the two sleeps, and when.
 *
 * Combines what park.pml and room.pml show separately, PROTOCOL W. Follows rilli_wake_sleepers(),
 * park_for_message() and park_for_room() in park.c, clear_and_wake() in publish.c,
 * rill_release() and publish_cursor() in receive.c; edges E1, E2, E5, E6 and E7. The cursor is
 * published lazily: at an empty poll, or by a release that sees the producer wait. So each of the
 * two may need the other one to go to sleep. The producer waits for any room at all.
 *
 * Memory: x86-TSO: the producer's commit and waiting words leave its buffer in program order. The
 * consumer's cursor waits in a buffer of its own. A membarrier drains the buffer of the other
 * process; in full mode each process fences behind its own stores instead.
 *
 * Properties (ltl, weak fairness, endless runs), without slices: message after message is
 * received, in both modes.
 *
 * search: cycles, weak fairness
 *
 * mutant no_membarrier_consumer: acceptance cycle - a sleeper fences only itself
 * mutant no_membarrier_producer: acceptance cycle - the producer fences only itself
 * mutant no_fence_publish: acceptance cycle - full mode, publish does not fence
 * mutant no_fence_release: acceptance cycle - full mode, a cursor store does not fence
 * mutant no_empty_publish: acceptance cycle - both sleep: the room was never published
 * mutant no_look: acceptance cycle - a cursor is stored, waiting is not loaded
 * mutant no_recheck: acceptance cycle - a consumer parks without a second check
 * mutant no_rescan: acceptance cycle - a producer parks without a second scan
 * mutant bell_late: acceptance cycle - the bell is read behind the second check
 * mutant room_late: acceptance cycle - the room word is read behind the second scan
 *
 * Measured: 69 529 states; LARGE: 557 032 */
#ifdef LARGE
#define CAP 3
#define MOD 8
#else
#define CAP 1
#define MOD 4
#endif
#define COMMIT 2                  /* else: a value of waiting */

bool fences;                      /* full mode */
byte head, cursor, issued;        /* visible commits; the cursor, visible and stored; modulo */
byte got;                         /* received */
bool waiting, sleeper;
bool bell_fresh, room_fresh;      /* the word is as it was read */
bool parked_c, parked_p;
chan sb = [2] of { byte };        /* the producer's */

ltl goes_on { []<> (got == 0) && []<> (got == 1) }

active proctype Memory() {
  byte v;
end:
  do
  :: d_step { sb?v -> if :: v == COMMIT -> head = (head + 1) % MOD :: else -> waiting = v fi; v = 0 }
  :: d_step { cursor != issued -> cursor = issued }
  od
}

#define FULL(p) ((p + MOD - cursor) % MOD == CAP)

active proctype Producer() {
  byte p;
  bool s;
  if :: fences = true :: skip fi;
  do
  :: !FULL(p) ->
     atomic { sb!COMMIT; p = (p + 1) % MOD };                             /* E1 */
#ifndef no_fence_publish
     if :: fences -> empty(sb) :: else fi;
#endif
     s = sleeper;                                                         /* E5 */
     if
     :: s ->
        atomic { empty(sb) -> sleeper = false; s = false };
        atomic { bell_fresh = false; parked_c = false }                   /* E6 */
     :: else
     fi
  :: FULL(p) ->
#ifndef room_late
     room_fresh = true;                                                   /* E7 */
#endif
     sb!1;
     empty(sb);
#ifndef no_membarrier_producer
     if :: !fences -> (cursor == issued) :: else fi;
#endif
#ifndef no_rescan
     if
     :: FULL(p) ->
#endif
#ifdef room_late
        room_fresh = true;
#endif
        atomic { if :: room_fresh -> parked_p = true :: else fi };
        (!parked_p)
#ifndef no_rescan
     :: else
     fi
#endif
     ;
     sb!0
  od
}

inline publish_cursor() {
  issued = got;                                                           /* E2 */
#ifndef no_fence_release
  if :: fences -> (cursor == issued) :: else fi;
#endif
#ifndef no_look
  if                                                                      /* E7 */
  :: waiting -> atomic { cursor == issued -> room_fresh = false; parked_p = false }
  :: else
  fi
#endif
}

active proctype Consumer() {
  do
  :: head != got ->
     got = (got + 1) % MOD;
     if :: waiting -> publish_cursor() :: else fi
  :: head == got ->
#ifndef no_empty_publish
     if :: issued != got -> publish_cursor() :: else fi;
#endif
#ifndef bell_late
     bell_fresh = true;                                                   /* E6 */
#endif
     atomic { cursor == issued -> sleeper = true };                       /* E5 */
#ifndef no_membarrier_consumer
     if :: !fences -> empty(sb) :: else fi;
#endif
#ifndef no_recheck
     if
     :: head == got ->
#endif
#ifdef bell_late
        bell_fresh = true;
#endif
        atomic { if :: bell_fresh -> parked_c = true :: else fi };
        (!parked_c)
#ifndef no_recheck
     :: else
     fi
#endif
  od
}
