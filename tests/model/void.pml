/* SPDX-License-Identifier: MIT
 * void.pml - a tenancy that was refused is told so, and no other one.
 *
 * Follows look (src/ring/gate.c), rilli_refuse, evict and rilli_check_refused (evict.c), and
 * rilli_join, begin, resume and was_refused (group.c), edges E11 and E14. A state word carries
 * the generation of its tenancy. The producer refuses the tenancy that it sees between two equal
 * state words: one of a senseless cursor, or, at any time, one that holds the queue up, a joiner's
 * too. It stores the word in void_state, fences, and looks whether the row is still in that
 * tenancy; if so, it writes from then on over what that tenancy still reads. The member asks by
 * its generation, after what it read and before it says that a release holds; and once behind the
 * store of its state and a fence, by the generation too that it goes on from: refused, it begins
 * anew, with the next.
 *
 * Memory: weaker than x86: the producer's store of void_state may arrive behind what it writes
 * over, and behind its look at the state, but for a fence between; so do the member's two loads,
 * and its look behind the store of its state. The rest is in order (E11: lease.pml, join.pml).
 * DAMAGES stores of a senseless cursor come from whoever may write the page set, at any time:
 * that harms the tenancy which was damaged, and no other. A tenancy goes on from the one before
 * where it resumes a kept group: then their messages are the same.
 *
 * Properties (assertions): only a tenancy that was damaged is refused as senseless; only one that
 * was refused is told so; what was read before a release that holds had not been written over;
 * who goes on where a group was kept reads what was kept for it.
 *
 * mutant no_fence_producer: assertion violated - bytes may arrive before void_state
 * mutant no_fence_member: assertion violated - asked first, read then
 * mutant no_void: assertion violated - the row ceases to gate, and nobody is told
 * mutant no_generation: assertion violated - the next tenancy is taken for the one refused
 * mutant state_once: assertion violated - state is loaded before the cursor only
 * mutant no_state_again: assertion violated - a refusal under way while the next one goes on
 * mutant state_early: assertion violated - ... and the state is looked at before void_state is seen
 * mutant no_look_behind: assertion violated - who goes on asks before it stores its state only
 * mutant look_early: assertion violated - ... or its look passes that store
 * mutant own_only: assertion violated - ... or asks for its own generation only
 * mutant ask_by_word: assertion violated - a joiner was refused, its member asks as ACTIVE
 *
 * Measured: 438 140 states; LARGE: 4 447 336 */
#ifdef LARGE
#define TURNS 4
#define DAMAGES 2
#else
#define TURNS 3
#define DAMAGES 1
#endif
#define NONE 0                    /* cursors */
#define SOUND 1
#define DAMAGED 2
#define ACTIVE 1                  /* states: one of these, or 0, + 4 * generation */
#define KEPT 2
#define JOINING 3

byte state, cursor, void_state;
bool over[TURNS + 2];             /* messages of this generation were written over */
bool hurt[TURNS + 2];             /* ghost: generations that were damaged */
bool joins, done;                 /* ghost: in the middle of it */
byte who, void_who;               /* ghost: whose tenancy the state word is, and void_state */
#ifdef no_generation
#define NEXT t
#else
#define NEXT (t + 1)
#endif

#define IS_VOID(generation) (void_state != 0 && void_state / 4 == (generation))

active proctype Producer() {
  byte s, c, w;
  bool same;
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
     same = true;                                /* rilli_refuse, E14 */
#if defined(no_void)
     over[s / 4] = true;
#elif defined(no_fence_producer)
     same = (state / 4 == s / 4);
     if :: same -> over[s / 4] = true :: else fi;
     atomic { void_state = s; void_who = w };
#elif defined(state_early)
     same = (state / 4 == s / 4);
     atomic { void_state = s; void_who = w };
     if :: same -> over[s / 4] = true :: else fi;
#elif defined(no_state_again)
     atomic { void_state = s; void_who = w };
     over[s / 4] = true;
#else
     atomic { void_state = s; void_who = w };
     same = (state / 4 == s / 4);
     if :: same -> over[s / 4] = true :: else fi;
#endif
next:
     atomic { s = 0; c = 0; w = 0; same = false; if :: done -> break :: else fi }
  od
}

active proctype Damager() {
  byte n;
end:
  do
  :: atomic {
       n < DAMAGES && cursor == SOUND ->
       n++; cursor = DAMAGED; hurt[state / 4] = true;
       if :: joins -> hurt[state / 4 + 1] = true :: else fi
     }
  od
}

active proctype Member() {
  byte t, since, turn, me;
  bool kept, torn, asked;
  do
  :: turn < TURNS ->
     turn++;
     joins = true;
     t = state / 4;                              /* begin */
     kept = (state % 4 == KEPT);
     since = NEXT;
     if
     :: kept ->                                  /* resume */
        kept = (cursor == SOUND)
     :: else
     fi;
     if :: kept -> since = t :: else fi;
     if
     :: !kept -> atomic { state = JOINING + 4 * NEXT; me++; who = me }
     :: else
     fi;
     cursor = SOUND;
#if defined(no_look_behind)
     atomic { state = ACTIVE + 4 * NEXT; if :: kept -> me++; who = me :: else fi };
     asked = false;
#elif defined(look_early)
     asked = IS_VOID(since) || IS_VOID(NEXT);
     atomic { state = ACTIVE + 4 * NEXT; if :: kept -> me++; who = me :: else fi };
#elif defined(own_only)
     atomic { state = ACTIVE + 4 * NEXT; if :: kept -> me++; who = me :: else fi };
     asked = IS_VOID(NEXT);
#else
     atomic { state = ACTIVE + 4 * NEXT; if :: kept -> me++; who = me :: else fi };
     asked = IS_VOID(since) || IS_VOID(NEXT);   /* E14 */
#endif
     joins = false;
     if
     :: asked -> goto next                       /* anew: rilli_join */
     :: else
     fi;
     do                                          /* it reads, and releases */
     :: if
#ifdef no_fence_member
        :: asked = IS_VOID(NEXT); torn = over[NEXT] || over[since]
#elif defined(ask_by_word)
        :: torn = over[NEXT] || over[since]; asked = (void_state == ACTIVE + 4 * NEXT)
#else
        :: torn = over[NEXT] || over[since]; asked = IS_VOID(NEXT)           /* E14 */
#endif
        fi;
        if
        :: asked -> assert(void_who == me); break           /* -ESTALE */
        :: else -> assert(!torn)
        fi;
        if :: cursor = SOUND :: skip fi
     :: break
     od;
     if                                          /* rilli_leave */
     :: state = KEPT + 4 * NEXT
     :: cursor = NONE; state = 4 * NEXT
     fi;
next:
     atomic { torn = false; asked = false; kept = false; t = 0; since = 0 }
  :: else -> break
  od;
  done = true
}
