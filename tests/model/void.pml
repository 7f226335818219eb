/* SPDX-License-Identifier: MIT
 * void.pml - a tenancy that was refused is told so, and no other one.
 *
 * Follows look (src/ring/gate.c), refused and publish_or_fail (receive.c), and rilli_join,
 * resume and was_refused (group.c), edges E11 and E14. A state word carries the generation of
 * its tenancy. A producer that sees a senseless cursor between two equal state words stores
 * the word in void_state, and from then on writes over what that tenancy still reads. The
 * member asks for its own word, after what it read and before it says that a release holds; a
 * kept group that goes on asks by generation, since it was refused as ACTIVE or as KEPT.
 *
 * Memory: weaker than x86: the producer's two stores arrive in any order, but for a fence
 * between; so do the member's two loads. The rest is in order (E11: lease.pml, join.pml).
 * DAMAGES stores of a senseless cursor come from whoever may write the page set, at any time
 * but within a join: that harms the group which was damaged, and no other. For the same reason
 * a refusal that is under way (a few instructions) ends before the next member joins (several
 * system calls). The code does not see to that: without it the model has a counterexample.
 *
 * Properties (assertions): only a tenancy that was damaged is refused; what was read before a
 * release that holds had not been written over; who goes on where a group was kept reads what
 * was kept for it.
 *
 * mutant no_fence_producer: assertion violated - bytes may arrive before void_state
 * mutant no_fence_member: assertion violated - asked first, read then
 * mutant no_void: assertion violated - the row ceases to gate, and nobody is told
 * mutant no_generation: assertion violated - the next tenancy has the same state word
 * mutant state_once: assertion violated - state is loaded before the cursor only
 * mutant resume_unasked: assertion violated - a kept group goes on where it was refused
 * mutant resume_by_word: assertion violated - ... asks by the word of KEPT alone
 *
 * Measured: 83 176 states; LARGE: 460 377 */
#ifdef LARGE
#define TURNS 4
#define DAMAGES 3
#else
#define TURNS 3
#define DAMAGES 2
#endif
#define NONE 0                    /* cursors */
#define SOUND 1
#define DAMAGED 2
#define ACTIVE 1                  /* states: one of these, or 0, + 4 * generation */
#define KEPT 2
#define JOINING 3

byte state, cursor, void_state;
byte over;                        /* the generation whose messages were written over last */
bool hurt[TURNS + 2];             /* ghost: generations that were damaged */
bool joins, refusing;             /* ghost: in the middle of it */
bool done;

active proctype Producer() {
  byte s, c;
end:
  do
  :: s = state;                                  /* E11 */
     c = cursor;                                 /* E2 */
     if
     :: c == DAMAGED && (s % 4 == ACTIVE || s % 4 == KEPT) && void_state != s ->
        atomic {
#ifndef state_once
          if :: s != state -> goto next :: else fi;
#endif
          assert(hurt[s / 4]);
          refusing = true
        };
        if
#ifndef no_void
        :: void_state = s; over = s / 4          /* E14 */
#else
        :: over = s / 4
#endif
#ifdef no_fence_producer
        :: over = s / 4; void_state = s
#endif
        fi;
next:   refusing = false
     :: else -> skip
     fi;
     atomic { s = 0; c = 0; if :: done -> break :: else fi }
  od
}

active proctype Damager() {
  byte n;
end:
  do
  :: atomic {
       n < DAMAGES && cursor == SOUND && !joins ->
       n++; cursor = DAMAGED; hurt[state / 4] = true
     }
  od
}

active proctype Member() {
  byte mine, t, turn, torn, asked;
  bool kept;
  do
  :: turn < TURNS ->
     turn++;
     atomic { !refusing -> joins = true };
     t = state / 4;
     kept = (state % 4 == KEPT);
     if
     :: kept ->                                  /* resume */
#if defined(resume_unasked)
        asked = 0;
#elif defined(resume_by_word)
        asked = (void_state == state);
#else
        asked = (void_state / 4 == t);
#endif
        kept = (cursor == SOUND && !asked);
        assert(!kept || over != t)
     :: else
     fi;
#ifdef no_generation
     t = 0;
#endif
     if
     :: !kept -> state = JOINING + 4 * (t + 1)
     :: else
     fi;
     cursor = SOUND;
     mine = ACTIVE + 4 * (t + 1);
     atomic { state = mine; joins = false };
     do                                          /* it reads, and releases */
     :: if
        :: torn = (over == t + 1); asked = (void_state == mine)           /* E14 */
#ifdef no_fence_member
        :: asked = (void_state == mine); torn = (over == t + 1)
#endif
        fi;
        if
        :: asked -> break                        /* -ESTALE */
        :: else -> assert(!torn)
        fi;
        if :: cursor = SOUND :: skip fi
     :: break
     od;
     if                                          /* rilli_leave */
     :: state = KEPT + 4 * (t + 1)
     :: cursor = NONE; state = 4 * (t + 1)
     fi;
     atomic { torn = 0; asked = 0; kept = false; t = 0; mine = 0 }
  :: else -> break
  od;
  done = true
}
