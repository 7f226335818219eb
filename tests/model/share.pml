/* SPDX-License-Identifier: MIT
 * share.pml - wake-one: members of a shared group sleep, but none while a message waits.
 *
 * PROTOCOL B10. No code follows this yet (the claims: claim.pml; here a claim is one step). The
 * producer's half is that of clear_and_wake() in publish.c and rilli_wake_sleepers() in park.c, the
 * member's that of park_for_message() in park.c; edges E5, E6 and E12, with these rules for
 * members that share messages:
 *   producer  takes the group's bit, bumps its bell, wakes ONE; a wake that found a sleeper
 *             sets the bit again, since there may be more sleepers. A batch wakes once.
 *   member    that was woken, has a claim, and sees more work: kicks (kick word + 1, wake ONE)
 *   leaver    that ends its wait without a claim (deadline, interrupt, close), and sees
 *             work: kicks, since the wake-up may be needed by another member
 *   nack      puts the claim back, then kicks
 *   reclaim   puts the claim of a dead member back, then kicks, with or without a claim:
 *             the dead member may have consumed a wake-up
 * Work is a message that no member claimed, or a claim that was put back.
 *
 * Memory: the producer's commit may wait in its store buffer until its next exchange or
 * system call, or a sleeper's membarrier. All else is a locked instruction or a kernel call.
 *
 * Properties (ltl, weak fairness): N messages, one by one or as a batch, are all claimed in the
 * end, and none stays put back, although one claim may be kept for ever or put back, or one
 * member may leave, or die after any step (it is reclaimed, and a new one follows or none does).
 *  without slices  the producer lives: no wake-up is lost
 *  with slices     the producer dies after any step; a successor continues, or there is none
 *
 * search: cycles, weak fairness
 *
 * mutant no_rearm: acceptance cycle - the bit is not set again behind a wake
 * mutant no_chain: acceptance cycle - a woken member does not kick the next
 * mutant leaves_silently: acceptance cycle - a woken member leaves, and its wake-up is lost
 * mutant nacks_silently: acceptance cycle - a claim is put back, no member is kicked
 * mutant reclaims_silently: acceptance cycle - a woken member dies, none is kicked
 * mutant kicks_first: acceptance cycle - reclaim kicks, then puts the claim back
 * mutant no_recheck: acceptance cycle - parks without a check behind the membarrier
 * mutant no_membarrier: acceptance cycle - the check comes before the commit is visible
 * mutant no_bump: acceptance cycle - the bit is taken, the bell is not bumped
 * mutant bell_late: acceptance cycle - the bell is read just before the sleep
 * mutant kick_late: acceptance cycle - the kick word is read just before the sleep
 * mutant no_slice: acceptance cycle - the producer dies between the bit and the wake-up
 *
 * Measured: 382 026 states; LARGE: 866 410 */
#ifdef LARGE
#define M 2
#define N 3
#define LOSSES 1
#else
#define M 2
#define N 2
#define LOSSES 1
#endif

byte head, seen, claimed;         /* messages committed, visible, claimed */
byte requeued;
bool bit_set;                     /* the group's bit in `sleepers` */
bool bell_fresh[M], kick_fresh[M];       /* the word is as it was read */
bool parked[M];
bool holds[M];
bool slices;
byte losses;                      /* claims kept or put back, members that left or died */

#define WORK (seen != claimed || requeued > 0)

ltl all_is_claimed { <>[] (claimed == N && requeued == 0) }

/* FUTEX_WAKE of one; found: a sleeper was there. */
inline wake_one() {
  if
  :: parked[0] -> parked[0] = false; found = true
  :: parked[1] -> parked[1] = false; found = true
#if M > 2
  :: parked[2] -> parked[2] = false; found = true
#endif
  :: else
  fi
}

#if M > 2
#define STALE(word) d_step { word[0] = false; word[1] = false; word[2] = false }
#else
#define STALE(word) d_step { word[0] = false; word[1] = false }
#endif

