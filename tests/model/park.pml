/* SPDX-License-Identifier: MIT
 * park.pml - publishing while consumers sleep: none sleeps through a message.
 *
 * PROTOCOL P6, W1 to W9. Follows clear_and_wake() in publish.c, rilli_wake_sleepers(),
 * park_for_message(), announce(), end_of_stream() and rill_consumer_interrupt() in park.c; edges
 * E1, E5, E6 and E12. One producer; two sleepers that share a bell, or one sleeper and a thread
 * that interrupts it (LARGE: also two with a thread). A sleeper with such a thread waits until it
 * is interrupted.
 *
 * Memory: x86-TSO. The producer's stores (commit word, bell, taken as plain) pass through a
 * store buffer; an exchange and a system call wait until it is empty. A sleeper's
 * fetch_or may be delayed past later loads too, as on weaker machines, until its
 * own fence. membarrier waits for the buffer of a registered producer only; in the
 * full mode the producer is not registered and fences itself. It may fail: then
 * slices are shorter, or, in the full mode, nothing is lost.
 *
 * Properties, for both fence modes:
 *  without slices  no process dies, and every sleeper gets all messages; a missed wake-up
 *                  or interrupt leaves one parked: an invalid end state
 *  with slices     the producer may die after each step, membarrier may fail; a slice
 *                  ends only when nothing else can move, and then must bring a message
 *                  or "gone"; "gone" is never reported while a message is unread (assertions)
 *
 * mutant no_membarrier: invalid end state - the sleeper fences only itself
 * mutant no_recheck: invalid end state - parks without a check after the membarrier
 * mutant bell_after_bit: invalid end state - bell is read after the bit was set
 * mutant bell_after_recheck: invalid end state - bell read just before the wait
 * mutant no_bump: invalid end state - bits taken, bell not bumped
 * mutant wake_before_bump: invalid end state - bell bumped behind the wake-up
 * mutant no_fence: invalid end state - full mode, publish does not fence
 * mutant load_early: invalid end state - no compiler barrier: sleepers loaded first
 * mutant bit_after_recheck: invalid end state - sleeper bit set too late
 * mutant no_own_fence: invalid end state - full mode: sleeper trusts fetch_or alone
 * mutant flag_first: invalid end state - interrupt flag loaded before kick is read
 * mutant flag_last: invalid end state - kick is bumped and woken, then the flag is stored
 * mutant no_slice: invalid end state - the producer dies between bits and wake-up
 * mutant gone_without_look: assertion violated - "gone" without a second check
 *
 * Measured: 918 176 states; LARGE: 45.2 million, 64 s */
#ifdef LARGE
#define N 3
#else
#define N 2
#endif
#define COMMIT 0
#define BELL 1

bool fences, slices, kicked;  /* chosen at the start */
byte head, bell, kick;        /* head: how many commit words are visible */
bool sleepers, flag, dead;
bool parked[2];
chan sbp = [4] of { bit };    /* the producer's store buffer */
chan sbs[2] = [1] of { bit }; /* a sleeper's delayed fetch_or */

active proctype Memory() {
  bit a;
end:
  do
  :: d_step { sbp?a -> if :: a == COMMIT -> head++ :: else -> bell++ fi; a = 0 }
  :: d_step { sbs[0]?a -> sleepers = true; a = 0 }
  :: d_step { sbs[1]?a -> sleepers = true; a = 0 }
  od
}

#ifdef no_slice
#define MAY_DIE true
#else
#define MAY_DIE slices
#endif
#define X if :: MAY_DIE -> goto died :: true fi

proctype Producer() {
  byte m;
  bool s;
  do
  :: m < N ->
#ifdef load_early
     s = sleepers;
#endif
     sbp!COMMIT;                                         /* E1 */
     m++;
     X;
#ifndef no_fence
     if :: fences -> (empty(sbp)) :: else fi;              /* E5 */
#endif
#ifndef load_early
     s = sleepers;
#endif
     if
     :: s ->
        atomic { empty(sbp) -> sleepers = false };       /* the exchange */
        X;
#ifdef wake_before_bump
        atomic { empty(sbp) -> parked[0] = false; parked[1] = false };
        sbp!BELL;
#else
#ifndef no_bump
        sbp!BELL;                                        /* E6 */
        X;
#endif
        atomic { empty(sbp) -> parked[0] = false; parked[1] = false };
#endif
        s = false;
        X
     :: else
     fi
  :: else -> break
  od;
  goto out;
died:
  atomic { dead = true; m = 0; s = false };
out:
  m = 0
}

#define READ_BELL v = bell
#define SET_BIT sbs[i]!1
#ifdef no_own_fence
#define OWN_FENCE true
#else
#define OWN_FENCE empty(sbs[i])
#endif

proctype Sleeper(byte i) {
  byte c, v, k;
  bool sliced, due, gone;
poll:
  atomic {
    if
    :: c < head -> c++; sliced = false; due = false; goto poll
    :: else
    fi;
    if :: !kicked && c == N -> goto out :: else fi   /* it wants no more */
  };
  if
  :: due ->
     gone = (dead && empty(sbp));                 /* its lease is free: all is drained */
     if
     :: gone ->
#ifndef gone_without_look
        if :: c < head -> gone = false; goto poll :: else fi;
#endif
        assert(c == head);
        goto out
     :: else
     fi;
     assert(!sliced);                             /* a slice's end had nothing to bring */
     due = false
  :: else
  fi;
#if !defined(bell_after_bit) && !defined(bell_after_recheck)
  READ_BELL;                                      /* E6 */
#endif
#ifdef flag_first
  if :: flag -> goto out :: else fi;
  k = kick;
#else
  if
  :: kicked -> k = kick; if :: flag -> goto out :: else fi   /* E12 */
  :: else
  fi;
#endif
#ifndef bit_after_recheck
  SET_BIT;                                        /* E5 */
#endif
#ifdef bell_after_bit
  READ_BELL;
#endif
  (OWN_FENCE);                                    /* rilli_fence_peers */
#ifndef no_membarrier
  if
  :: fences || slices                             /* not for this producer, or failed */
  :: !fences -> (empty(sbs[i])); (empty(sbp))     /* a full barrier of its own first */
  fi;
#endif
  (OWN_FENCE);
#ifndef no_recheck
  if :: c < head -> v = 0; k = 0; goto poll :: else fi;
#endif
#ifdef bit_after_recheck
  SET_BIT;
#endif
#ifdef bell_after_recheck
  READ_BELL;
#endif
  atomic {                                        /* futex_waitv */
    empty(sbs[i]) ->
    if :: bell == v && kick == k -> parked[i] = true :: else fi;
    v = 0; k = 0
  };
  if
  :: !parked[i]
  :: slices && timeout -> parked[i] = false; sliced = true
  fi;
  due = true;
  goto poll;
out:
  atomic { c = 0; v = 0; k = 0; sliced = false; due = false; gone = false }
}

proctype Interrupter() {                          /* E12 */
#ifdef flag_last
  kick++; atomic { parked[0] = false; parked[1] = false }; flag = true
#else
  flag = true; kick++; atomic { parked[0] = false; parked[1] = false }
#endif
}

init {
  atomic {
    if :: fences = true :: fences = false fi;
#ifndef no_slice
    if :: slices = false :: slices = true fi;
#endif
    run Producer(); run Sleeper(0);
    if
    :: run Sleeper(1)
    :: kicked = true; run Interrupter()
#ifdef LARGE
    :: kicked = true; run Sleeper(1); run Interrupter()
#endif
    fi
  }
}
