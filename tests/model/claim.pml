/* SPDX-License-Identifier: MIT
 * claim.pml - shared groups: the members of a group share its messages, each exactly once.
 *
 * PROTOCOL B1 to B6, and reclaim and adoption, B7 and B8. No code follows this yet: the layout has
 * room for it (RILLI_GROUP_SHARED, `claim`, the claim table), and the model comes first. It
 * checks the protocol below, which has three kinds of words:
 *   C    = {position, entry}                     where the next claim starts, whose the last was
 *   E[e] = {start, holder, state}                FREE, INTENT, HELD, REQUEUED
 *   R[e] = {number of frames, which of them are done}
 * C and E[e] are compare-and-swap words. Entries belong to member slots: only the holder of
 * the slot's lease turns one of them from FREE to INTENT.
 *   claim    1  {p,h} = C; is the frame at p there?
 *            2  x = E[h]; INTENT and x.start < p: CAS E[h] to HELD: C will forget it   (help)
 *            3  R[e] = frames (relaxed), E[e] = {p, me, INTENT} (release)
 *            4  CAS C from {p,h} to {end,e} (acq_rel)
 *            5  failed: E[e] = FREE, again from 1; won: deliver
 *   ack      R[e] with one bit more (relaxed); the last frame: E[e] = FREE (release)
 *   nack     E[e] = REQUEUED (release)
 *   adopt    x = E[q]; REQUEUED: CAS E[q] to {x.start, me, HELD} in place; then R[q]: only
 *            what is not done
 *   reclaim  of dead member k, its lease held, every E[q] whose holder is k: x = E[q], then C;
 *            INTENT: C names q and x.start < p: CAS to REQUEUED, else CAS to FREE;
 *            HELD: CAS to REQUEUED; a CAS that fails: load again. Then the slot is free.
 * A new member of a slot that was not reclaimed does this first (lease.pml shows that the lease
 * and the reclaim byte allow one process at a time). Delivery counts, and the limit at which an
 * adopter publishes elsewhere instead, are left out: for this table they are an adoption.
 *
 * Memory: each member's stores wait in a buffer and leave it in program order (x86-TSO). A
 * relaxed store (R) may also leave before those in front of it (as on ARM); a release store
 * leaves behind all others, and a CAS waits until the buffer is empty. Loads are acquire, in
 * program order, and see the member's own buffer. Each member may die after each step, KILLS
 * times in all; what it had stored arrives before its lease is seen free (E10). STARTS more
 * members take free slots. One nack. Two shapes, chosen at the start and not combined: slot 0 has
 * two entries, and so may hold two claims, of one frame each, and there is no nack; or each slot
 * has one entry, of one or two frames.
 *
 * Properties: no message is delivered to two members at a time, or after its ack was stored, or to
 * a member that cannot know its number (assertions); in the end all are acked, else members wait
 * for ever for what was lost (invalid end state).
 *
 * mutant no_help: invalid end state - no member records a claim before C forgets it
 * mutant help_late: invalid end state - recorded behind the CAS of C
 * mutant help_not_own: invalid end state - a member does not record its own older claim
 * mutant help_unequal: assertion violated - x.start != p: confirms what was never won
 * mutant help_stores: assertion violated - recorded by a store, not a CAS
 * mutant reclaim_any_start: assertion violated - C names it, so it is taken for won
 * mutant reclaim_never: invalid end state - an INTENT of a dead member is taken for not won
 * mutant reclaim_no_reload: invalid end state - a CAS that fails is not tried again
 * mutant intent_late: invalid end state - INTENT is stored behind the CAS of C
 * mutant frames_late: assertion violated - R is stored behind the CAS of C
 * mutant moved: assertion violated - an adopter moves the claim to its own entry
 * mutant adopt_stores: assertion violated - adopted by a store, not a CAS
 * mutant mask_ignored: assertion violated - an adopter delivers done frames as well
 * mutant free_relaxed: assertion violated - FREE may be seen before the mask in front of it
 * mutant nack_relaxed: assertion violated - REQUEUED may be seen before the mask
 * mutant lease_early: assertion violated - the lease is free before the stores arrived
 * mutant no_settle: invalid end state - a new member forgets what the slot's last one left
 *
 * Measured: 1.48 million states; LARGE: 7.74 million */
