/* SPDX-License-Identifier: MIT
 * row.pml - rows and names: each group has one row, and a row has one group.
 *
 * PROTOCOL G6, G7. Follows rilli_row_take(), find_named(), take_named(), find_free(), lock_member() and
 * rilli_row_settle() in row.c, prepare_row() and rill_consumer_close() in consumer.c,
 * rilli_reclaim_member() in reclaim.c and rilli_leave() in group.c; edges E10 and E11. For one
 * row, lease.pml has finer steps. Rows are found without a lock, so what was found is checked
 * again once lease and reclaim byte are held: the name of a row that has one, the state of one that
 * is free.
 * A process that searches a name holds the lock of this name until the row says that it is taken.
 * A row is used again when its old lease is free, not before.
 *
 * Memory: sequentially consistent (kernel locks; E10). Two rows; members of two names; one
 * group is kept, the other one is not. Each process may die after each step, KILLS times in all.
 *
 * Properties (assertions): never two rows of one name that are taken or kept; a member works
 * in a row of its name, and alone; a group that was kept is found by its next member.
 *
 * mutant no_name_lock: assertion violated - two members make one group twice
 * mutant settled_early: assertion violated - the name's lock is dropped before the row is taken
 * mutant no_name_check: assertion violated - a row found by name belongs to another group by now
 * mutant no_state_check: assertion violated - a row that was found free is taken by now
 * mutant no_lease: assertion violated - a row is used again while its member is still there
 *
 * Measured: 57 122 states; LARGE: 2.46 million */
#ifdef LARGE
#define KILLS 2
#define STARTS 4
#else
#define KILLS 1
#define STARTS 3
#endif
#define ROWS 2
#define NO_PID 255
#define NONE 0
#define JOINING 1
#define ACTIVE 2
#define KEPT 3

byte state[ROWS], name[ROWS];
byte lease[ROWS] = NO_PID, guard[ROWS] = NO_PID;
byte name_lock[2] = NO_PID;
byte owner[ROWS] = NO_PID;        /* ghost: the member that works there */
bool place;                       /* ghost: group 1 was kept */
byte kills, starts;

#define KEEPS(n) (n == 1)
#define X if :: kills < KILLS -> kills++; goto died :: true fi
#define DIRTY(r) (state[r] == JOINING || state[r] == ACTIVE)

inline leave(r) {
  atomic {
    if
    :: state[r] == ACTIVE && KEEPS(name[r]) -> state[r] = KEPT
    :: state[r] == JOINING || (state[r] == ACTIVE && !KEEPS(name[r])) ->
       assert(!place || name[r] != 1 || state[r] == JOINING);
       state[r] = NONE
    :: else
    fi;
    X
  }
}

inline unlock_member() {
  atomic {
    if :: r < ROWS && lease[r] == _pid -> lease[r] = NO_PID :: else fi;
    if :: r < ROWS && guard[r] == _pid -> guard[r] = NO_PID :: else fi;
    held = false
  }
}

inline lock_member() {
#ifdef no_lease
  held = true;
#else
  atomic {
    held = (lease[r] == NO_PID);
    if :: held -> lease[r] = _pid :: else fi;
    X
  };
#endif
  if
  :: held -> atomic { guard[r] == NO_PID -> guard[r] = _pid; X }
  :: else
  fi
}

/* Name 1 or 2. */
proctype Member(byte n) {
  byte r, tries;
  bool held;
#ifndef no_name_lock
  atomic { name_lock[n - 1] == NO_PID -> name_lock[n - 1] = _pid; X };
#endif
find:
  atomic { tries++; if :: tries > 2 -> goto died :: else fi };
  r = 0;                                         /* find_named */
  do
  :: atomic { r < ROWS && state[r] != NONE && name[r] == n -> break }
  :: atomic { r < ROWS && !(state[r] != NONE && name[r] == n) -> r++ }
  :: r == ROWS -> goto free
  od;
  lock_member();                                    /* take_named */
  if
  :: held ->
#ifndef no_name_check
     if :: name[r] != n -> unlock_member(); goto find :: else fi;
#endif
     goto enter
  :: else -> goto died                           /* it has a member */
  fi;
free:
  r = 0;                                         /* find_free */
  do
  :: r < ROWS ->
     if
     :: state[r] == NONE ->
        lock_member();
        if
#ifdef no_state_check
        :: held -> goto enter
#else
        :: held && state[r] == NONE -> goto enter
        :: held && state[r] != NONE -> unlock_member()
#endif
        :: !held
        fi
     :: state[r] != NONE
     fi;
     r++
  :: else -> goto died                           /* none is free */
  od;
enter:
#ifdef settled_early
  if :: name_lock[n - 1] == _pid -> name_lock[n - 1] = NO_PID :: else fi;
#endif
  if :: DIRTY(r) -> leave(r) :: else fi;         /* prepare_row */
  if
  :: state[r] == KEPT -> assert(name[r] == n)
  :: else ->
     atomic { assert(owner[r] == NO_PID); name[r] = n; X };
     atomic { state[r] = JOINING; X }
  fi;
  atomic {
    state[r] = ACTIVE;
    assert(owner[r] == NO_PID && name[r] == n);
    assert(state[1 - r] == NONE || name[1 - r] != n);
    owner[r] = _pid;
    place = place || KEEPS(n);
    X
  };
  atomic {                                       /* rilli_row_settle */
    if :: guard[r] == _pid -> guard[r] = NO_PID :: else fi;
    if :: name_lock[n - 1] == _pid -> name_lock[n - 1] = NO_PID :: else fi;
    X
  };
  atomic { assert(owner[r] == _pid && name[r] == n && state[r] == ACTIVE); X };
  atomic { owner[r] = NO_PID; leave(r) };
died:
  atomic {
    if :: r < ROWS && owner[r] == _pid -> owner[r] = NO_PID :: else fi;
    unlock_member();
    if :: name_lock[n - 1] == _pid -> name_lock[n - 1] = NO_PID :: else fi;
    r = 0; tries = 0
  }
}

proctype Reclaimer() {
  byte r;
  bool held;
end:
  do
  :: atomic { DIRTY(0) && lease[0] == NO_PID && guard[0] == NO_PID -> r = 0; guard[0] = _pid; X };
     goto look
  :: atomic { DIRTY(1) && lease[1] == NO_PID && guard[1] == NO_PID -> r = 1; guard[1] = _pid; X };
look:
     if
     :: lease[r] == NO_PID && DIRTY(r) -> leave(r)
     :: else
     fi;
     atomic { guard[r] = NO_PID; r = 0 }
  od;
died:
  atomic { unlock_member(); r = 0; run Reclaimer() }
}

active proctype End() {
  timeout;
  assert(!DIRTY(0) && !DIRTY(1));
  assert(!place || (state[0] == KEPT && name[0] == 1) || (state[1] == KEPT && name[1] == 1))
}

init {
  atomic {
    run Reclaimer(); run Member(1); run Member(2); starts = 2;
    do
    :: starts < STARTS -> starts++; if :: run Member(1) :: run Member(2) fi
    :: else -> break
    od
  }
}
