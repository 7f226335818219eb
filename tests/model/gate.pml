/* SPDX-License-Identifier: MIT
 * gate.pml - a producer overwrites nothing that a shared group still claims.
 *
 * No code follows this yet: claims are those of claim.pml (PROTOCOL B1 to B5, help included), and
 * the scan is what check_row() in gate.c would do for a shared group in place of reading a cursor
 * (E2), and what a process does that raises the floor (B9):
 *   gate   {P,h} = C first; then each E[e] once; the least of P and the starts of all that are
 *          not FREE. But an INTENT counts only if C names it and it starts before P: otherwise
 *          it has not won. If it had won, and C names another claim since, the member of that
 *          claim recorded it as HELD before (help), and C was loaded first. If it starts at P or
 *          behind, P already covers it. So a member that is stopped between INTENT and its CAS,
 *          and can no longer win, does not hold the producer up.
 * A frame is there if its word carries its position; what is read before the CAS is trusted
 * only after it. The write limit and the zeroing are left out (join.pml). So are deaths and
 * reclaim: they only move entries from one state that counts to another, in place (claim.pml).
 *
 * Memory: x86-TSO store buffers of the members; the producer's stores are visible
 * immediately, which is the worst case for its readers. A member may be stopped for ever between
 * INTENT and CAS, STOPS in all.
 *
 * Properties: what is claimed stays whole until its ack, and U is never beyond it (assertions);
 * all messages are received, although a member is stopped (else an invalid end state).
 *
 * mutant cursor_last: assertion violated - C is loaded behind the entries
 * mutant cursor_twice: assertion violated - the entry to check is chosen by a later load of C
 * mutant no_help: assertion violated - a claim that C forgot still reads INTENT
 * mutant intent_late: assertion violated - INTENT is stored behind the CAS
 * mutant intent_ignored: assertion violated - only HELD counts
 * mutant free_early: assertion violated - acked before the last byte is read
 * mutant intent_counts: invalid end state - every INTENT holds the producer up
 * mutant last_gate: invalid end state - only an INTENT below the last gate is ignored
 *
 * Measured: 502 819 states; LARGE: 7.21 million */
#ifdef LARGE
#define M 3
#define N 3
#define STOPS 1
#else
#define M 2
#define N 5
#define STOPS 1
#endif
#define CAP 2
#define NOE 15
#define FREE 0                    /* E[e]: state + 4 * start */
#define INTENT 1
#define HELD 2
#define STATE(x) ((x) % 4)
#define START(x) ((x) / 4)

byte C = 16 * NOE;                /* position + 16 * entry; entry i is member i's */
byte E[M];
byte ring[CAP];                   /* position + 1 of the frame there */
byte U = CAP;                     /* the producer's own: it writes below */
byte stops;
chan sb[M] = [2] of { byte };     /* of a member: values for its E */

/* Does entry e, which reads x, hold the producer up? c: C as it was loaded before. */
#if defined(intent_counts) || defined(cursor_last)
#define COUNTS(x, c, e) (STATE(x) != FREE)
#elif defined(intent_ignored)
#define COUNTS(x, c, e) (STATE(x) == HELD)
#elif defined(last_gate)
#define COUNTS(x, c, e) (STATE(x) == HELD || (STATE(x) == INTENT && START(x) >= last))
#else
#define COUNTS(x, c, e) \
  (STATE(x) == HELD || (STATE(x) == INTENT && (c) / 16 == (e) && START(x) < (c) % 16))
#endif
/* What the next scan would find: waiting for it must not be an endless loop. */
#define HELD_UP(e) (COUNTS(E[e], C, e) && START(E[e]) + CAP <= U)
#if M > 2
#define ROOM (C % 16 + CAP > U && !HELD_UP(0) && !HELD_UP(1) && !HELD_UP(2))
#else
#define ROOM (C % 16 + CAP > U && !HELD_UP(0) && !HELD_UP(1))
#endif

active proctype Memory() {
end:
  do
  :: d_step { nempty(sb[0]) -> sb[0]?E[0] }
  :: d_step { nempty(sb[1]) -> sb[1]?E[1] }
#if M > 2
  :: d_step { nempty(sb[2]) -> sb[2]?E[2] }
#endif
  od
}

active proctype Producer() {
  byte p, c, g, e, x, last;
  do
  :: p < N ->
     if
     :: p < U -> d_step { ring[p % CAP] = p + 1; p++ }                    /* E1 */
     :: else ->
#ifdef cursor_last
        g = NOE;
#else
        c = C;
        g = c % 16;
#endif
        e = 0;
        do
        :: e < M ->
           x = E[e];
#ifdef cursor_twice
           c = C;
#endif
           atomic {
             if :: COUNTS(x, c, e) && START(x) < g -> g = START(x) :: else fi;
             x = 0;
             e++
           }
        :: else -> e = 0; break
        od;
#ifdef cursor_last
        c = C;
        if :: c % 16 < g -> g = c % 16 :: else fi;
#endif
        atomic {
          last = (g > last -> g : last);
          if :: g + CAP > U -> U = g + CAP :: else fi;
          g = 0; c = 0
        };
        if :: p < U :: ROOM fi
     fi
  :: else -> break
  od
}

proctype Member(byte i) {
  byte c, x, s;
  bool ok;
  do
  :: atomic { C % 16 == N -> break }
  :: atomic { C % 16 < N -> c = C };                                      /* 1 */
     if
     :: ring[c % 16 % CAP] == c % 16 + 1
     :: C != c -> c = 0; goto next
     fi;
#ifndef no_help
     if                                                                   /* 2 */
     :: c / 16 != NOE && c / 16 != i ->
        x = E[c / 16];
        if
        :: STATE(x) == INTENT && START(x) < c % 16 ->
           atomic {
             empty(sb[i]) ->
             if :: E[c / 16] == x -> E[c / 16] = x + HELD - INTENT :: else fi
           }
        :: else
        fi;
        x = 0
     :: else
     fi;
#endif
#ifndef intent_late
     sb[i]!(INTENT + 4 * (c % 16));                                       /* 3 */
     if
     :: atomic { stops < STOPS -> stops++; goto stopped }
     :: true
     fi;
#endif
     atomic {                                                             /* 4 */
       empty(sb[i]) ->
       ok = (C == c);
       if :: ok -> C = c % 16 + 1 + 16 * i :: else fi
     };
     if
     :: ok ->
#ifdef intent_late
        sb[i]!(HELD + 4 * (c % 16));
#endif
#ifdef free_early
        sb[i]!FREE;
#endif
        assert(ring[c % 16 % CAP] == c % 16 + 1 && U <= c % 16 + CAP);
        assert(ring[c % 16 % CAP] == c % 16 + 1 && U <= c % 16 + CAP);    /* still being read */
#ifndef free_early
        sb[i]!FREE
#endif
     :: else ->                                                           /* 5 */
#ifndef intent_late
        sb[i]!FREE
#endif
     fi;
     atomic { ok = false; c = 0 };
next: skip
  od;
stopped:
end:
  false
}

init {
  atomic {
    run Member(0); run Member(1);
#if M > 2
    run Member(2)
#endif
  }
}