#ifdef LARGE
#define N 3
#define KILLS 2
#define STARTS 2
#define ROOM 3
#else
#define N 3
#define KILLS 1
#define STARTS 1
#define ROOM 2
#endif
#define M 2
#define ENTRIES 3
#define OWNER(e) ((e) < 2 -> 0 : 1)
#define NOE 15
#define FREE 0                    /* E[e]: state + 4 * holder + 16 * start */
#define INTENT 1
#define HELD 2
#define REQUEUED 3
#define WORD(s, i, p) ((s) + 4 * (i) + 16 * (p))
#define STATE(x) ((x) % 4)
#define HOLDER(x) ((x) / 4 % 4)
#define START(x) ((x) / 16)
#define R(e) (ENTRIES + (e))      /* frames + 4 * done */

typedef Buffer { byte place[3]; byte value[3]; byte used };
Buffer b[M];
byte memory[2 * ENTRIES];         /* E, then R */
byte C = 16 * NOE;                /* position + 16 * entry */
bool lease[M], dirty[M];
bool acked[N];                    /* ghost: its ack was stored */
byte busy[N];                     /* ghost: 1 + who has it */
byte kills, starts, live;
bool nacked;
bool wide;                        /* slot 0 has two entries, claims are of one frame, no nack */

#define LOAD(a) (b[i].used > 2 && b[i].place[2] == (a) -> b[i].value[2] : \
                (b[i].used > 1 && b[i].place[1] == (a) -> b[i].value[1] : \
                (b[i].used > 0 && b[i].place[0] == (a) -> b[i].value[0] : memory[a])))
#define PUT(a, v) d_step { \
  b[i].used < ROOM -> \
  b[i].place[b[i].used] = a; b[i].value[b[i].used] = v; b[i].used = b[i].used + 1 }
#define DRAINED (b[i].used == 0)

/* May entry x of a buffer leave before those in front of it? Not before one of the same place. */
#if defined(free_relaxed)
#define RELAXED(m, x) (b[m].place[x] >= ENTRIES || b[m].value[x] == FREE)
#elif defined(nack_relaxed)
#define RELAXED(m, x) (b[m].place[x] >= ENTRIES || STATE(b[m].value[x]) == REQUEUED)
#else
#define RELAXED(m, x) (b[m].place[x] >= ENTRIES)
#endif

inline leave(m, x, may) {
  d_step {
    b[m].used > x && may ->
    memory[b[m].place[x]] = b[m].value[x];
    if
    :: x < 1 -> b[m].place[0] = b[m].place[1]; b[m].value[0] = b[m].value[1]
    :: else
    fi;
    if
    :: x < 2 -> b[m].place[1] = b[m].place[2]; b[m].value[1] = b[m].value[2]
    :: else
    fi;
    b[m].place[2] = 0; b[m].value[2] = 0;
    b[m].used = b[m].used - 1
  }
}
#define LEAVES(m) \
  :: leave(m, 0, true) \
  :: leave(m, 1, RELAXED(m, 1) && b[m].place[0] != b[m].place[1]) \
  :: leave(m, 2, RELAXED(m, 2) && b[m].place[0] != b[m].place[2] && b[m].place[1] != b[m].place[2])

active proctype Memory() {
end:
  do
  LEAVES(0)
  LEAVES(1)
  od
}

/* A CAS of a word in memory; ok: it succeeded. */
#define SWAP(w, x, y) atomic { DRAINED -> ok = (w == x); if :: ok -> w = y :: else fi }
#define X if :: kills < KILLS && live > 1 -> kills++; live--; goto died :: true fi

#ifdef help_unequal
#define WON_H(s, p) (s != p)
#else
#define WON_H(s, p) (s < p)
#endif
#if defined(reclaim_any_start)
#define WON_R(h, q, s, p) (h == q)
#elif defined(reclaim_never)
#define WON_R(h, q, s, p) (false)
#else
#define WON_R(h, q, s, p) (h == q && s < p)
#endif

