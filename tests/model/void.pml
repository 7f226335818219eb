/* SPDX-License-Identifier: MIT
 * void.pml - the member of a refused tenancy learns of it, and no other member.
 *
 * PROTOCOL V. Follows check_row() in gate.c, rilli_refuse() and evict() in evict.c, rilli_is_refused()
 * in evict.h, and rilli_join(), begin(), was_refused() and rilli_leave() in group.c; edges E11 and
 * E14. A state word carries the generation of its tenancy; resuming a kept group keeps it. The
 * producer refuses the tenancy that it sees between two equal state words: one with an invalid
 * cursor, or, at any time, one that holds the queue up, a joiner's too. It stores the word in
 * void_state, and from then on overwrites what that generation still reads. The member checks its
 * generation, after it has read and before a release reports success. A joiner that finds its
 * generation refused starts again with the next. A member may die at any step; then its row stays
 * as it is (kept), or as rilli_leave() leaves it.
 *
 * Memory: weaker than x86: the producer's two stores arrive in any order, unless a fence is between
 * them; so do the member's two loads. The rest is in program order (E11: lease.pml, join.pml). The
 * producer may stop between any two steps. DAMAGES stores of an invalid cursor come from any
 * process that may write the page set, at any time: they harm the tenancy that was damaged, and no
 * other.
 *
 * Properties (assertions): only a tenancy that was damaged is refused as invalid; only the member
 * of a refused one gets the error; what was read before a successful release was not overwritten,
 * nor was what lies where a kept group continues.
 *
 * mutant no_fence_producer: assertion violated - bytes may arrive before void_state
 * mutant no_fence_member: assertion violated - the member checks first, then reads
 * mutant no_void: assertion violated - the row no longer gates, and its member does not learn of it
 * mutant no_generation: assertion violated - the next tenancy is taken for the one refused
 * mutant state_once: assertion violated - state is loaded before the cursor only
 * mutant resume_counts: assertion violated - resuming a kept group takes the next generation
 * mutant cursor_kept: assertion violated - a kept group's new tenancy starts with the old cursor
 * mutant ask_by_word: assertion violated - a joiner was refused, the member compares with ACTIVE
 *
 * Measured: 955 525 states; LARGE: 9 979 591 */
#ifdef LARGE
#define TURNS 5
#define DAMAGES 2
#else
#define TURNS 4
#define DAMAGES 1
#endif
#define NONE 0                    /* cursors */
#define SOUND 1
#define DAMAGED 2
#define ACTIVE 1                  /* states: one of these, or 0, + 4 * generation */
#define KEPT 2
#define JOINING 3

byte state, cursor, void_state;
bool over[TURNS + 2];             /* messages of this generation were overwritten */
bool hurt[TURNS + 2];             /* ghost: generations that were damaged */
bool done;
byte who, void_who;               /* ghost: whose generation the state word is, and void_state */
byte from;                        /* ghost: whose messages lie at the cursor */
#ifdef no_generation
#define NEXT(t) (t)
#else
#define NEXT(t) ((t) + 1)
#endif

#define IS_VOID(generation) (void_state != 0 && void_state / 4 == (generation))

active proctype Producer() {
  byte s, c, w;
end:
  do
  :: atomic { s = state; w = who };              /* E11 */
     c = cursor;                                 /* E2 */
#ifndef state_once
     if :: s != state -> goto next :: else fi;
#endif
     if
     :: c == NONE || s % 4 == 0 -> goto next
     :: else
     fi;
     if
     :: IS_VOID(s / 4) -> over[s / 4] = true; goto next
     :: else
     fi;
     if
     :: c == DAMAGED && s % 4 != JOINING -> assert(hurt[s / 4])
     :: skip                                     /* it holds the queue up */
     :: goto next                                /* it gates */
     fi;
#ifdef no_fence_producer
     over[s / 4] = true;                         /* rilli_refuse, E14 */
     atomic { void_state = s; void_who = w };
#else
#ifndef no_void
     atomic { void_state = s; void_who = w };    /* rilli_refuse, E14 */
#endif
     over[s / 4] = true;
#endif
next:
     atomic { s = 0; c = 0; w = 0; if :: done -> break :: else fi }
  od
}

active proctype Damager() {
  byte n;
end:
  do
  :: atomic { n < DAMAGES && cursor == SOUND -> n++; cursor = DAMAGED; hurt[state / 4] = true }
  od
}

active proctype Member() {
  byte t, turn, me;
  bool kept, fresh, torn, asked;
  do
  :: turn < TURNS ->
     turn++;
     t = state / 4;                              /* begin */
     kept = (state % 4 == KEPT);
     fresh = !(kept && cursor == SOUND && !IS_VOID(t));
     if
     :: fresh ->
        t = NEXT(t);
#ifndef cursor_kept
        cursor = NONE;
#endif
        atomic { state = (kept -> KEPT : JOINING) + 4 * t; me++; who = me };
        if :: goto dead :: skip fi;
        atomic { cursor = SOUND; from = t }
     :: else
#ifdef resume_counts
        t = NEXT(t)
#endif
     fi;
     if :: goto dead :: skip fi;
     cursor = SOUND;
     state = ACTIVE + 4 * t;
     do                                          /* it reads, and releases */
     :: if
#ifdef no_fence_member
        :: asked = IS_VOID(t); torn = over[t] || over[from]
#elif defined(ask_by_word)
        :: torn = over[t] || over[from]; asked = (void_state == ACTIVE + 4 * t)
#else
        :: torn = over[t] || over[from]; asked = IS_VOID(t)           /* E14 */
#endif
        fi;
        if
        :: asked -> assert(void_who == me); break           /* -ESTALE */
        :: else -> assert(!torn)
        fi;
        if :: cursor = SOUND :: skip fi
     :: break
     od;
dead:                                            /* rilli_leave */
     if
     :: state % 4 == KEPT -> skip
     :: state % 4 == ACTIVE -> state = KEPT + 4 * t
     :: state % 4 != KEPT -> cursor = NONE; state = 4 * t
     fi;
     atomic { torn = false; asked = false; kept = false; fresh = false; t = 0 }
  :: else -> break
  od;
  done = true
}
