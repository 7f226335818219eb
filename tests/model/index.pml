/* SPDX-License-Identifier: MIT
 * index.pml - the index of frames, and the successor that resumes from it.
 *
 * PROTOCOL A2, A3, P7, P11, S2. Follows rilli_index_push(), read_entry() and search_index() in
 * index.c, raise_limit() and rilli_index_batch() in gate.c, publish_together() in publish.c and
 * rilli_find_head() in walk.c; edge E8. Frames are units, in batches of one or two; the next commit
 * word is one unit more. Behind its commit a batch may leave an entry for the place inside it, a
 * single one for the place behind it, without raising W: EXTRA of them in a run. No group holds
 * the producer up (the overwrite policy). A reader of the index runs all
 * the time.
 *
 * Memory: weaker than x86, as in overwrite.pml: stores leave the producer's buffer in any
 * order, but for stores to one place, release stores and release fences; the reader's
 * loads are reordered unless an acquire forbids it. The producer may die after any store;
 * the buffer drains before its lease is seen free (E10), then a successor starts.
 *
 * Properties (assertions): a successor continues at exactly the first sequence that was not
 * committed: none is skipped or repeated, no half batch is accepted; an entry that passes the
 * check is entry n, whole; a reader that has seen W finds an entry at or above W - capacity.
 *
 * mutant head_first: assertion violated - index_head stored before the entry
 * mutant head_relaxed: assertion violated - index_head is not a release store
 * mutant limit_first: assertion violated - W stored before the entry
 * mutant limit_relaxed: assertion violated - W is not a release store
 * mutant first_first: assertion violated - a batch commits its first frame first
 * mutant entries_inside: assertion violated - inside a batch, room is made and an entry pushed
 * mutant entries_early: assertion violated - the entry inside a batch comes before its commit
 * mutant no_fence_producer: assertion violated - neither fence: behind W, before the entry
 * mutant no_fence_reader: assertion violated - no acquire fence before the check
 * mutant no_check: assertion violated - the entry is trusted without the second load
 * mutant one_too_old: assertion violated - valid up to index_head = n + count
 *
 * Measured: 6.34 million states, 7 s; LARGE: 29.3 million, 86 s */
#ifdef LARGE
#define DEATHS 2
#define EXTRA 1
#else
#define DEATHS 1
#define EXTRA 1
#endif
#define N 4
#define CAP 4
#define SLOTS 3                   /* RILLI_INDEX_COUNT */
#define ROOM 8
#define LIMIT 1                   /* places */
#define FENCE 2
#define HEAD 3
#define POSITION(n) (4 + (n) % SLOTS)
#define SEQUENCE(n) (4 + SLOTS + (n) % SLOTS)
#define WORDS (4 + 2 * SLOTS)
#define WORD(p) (WORDS + (p) % CAP)

byte memory[WORDS + CAP];         /* by place; memory[FENCE] is unused */
byte place[ROOM], value[ROOM], used;      /* the store buffer */
byte truth[2 * N + 6];            /* ghost: the position pushed as entry n */
byte committed;                   /* ghost: sequences committed, by the last store of a batch */
byte deaths, extra;               /* extra: entries without raising W */
bool released[ROOM];              /* entry k is a release store */

inline put_as(a, v, r) {
  d_step { used < ROOM -> place[used] = a; value[used] = v; released[used] = r; used++ }
}
inline put(a, v) { put_as(a, v, false) }

/* May entry x leave before entry k in front of it? */
#define PASS(k, x) (place[k] != FENCE && place[k] != place[x])

inline leave(x, free) {
  d_step {
    used > x && (x == 0 || (place[x] != FENCE && !released[x])) && free ->
    memory[place[x]] = (place[x] == FENCE -> 0 : value[x]);
    used--;
    k = x;
    do
    :: k < used ->
       place[k] = place[k + 1]; value[k] = value[k + 1]; released[k] = released[k + 1]; k++
    :: else -> break
    od;
    place[used] = 0; value[used] = 0; released[used] = false;
    k = 0
  }
}

active proctype Memory() {
  byte k;
end:
  do
  :: leave(0, true)
  :: leave(1, PASS(0, 1))
  :: leave(2, PASS(0, 2) && PASS(1, 2))
  :: leave(3, PASS(0, 3) && PASS(1, 3) && PASS(2, 3))
  od
}

