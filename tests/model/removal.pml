/* SPDX-License-Identifier: MIT
 * removal.pml - one name: creating, attaching, removing and collecting at the same time.
 *
 * PROTOCOL M, U. Follows attach() and open_data() in pair.c, open_or_create(), open_existing() and
 * create() in open.c, rilli_pair_name() in create.c, rilli_remove(), remove_locked() and bury() in
 * unlink.c, and remove_idle(), collect_queue() and collect_orphan() in gc.c; edges E9 (a name comes
 * last) and E13. A queue is a data file and a control file that has the name, or has lost it.
 * Locks are on the control file, not on the name: ATTACH (shared, by each process that has it open;
 * by a creator before it is named), the whole lease range (exclusive, by a remover of an idle
 * queue, so there is no ATTACH), the unlink byte (a remover, from the check whether the name still
 * means this file until both files are gone), and the creation lock (until it is named).
 *
 * Memory: sequentially consistent: each step but the tombstone is a system call, which the
 * kernel's locks put in sequence; a process that sees a lock free sees what its dead holder stored
 * (E10). Each process may die after each step, KILLS times in all; locks drop then.
 *
 * Properties: a queue is never removed as idle while a process has it open; no remover takes
 * the name of another queue; a process that attaches has a queue with its data, which had the name
 * and no tombstone when the process got its lock; a removal that reports success has taken the
 * name away (assertions). In the end, after one more gc: no name of a removed or half-made queue,
 * no data file without its queue, and a tombstone in each queue that lost its name, so that the
 * processes that have it open see it (assertions). attach() checks the name as well as the
 * tombstone because damaged files are removed without a tombstone.
 *
 * mutant look_first: assertion violated - tombstone and name checked, then ATTACH taken
 * mutant no_tombstone: assertion violated - attach does not check the tombstone
 * mutant no_range: assertion violated - the remover checks for users, but does not lock
 * mutant no_unlink_byte: assertion violated - two removers, and a new queue between them
 * mutant same_outside: assertion violated - the name is checked before the unlink byte
 * mutant tombstone_late: assertion violated - the name goes first, then the tombstone is stored
 * mutant data_first: assertion violated - the data file is removed before the name
 * mutant named_first: assertion violated - the control file is named, then the data file
 * mutant attach_late: assertion violated - a creator attaches when it has its name
 * mutant no_create_lock: assertion violated - gc takes the data of a creator that lives
 *
 * Measured: 1.60 million states; LARGE: 39.4 million, 90 s on a busy machine */
#define KILLS 1
#define TRIES 2                   /* of an opener */
#define FILES 3                   /* control files: 1 is there at the start, 0 is none */
#define NO_PID 255

byte named = 1;                   /* the control file that has the name; 0: none */
byte made = 1;                    /* control files so far */
bool tombstone[FILES], data[FILES];
byte attached[FILES];             /* ATTACH: how many */
byte range[FILES] = NO_PID, unlinking[FILES] = NO_PID, creating[FILES] = NO_PID;
byte users[FILES];                /* ghost: how many openers succeeded */
bool collected[FILES];            /* ghost: removed as idle */
bool was_named[FILES];            /* ghost */
byte kills;

#define X if :: kills < KILLS -> kills++; goto died :: true fi

#define BURY(f, idle) \
  atomic { \
    tombstone[f] = true; \
    if :: idle -> collected[f] = true; assert(users[f] == 0) :: else fi; \
    X \
  }

/* rilli_remove of f; idle: only if no other process has it open. done: the name is gone. */
inline remove(f, idle) {
#ifdef same_outside
  same = (named == f);
#endif
  atomic {
#ifdef no_unlink_byte
    locked = true;
#else
    locked = (unlinking[f] == NO_PID);
    if :: locked -> unlinking[f] = _pid :: else fi;
#endif
    X
  };
#ifndef same_outside
  same = (named == f);
#endif
  done = (locked && !same && !idle);
  atomic {
    locked = locked && same;
    if
    :: locked && idle ->
       locked = (attached[f] == mine && range[f] == NO_PID);
#ifndef no_range
       if :: locked -> range[f] = _pid :: else fi
#endif
    :: else
    fi;
    X
  };
  if
  :: locked ->
#ifndef tombstone_late
     BURY(f, idle);                              /* E13 */
#endif
#ifdef data_first
     atomic { data[f] = false; X };
#endif
     atomic { assert(named == f); named = 0; X };
#ifdef tombstone_late
     BURY(f, idle);
#endif
     data[f] = false;
     done = true
  :: else
  fi;
  atomic {
    X;
    if :: unlinking[f] == _pid -> unlinking[f] = NO_PID :: else fi;
    assert(!done || named != f);
    locked = false; same = false
  }
}

/* All locks of this process: its end, or when it closes its description. */
inline drop(f) {
  d_step {
    if :: mine -> attached[f] = attached[f] - 1; mine = 0 :: else fi;
    if :: user -> users[f] = users[f] - 1; user = false :: else fi;
    if :: range[f] == _pid -> range[f] = NO_PID :: else fi;
    if :: unlinking[f] == _pid -> unlinking[f] = NO_PID :: else fi;
    if :: creating[f] == _pid -> creating[f] = NO_PID :: else fi
  }
}