inline kick() {
  atomic { STALE(kick_fresh); wake_one(); found = false }
}

#ifdef no_slice
#define MORTAL true
#else
#define MORTAL slices
#endif
#define P if :: MORTAL && !died -> goto died_here :: true fi

active proctype Producer() {
  bool found, died, s;
#ifdef no_slice
  skip;
#else
  if :: slices = true :: skip fi;
#endif
publish:
  do
  :: head == N -> break
  :: atomic {
       head < N ->
       if
       :: head++
       :: head + 2 <= N -> head = head + 2       /* a batch */
       fi;
       if :: seen = head :: skip fi;
       P
     };
     s = bit_set;                                /* E5 */
     seen = head;
     if
     :: s ->
        atomic { bit_set = false; P };
#ifndef no_bump
        atomic { STALE(bell_fresh); P };         /* E6 */
#endif
        atomic { wake_one(); P };
#ifndef no_rearm
        atomic { if :: found -> bit_set = true :: else fi; P };
#endif
        found = false; s = false
     :: else
     fi
  od;
  goto out;
died_here:
  atomic { died = true; seen = head; found = false; s = false };
  if :: goto publish :: head == N fi;
out:
  do :: head == N -> head >= seen od             /* time goes on: runs are endless */
}

/* A member is lost: it keeps its claim, leaves or dies. */
#define LOSE !slices && losses < LOSSES -> losses++
#define X if :: LOSE; goto died :: true fi

/* The slot i: a dead member is reclaimed, and another one comes. */
active [M] proctype Member() {
  byte i = _pid - 1;
  bool woken, found;
look:
  atomic {
    if
    :: requeued > 0 -> requeued--; holds[i] = true
    :: requeued == 0 && seen != claimed -> claimed++; holds[i] = true
    :: requeued == 0 && seen == claimed -> woken = false; goto park
    :: woken && LOSE; woken = false; goto leave
    fi;
    X
  };
#ifndef no_chain
  atomic { if :: woken && WORK -> kick() :: else fi; X };  /* the next one's wake-up */
#endif
  woken = false;
  if
  :: holds[i] = false; goto look                 /* ack */
  :: atomic { LOSE; holds[i] = false; requeued++ };      /* nack */
#ifndef nacks_silently
     kick();
#endif
     goto again
  :: atomic { LOSE }; false                               /* keeps it for ever */
  fi;
park:
  atomic {
#ifndef bell_late
    bell_fresh[i] = true;                        /* E6 */
#endif
#ifndef kick_late
    kick_fresh[i] = true                         /* E12 */
#endif
  };
  atomic { bit_set = true; X };                  /* E5 */
  atomic {
#ifndef no_membarrier
    seen = head;
#endif
#ifndef no_recheck
    if :: WORK -> bell_fresh[i] = false; kick_fresh[i] = false; goto look :: else fi
#endif
  };
#ifdef bell_late
  bell_fresh[i] = true;
#endif
#ifdef kick_late
  kick_fresh[i] = true;
#endif
  atomic {                                       /* futex_waitv */
    if
    :: bell_fresh[i] && kick_fresh[i] -> parked[i] = true
    :: else
    fi;
    bell_fresh[i] = false; kick_fresh[i] = false
  };
  if
  :: !parked[i]
  :: atomic { slices && parked[i] -> parked[i] = false }
  :: atomic { LOSE; goto died }
  fi;
  atomic { woken = true; X };
  goto look;
leave:
#ifndef leaves_silently
  if :: WORK -> kick() :: else fi;
#endif
  goto out;
died:
  atomic { parked[i] = false; bell_fresh[i] = false; kick_fresh[i] = false; woken = false };
#ifdef kicks_first
  kick();
#endif
  d_step { requeued = requeued + holds[i]; holds[i] = false };
#if !defined(reclaims_silently) && !defined(kicks_first)
  kick();
#endif
again:
  if :: goto look :: goto out fi;                /* a successor comes, or none */
out:
  skip
}
