/* SPDX-License-Identifier: MIT
 * overwrite.pml - reading while the producer overwrites: copy, then check.
 *
 * PROTOCOL A3, A4, R3, R4. Follows raise_limit() and open_gate() in gate.c, rill_publish_batch() in
 * publish.c, copy_frame() and catch_up() in copy.c and rilli_something_there() in receive.c; edges
 * E1 and E4. A frame is one unit with a commit word (sequence + 1) and a payload word; the next
 * commit word is zeroed before, and maybe more up to W, so `need` counts one unit more. A lapped
 * reader takes the place where it continues from W itself; index.pml shows that the index has an
 * entry there.
 *
 * Memory: weaker than x86. The producer's stores wait in a buffer and leave it in any
 * order, except that stores to one place keep their sequence, a release store waits for all
 * before it, and all stores behind a release fence wait for it. The reader's loads of payload
 * and W are in any order if no acquire fence is between them.
 *
 * Properties (assertions): a message that is delivered is whole and is the next one;
 * delivered + reported lost = its sequence, always; a message that was committed is never
 * taken for "empty"; invalid bytes are never seen behind the check.
 *
 * mutant no_check: assertion violated - the copy is delivered unchecked
 * mutant check_first: assertion violated - W is loaded before the copy
 * mutant limit_late: assertion violated - W is stored behind the frame's bytes
 * mutant no_fence_producer: assertion violated - no release fence behind W
 * mutant no_fence_reader: assertion violated - no acquire fence before the load of W
 * mutant believe_zero: assertion violated - a zero commit word is "empty" unchecked
 * mutant no_slack: assertion violated - W does not cover the next commit word
 * mutant commit_relaxed: assertion violated - the commit store is not a release store
 * mutant limit_relaxed: assertion violated - a reader that sees W may miss the commits before it
 *
 * Measured: 167 850 states; LARGE: 29.7 million, 31 s */
#ifdef LARGE
#define N 24
#define CAP 5
#define Q 3
#define ROOM 11
#else
#define N 9
#define CAP 4
#define Q 2
#define ROOM 9
#endif
#define LIMIT 1                   /* places: W, fence, commit words, payload words */
#define FENCE 2
#define WORD(p) (3 + (p) % CAP)
#define DATA(p) (3 + CAP + (p) % CAP)

byte W = CAP;
byte word[CAP], data[CAP];
byte done;                        /* ghost: commit words that were seen in memory */
byte place[ROOM], value[ROOM], used;      /* the store buffer */

inline put(a, v) { d_step { used < ROOM -> place[used] = a; value[used] = v; used++ } }
/* A release store leaves the buffer only as the first. */
#define IS_COMMIT(i) (place[i] > FENCE && place[i] < 3 + CAP && value[i] != 0)
#if defined(commit_relaxed)
#define RELEASED(i) (place[i] == LIMIT)
#elif defined(limit_relaxed)
#define RELEASED(i) IS_COMMIT(i)
#else
#define RELEASED(i) (place[i] == LIMIT || IS_COMMIT(i))
#endif

/* May entry x leave before entry k in front of it? */
#define PASS(k, x) (place[k] != FENCE && place[k] != place[x])

inline leave(x, free) {
  d_step {
    used > x && (x == 0 || (place[x] != FENCE && !RELEASED(x))) && free ->
    if
    :: place[x] == FENCE
    :: place[x] == LIMIT -> W = value[x]
    :: place[x] >= 3 + CAP -> data[place[x] - 3 - CAP] = value[x]
    :: else ->
       word[place[x] - 3] = value[x];
       if :: value[x] > done -> done = value[x] :: else fi
    fi;
    used--;
    k = x;
    do
    :: k < used -> place[k] = place[k + 1]; value[k] = value[k + 1]; k++
    :: else -> break
    od;
    place[used] = 0; value[used] = 0;
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
  :: leave(4, PASS(0, 4) && PASS(1, 4) && PASS(2, 4) && PASS(3, 4))
  od
}

#ifdef no_slack
#define NEED (p + 1)
#else
#define NEED (p + 2)
#endif
#define UP(x) (((x) + Q - 1) / Q * Q)

active proctype Producer() {
  byte p, w = CAP, z;
  do
  :: p < N ->
#ifndef limit_late
     if
     :: NEED > w ->
        w = UP(NEED);
        put(LIMIT, w);
#ifndef no_fence_producer
        put(FENCE, 0)
#endif
     :: else
     fi;
#endif
     put(DATA(p), p);
     do                                          /* clear: the next commit word, or more */
     :: z < p + 2 || z < w -> put(WORD(z), 0); z++
     :: z >= p + 2 -> break
     od;
#ifdef limit_late
     if :: NEED > w -> w = UP(NEED); put(LIMIT, w) :: else fi;
#endif
     put(WORD(p), p + 1);                        /* E1 */
     p++
  :: else -> break
  od;
  p = 0; w = 0; z = 0
}

active proctype Reader() {
  byte c, delivered, lost, a, d, w;
  bool late;
  do
  :: c < N ->
     (word[c % CAP] != 0 || W - c > CAP || done > c);      /* else it would only poll */
#ifdef check_first
     w = W;
#endif
     atomic { a = word[c % CAP]; late = (done > c) };      /* acquire, E1 */
#ifdef no_fence_reader
     if
     :: w = W; d = data[c % CAP]
     :: d = data[c % CAP]; w = W
     fi;
#else
     d = data[c % CAP];
#ifndef check_first
     w = W;                                                /* E4 */
#endif
#endif
     atomic {
       if
#ifdef believe_zero
       :: a == 0 -> assert(!late)
       :: a != 0 && w - c > CAP ->
#elif defined(no_check)
       :: false ->
#else
       :: w - c > CAP ->
#endif
          lost = lost + (w - CAP - c);                     /* catch_up */
          c = w - CAP
       :: else ->
          if
          :: a == 0 -> assert(!late)
          :: else ->
             assert(a == c + 1 && d == c);
             assert(delivered + lost == c);
             delivered++; c++
          fi
       fi;
       a = 0; d = 0; w = 0; late = false
     }
  :: else -> break
  od;
  atomic { c = 0; delivered = 0; lost = 0 }
}