inline attach_lock() {
  atomic {
    locked = (range[f] == NO_PID);
    if
    :: locked ->
       attached[f] = attached[f] + 1; mine = 1;
       sound = (named == f && !tombstone[f])
    :: else
    fi;
    X
  }
}

inline make() {
  if
  :: made + 1 == FILES -> goto out               /* the model's files */
  :: d_step {                                    /* under random names */
    made + 1 < FILES ->
    made++;
    f = made;
#ifndef no_create_lock
    creating[f] = _pid;
#endif
#ifndef attach_late
    attached[f] = attached[f] + 1; mine = 1;
#endif
    sound = true
    }
  fi;
#ifndef named_first
  atomic { data[f] = true; X };                  /* data is named first */
#endif
  atomic {
    same = (named == 0);
    if :: same -> named = f; was_named[f] = true :: else fi;
    X
  };
#ifdef named_first
  atomic { if :: same -> data[f] = true :: else fi; X };
#endif
#ifdef attach_late
  attach_lock();
#endif
  atomic {
    if :: !same -> data[f] = false :: else fi;
    if :: creating[f] == _pid -> creating[f] = NO_PID :: else fi;
    X
  }
}

/* open_or_create(); the process then has the queue open, and closes it. */
proctype Opener() {
  byte f, mine, tries;
  bool locked, same, done, buried, sound, user;
again:
  tries++;
  f = named;
  if
  :: tries > TRIES -> goto out
  :: tries <= TRIES && f == 0 ->
     make();
     if :: same -> goto accept :: else -> goto later fi
  :: tries <= TRIES && f != 0
  fi;
#ifdef look_first
  buried = tombstone[f]; same = (named == f);
#endif
  attach_lock();
  if :: !locked -> goto later :: else -> locked = false fi;
#if !defined(look_first) && !defined(no_tombstone)
  buried = tombstone[f];
#endif
  if :: buried -> remove(f, false); goto later :: else fi;
#ifndef look_first
  same = (named == f);
#endif
  if :: !same -> goto later :: else fi;
  if                                             /* open_data */
  :: data[f]
  :: else -> assert(named != f); goto later
  fi;
  if
  :: skip
  :: remove(f, true); goto later                 /* left by others, with other attributes */
  fi;
accept:
  atomic {
    assert(sound && !collected[f]);
    users[f] = users[f] + 1; user = true
  };
  X;
  goto died;                                     /* it closes */
later:
  atomic { drop(f); locked = false; same = false; buried = false; done = false; sound = false };
  goto again;
died:
  drop(f);
out:
  atomic { f = 0; tries = 0; locked = false; same = false; buried = false; done = false; sound = false }
}

/* collect_orphan: a data file whose control file does not have the name. */
inline orphan(n) {
  if
  :: data[n] && named != n ->
     atomic {
       locked = (creating[n] == NO_PID);
       if :: locked -> creating[n] = _pid :: else fi
     };
     if
     :: locked && named != n -> data[n] = false
     :: else
     fi;
     atomic {
       if :: creating[n] == _pid -> creating[n] = NO_PID :: else fi;
       locked = false
     }
  :: else
  fi
}

/* rilli_unlink. */
proctype Unlinker() {
  byte f;
  bool locked, same, done, user, mine;
  f = named;
  if
  :: f ->
     do
     :: !done && unlinking[f] == NO_PID -> remove(f, false)
     :: done -> break
     od;
     orphan(f)
  :: else
  fi;
died:
  atomic { drop(f); f = 0; locked = false; same = false; done = false }
}

inline collect() {
  f = named;
  if
  :: f ->
     buried = tombstone[f];                      /* collect_queue, remove_idle */
     if :: buried -> remove(f, false) :: else -> remove(f, true) fi;
     atomic { drop(f); done = false; buried = false }
  :: else
  fi;
  n = 1;
  do
  :: n < FILES -> orphan(n); n++
  :: else -> n = 0; break
  od
}

proctype Collector() {
  byte f, n;
  bool locked, same, done, buried, user, mine;
  collect();
died:
  atomic {
    drop(f);
    if :: n < FILES && creating[n] == _pid -> creating[n] = NO_PID :: else fi;
    f = 0; n = 0; locked = false; same = false; done = false; buried = false
  }
}

active proctype End() {
  byte f, n;
  bool locked, same, done, buried, user, mine;
  timeout;
  kills = KILLS;
  collect();
died:
  do
  :: n < FILES ->
     assert(!data[n] || named == n);
     assert(!was_named[n] || named == n || tombstone[n]);
     assert(named != n || n == 0 || (data[n] && !tombstone[n]));
     n++
  :: else -> break
  od
}

init {
  atomic {
    data[1] = true; was_named[1] = true;
    run Opener();
#ifdef LARGE
    run Opener(); run Unlinker(); run Collector()
#else
    if
    :: run Opener(); run Unlinker()
    :: run Opener(); run Collector()
    :: run Unlinker(); run Collector()
    :: run Unlinker(); run Unlinker()
    fi
#endif
  }
}