inline help() {
  atomic {
    if
#ifdef help_not_own
    :: c / 16 != NOE && OWNER(c / 16) != i -> x = LOAD(c / 16)
#else
    :: c / 16 != NOE -> x = LOAD(c / 16)
#endif
    :: else
    fi;
    if
    :: STATE(x) == INTENT && WON_H(START(x), c % 16)
    :: else -> x = 0
    fi
  };
  if
  :: x ->
#ifdef help_stores
     atomic { PUT(c / 16, x + HELD - INTENT); X };
#else
     atomic { SWAP(memory[c / 16], x, x + HELD - INTENT); ok = false; X };
#endif
     x = 0
  :: else
  fi
}

/* The frames of claim x, except those that are done, belong to this member now. */
inline got(x, done, frames) {
  d_step {
    q = 0;
    do
    :: q < frames ->
       if
       :: (done >> q) & 1
#ifdef mask_ignored
          -> assert(!acked[START(x) + q])
#endif
       :: else ->
          assert(START(x) + q < N && !acked[START(x) + q] && busy[START(x) + q] == 0);
          busy[START(x) + q] = i + 1
       fi;
       q++
    :: else -> break
    od;
    q = 0
  }
}

/* C was loaded: 1. */
inline claim(e) {
#if !defined(no_help) && !defined(help_late)
  help();                                        /* 2 */
#endif
  atomic {
    if :: r = 1 :: !wide && c % 16 + 2 <= N -> r = 2 fi;
#ifndef frames_late
    PUT(R(e), r);                                /* 3 */
#endif
    X
  };
#ifndef intent_late
  atomic { PUT(e, WORD(INTENT, i, c % 16)); X };
#endif
  atomic {                                       /* 4 */
    SWAP(C, c, c % 16 + r + 16 * e);
    if
    :: ok -> got(WORD(HELD, i, c % 16), 0, r); mine = mine | 1 << e
    :: else
    fi;
    X
  };
  if
  :: ok ->
#ifdef frames_late
     atomic { PUT(R(e), r); X };
#endif
#ifdef intent_late
     atomic { PUT(e, WORD(HELD, i, c % 16)); X };
#endif
#ifdef help_late
     help();
#endif
     skip
#ifndef intent_late
  :: else -> atomic { PUT(e, FREE); X }          /* 5 */
#else
  :: else
#endif
  fi;
  r = 0; ok = false; c = 0
}

/* One frame of claim e, or (once) a nack of all frames that are left. */
inline work(e) {
  atomic {
    r = LOAD(R(e));
    x = LOAD(e);
    if
    :: q = 0
    :: r % 4 == 2 -> q = 1
    fi;
    if
    :: (r / 4 >> q) & 1 -> q = 1 - q
    :: else
    fi;
    if
    :: d_step {
         assert(busy[START(x) + q] == i + 1 && !acked[START(x) + q]);
         acked[START(x) + q] = true; busy[START(x) + q] = 0;
         r = r + (4 << q)
       };
       if
       :: r % 4 == 1 || r / 4 == 3 ->
          mine = mine & ~(1 << e);
#ifdef free_relaxed
          PUT(R(e), r);
#endif
          PUT(e, FREE)
       :: else -> PUT(R(e), r)
       fi
    :: !nacked ->
       nacked = true; mine = mine & ~(1 << e);
       d_step {
         q = 0;
         do
         :: q < r % 4 ->
            if :: busy[START(x) + q] == i + 1 -> busy[START(x) + q] = 0 :: else fi;
            q++
         :: else -> break
         od
       };
       PUT(e, x - STATE(x) + REQUEUED)
    fi;
    r = 0; x = 0; q = 0;
    X
  }
}

/* x = E[e] was REQUEUED. */
inline adopt(e) {
#if defined(adopt_stores)
  atomic { PUT(e, WORD(HELD, i, START(x))); X };
  ok = true;
#elif defined(moved)
  atomic { SWAP(memory[e], x, WORD(HELD, i, START(x))); X };
  if
  :: ok && OWNER(e) != i && LOAD(3 - e) == FREE ->
     atomic { PUT(R(3 - e), memory[R(e)]); PUT(3 - e, WORD(HELD, i, START(x))); X };
     atomic { PUT(e, FREE); X }
  :: else
  fi;
#else
  atomic { SWAP(memory[e], x, WORD(HELD, i, START(x))); X };
#endif
  atomic {
    if
    :: ok ->
       r = LOAD(R(e));
#ifdef mask_ignored
       got(x, 0, r % 4);
#else
       got(x, r / 4, r % 4);
#endif
       mine = mine | 1 << e; r = 0; ok = false
    :: else
    fi;
    x = 0
  }
}