#define X if :: deaths < DEATHS -> deaths++; goto died :: true fi
#ifdef head_relaxed
#define HEAD_RELEASED false
#else
#define HEAD_RELEASED true
#endif
#ifdef limit_relaxed
#define LIMIT_RELEASED false
#else
#define LIMIT_RELEASED true
#endif

inline push(at) {
  truth[h] = at;
#ifdef head_first
  put_as(HEAD, h + 1, true);
  X;
#endif
#ifndef no_fence_producer
  put(FENCE, 0);
#endif
  put(POSITION(h), at);
  X;
  put(SEQUENCE(h), at);
  X;
#ifndef head_first
  put_as(HEAD, h + 1, HEAD_RELEASED);            /* E8 */
  X;
#endif
  h++
}

inline make_room(at, need) {
  if
  :: need > w ->
     w = need;
#ifdef limit_first
     put_as(LIMIT, w, true);
     X;
     push(at);
#else
     push(at);
     put_as(LIMIT, w, LIMIT_RELEASED);
     X;
#endif
#ifndef no_fence_producer
     put(FENCE, 0)                               /* E4, E3 */
#else
     skip
#endif
  :: else
  fi
}

proctype Producer() {
  byte p, h, w, n;
  atomic {                                       /* a successor; nothing else stores */
    used == 0 ->
    w = memory[LIMIT];
    h = memory[HEAD];
    p = (h -> memory[POSITION(h - 1)] : 0);
    do :: memory[WORD(p)] == p + 1 -> p++ :: else -> break od;
    assert(p == committed)
  };
  do
  :: p < N ->
     if :: n = 1 :: p + 2 <= N -> n = 2 fi;
#ifdef entries_inside
     make_room(p, p + 2);
     if :: n == 2 -> make_room(p + 1, p + 3) :: else fi;
#else
     make_room(p, p + n + 1);
#endif
#ifdef first_first
     put_as(WORD(p), p + 1, true);
     X;
#endif
     put(WORD(p + n), 0);
     X;
     if :: n == 2 -> put_as(WORD(p + 1), p + 2, true); X :: else fi;
#ifdef entries_early
     if :: n == 2 -> push(p + 1) :: true fi;
#endif
     d_step {
       p = p + n;
       committed = p
     };
#ifndef first_first
     put_as(WORD(p - n), p - n + 1, true);       /* E1: the first frame last */
#endif
     X;
     if                                          /* P11, A2: nothing but density depends on it */
#ifndef entries_early
     :: extra < EXTRA && n == 2 -> extra++; push(p - 1)
#endif
     :: extra < EXTRA && n == 1 -> extra++; push(p)
     :: true
     fi;
     n = 0
  :: else -> break
  od;
  if :: deaths <= DEATHS -> deaths = DEATHS + 1 :: else -> goto out fi;   /* one more successor */
died:
  run Producer();
out:
  atomic { p = 0; h = 0; w = 0; n = 0 }
}

active proctype Reader() {
  byte w, h, n, a, b;
end:
  do
  :: w = memory[LIMIT];                          /* acquire */
     h = memory[HEAD];                           /* acquire */
     atomic {
       assert(h > 0 || w == 0);
       if
       :: h > 0 -> n = h - 1
       :: h > 1 -> n = h - 2
       :: h == 0 -> n = 255
       fi
     };
     if
     :: n == 255
     :: else ->
        if
        :: a = memory[POSITION(n)]; b = memory[SEQUENCE(n)]
        :: b = memory[SEQUENCE(n)]; a = memory[POSITION(n)]
#ifdef no_fence_reader
        :: goto early
#endif
        fi;
        /* acquire fence */
#ifndef no_check
        if
#ifdef one_too_old
        :: memory[HEAD] > n + SLOTS -> goto next
#else
        :: memory[HEAD] >= n + SLOTS -> goto next
#endif
        :: else
        fi;
#endif
believe:
        atomic {
          assert(a == truth[n] && b == truth[n]);
          assert(n + 1 != h || a + CAP >= w)
        };
next:   skip
     fi;
     atomic { w = 0; h = 0; n = 0; a = 0; b = 0 }
  od;
#ifdef no_fence_reader
early:
  if :: memory[HEAD] >= n + SLOTS -> goto next :: else fi;
  a = memory[POSITION(n)]; b = memory[SEQUENCE(n)];
  goto believe
#endif
}

init { run Producer() }
