/* SPDX-License-Identifier: MIT
 * lease.pml - reclaiming a row while members attach to it, leave it and die.
 *
 * PROTOCOL A8, A13 to A15, G1 to G7. Follows rilli_join() and rilli_leave() in group.c,
 * prepare_row() in consumer.c and rilli_reclaim_member() in reclaim.c; edges E10 and E11. Two lock
 * bytes a row: the lease ("I live") and the reclaim byte. A joiner takes the lease, then the
 * reclaim byte until the row is set up, and settles what a dead predecessor left. A reclaimer
 * checks without locks, takes the reclaim byte, checks the lease and the row again, and clears. A
 * KEEP group becomes KEPT, and its place is held.
 * A reclaimer decides by the state alone, so a fresh joiner stores JOINING before its cursor,
 * and one that resumes a KEPT group leaves it KEPT until it is ACTIVE.
 *
 * Memory: sequentially consistent; a process that sees a lock free sees all that its dead owner
 * stored (E10). Each process may die after each step, KILLS times in all; locks drop then.
 *
 * Properties: the row of a live owner is never touched, no two processes set up a row
 * together, the place of a KEPT group is never lost (assertions); in the end, when all members
 * have left or died, nothing is left behind: no cursor, no state but KEPT (assertion).
 *
 * mutant no_reclaim_byte: assertion violated - the joiner sets up under its lease alone
 * mutant no_probe: assertion violated - lease not probed again under the reclaim byte
 * mutant no_reread: assertion violated - row not checked again under the reclaim byte
 * mutant cursor_first: assertion violated - a joiner dies with a cursor and no state
 * mutant no_settle: assertion violated - joiner takes a dead member's row for a fresh one
 * mutant resume_joining: assertion violated - a KEPT group is JOINING while it is resumed
 * mutant keep_joining: assertion violated - a group whose member died in JOINING becomes KEPT
 *
 * Measured: 382 309 states; LARGE: 3.2 million, 3 s */
#ifdef LARGE
#define KILLS 3
#define STARTS 4
#else
#define KILLS 2
#define STARTS 3
#endif
#define NO_PID 255
#define CLEAN 0                    /* RILLI_GROUP_NONE */
#define JOINING 1
#define ACTIVE 2
#define KEPT 3

byte lease = NO_PID, reclaim = NO_PID;    /* the pid that holds the byte */
byte state = CLEAN;
bool cursor;                              /* there is one */
bool keep;                                /* the group's flag */
bool place;                               /* ghost: a place was promised and kept */
byte owner = NO_PID;                      /* ghost: whose row it is, from ACTIVE on */
byte kills, starts;

#define X if :: kills < KILLS -> kills++; goto died :: true fi
#define SET(s) state = s; assert(owner == NO_PID || owner == _pid)

#define DIRTY (state == JOINING || state == ACTIVE)

/* rilli_leave, by the owner or for a dead owner. */
inline leave() {
  old = state;
  X;
#ifdef keep_joining
  if
  :: keep && old != CLEAN -> atomic { SET(KEPT); assert(old != JOINING); owner = NO_PID }
#else
  if
  :: keep && old == ACTIVE -> atomic { SET(KEPT); owner = NO_PID }
#endif
  :: else ->
     atomic { assert(!place && (owner == NO_PID || owner == _pid)); cursor = false };
     X;
     atomic { SET(CLEAN); owner = NO_PID }
  fi;
  old = 0
}

proctype Member() {
  byte old;
  if
  :: atomic { lease == NO_PID -> lease = _pid }
  fi;
  X;
#ifndef no_reclaim_byte
  atomic { reclaim == NO_PID -> reclaim = _pid };
  X;
#endif
#ifndef no_settle
  if
  :: state == ACTIVE || state == JOINING -> X; leave()     /* a dead predecessor's */
  :: else
  fi;
#endif
  old = state;
  X;
  if
  :: old == KEPT ->                        /* resume: the cursor is there */
#ifdef resume_joining
     atomic { SET(JOINING) };
     X
#else
     skip
#endif
  :: else ->
#ifdef cursor_first
     atomic { assert(owner == NO_PID); cursor = true };
     X;
     atomic { SET(JOINING) };
#else
     atomic { SET(JOINING) };
     X;
     atomic { assert(owner == NO_PID); cursor = true };
#endif
     X
  fi;
  atomic { SET(ACTIVE); assert(cursor); owner = _pid; place = keep };
  X;
  if
  :: reclaim == _pid -> reclaim = NO_PID
  :: else
  fi;
  X;
  assert(owner == _pid && state == ACTIVE && cursor);      /* it works */
  X;
  leave();
  X;
  assert(lease == _pid);
died:
  atomic {
    if :: lease == _pid -> lease = NO_PID :: else fi;
    if :: reclaim == _pid -> reclaim = NO_PID :: else fi;
    if :: owner == _pid -> owner = NO_PID :: else fi;
    old = 0
  }
}

proctype Reclaimer() {
  byte old;
end:
  do
  :: DIRTY && lease == NO_PID ->           /* checked and probed, without a lock */
     X;
endlock:
     atomic { reclaim == NO_PID -> reclaim = _pid };
     X;
     if
#ifdef no_probe
     :: true ->
#else
     :: lease == NO_PID ->
#endif
        X;
        if
#ifdef no_reread
        :: true -> leave()
#else
        :: DIRTY -> leave()
        :: else
#endif
        fi
#ifndef no_probe
     :: else
#endif
     fi;
     X;
     reclaim = NO_PID
  od;
died:
  atomic {
    if :: reclaim == _pid -> reclaim = NO_PID :: else fi;
    old = 0;
    run Reclaimer()                        /* another process checks, later */
  }
}

/* When nothing can move any more. */
active proctype End() {
  timeout;
  assert(lease == NO_PID && reclaim == NO_PID && !DIRTY);
  assert(state == KEPT || (state == CLEAN && !cursor));
  assert(!place || (state == KEPT && cursor))
}

init {
  atomic {
    if :: keep = true :: keep = false fi;
    run Reclaimer(); run Reclaimer();
    do
    :: starts < STARTS -> run Member(); starts++
    :: else -> break
    od
  }
}