/* All entries of dead k; its lease is held. */
inline reclaim(k) {
  e = 0;
  do
  :: atomic {
       e < ENTRIES ->
       x = LOAD(e);
       if
       :: HOLDER(x) == k && (STATE(x) == INTENT || STATE(x) == HELD) -> worked = true
       :: else -> e++; x = 0
       fi
     };
     if
     :: STATE(x) == INTENT ->
        c = C;
        if
        :: WON_R(c / 16, e, START(x), c % 16) ->
           atomic { SWAP(memory[e], x, x + REQUEUED - INTENT); x = 0; X }
        :: else -> atomic { SWAP(memory[e], x, FREE); x = 0; X }
        fi;
        c = 0
     :: STATE(x) == HELD -> atomic { SWAP(memory[e], x, x + REQUEUED - HELD); x = 0; X }
     :: else
     fi;
#ifdef reclaim_no_reload
     e = e + worked;
#else
     e = e + (worked && ok);
#endif
     atomic { ok = false; worked = false }
  :: e == ENTRIES -> e = 0; break
  od;
  atomic { dirty[k] = false; X }
}

#define ALL_ACKED (acked[0] && acked[1] && acked[2] && acked[N - 1])

proctype Member(byte i) {
  byte c, x, r, q, e;
  byte mine;                                     /* bit e: it holds claim e */
  bool ok, other, worked;
#ifndef no_settle
  if :: dirty[i] -> reclaim(i) :: else fi;
#endif
  atomic { dirty[i] = true; X };
  do
  :: atomic {
       ALL_ACKED && mine == 0 && DRAINED ->      /* leaves */
       dirty[i] = false; lease[i] = false; live--;
       goto out
     }
  :: mine & 1 -> work(0)
  :: mine & 2 -> work(1)
  :: mine & 4 -> work(2)
  :: atomic { STATE(LOAD(0)) == REQUEUED -> x = LOAD(0) }; adopt(0)
  :: atomic { STATE(LOAD(1)) == REQUEUED -> x = LOAD(1) }; adopt(1)
  :: atomic { STATE(LOAD(2)) == REQUEUED -> x = LOAD(2) }; adopt(2)
  :: atomic { C % 16 < N && i == 0 && LOAD(0) == FREE -> c = C }; claim(0)
  :: atomic { C % 16 < N && i == 0 && wide && LOAD(1) == FREE -> c = C }; claim(1)
  :: atomic { C % 16 < N && i == 1 && LOAD(2) == FREE -> c = C }; claim(2)
  :: atomic { dirty[1 - i] && !lease[1 - i] -> lease[1 - i] = true; other = true; X };
     reclaim(1 - i);
     atomic { lease[1 - i] = false; other = false }
  od;
died:
  atomic {
    d_step {
      q = 0;
      do
      :: q < N -> if :: busy[q] == i + 1 -> busy[q] = 0 :: else fi; q++
      :: else -> break
      od;
      q = 0; c = 0; x = 0; r = 0; e = 0; mine = 0; ok = false; worked = false
    }
#ifndef lease_early
    DRAINED ->
#endif
    lease[i] = false;
    if :: other -> lease[1 - i] = false; other = false :: else fi
  };
out:
  skip
}

/* Another member takes a free slot. */
proctype Starter() {
end:
  do
  :: atomic {
       starts < STARTS && !ALL_ACKED && !lease[0] ->
       lease[0] = true; starts++; live++; run Member(0)
     }
  :: atomic {
       starts < STARTS && !ALL_ACKED && !lease[1] ->
       lease[1] = true; starts++; live++; run Member(1)
     }
  od
}

init {
  atomic {
    lease[0] = true; lease[1] = true; live = 2;
    if :: wide = true; nacked = true :: skip fi;
    run Member(0); run Member(1); run Starter()
  }
}
