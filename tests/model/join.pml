/* SPDX-License-Identifier: MIT
 * join.pml - joining late while the producer overwrites: the reliable policy.
 *
 * PROTOCOL A, and G8 of the row. Follows raise_limit(), check_row(), open_gate() and
 * rilli_scan_groups() in gate.c, rilli_known_rows() in gate.c, make_row() in row.c,
 * rill_publish() in publish.c, rilli_join(), take_row() and rilli_leave() in group.c and
 * rilli_find_head() in walk.c; edges E1, E2, E3, E11 and E17. Frames are units; the 16 bytes for the
 * next commit word are one unit; the write limit W moves in quanta of Q, when there is need or
 * behind any commit, ahead of it. An index entry is pushed whole (index.pml).
 *
 * Memory: x86-TSO, a store buffer for the producer and for each joiner. The producer may
 * die once after any step; its buffer drains before its lease is seen free, then a
 * successor walks from the newest index entry. A joiner reads READS messages, twice each,
 * leaves, and joins again (LARGE: two joiners, once each, whose rows exist). A row
 * has no memory before its first joiner makes it: cursor NONE, then its bit in the map of rows. The
 * bit is set by a locked instruction; here it is a store like any other in the buffer, which is weaker.
 * With one joiner, another process clears the map once, after the last producer has seen the row.
 *
 * Properties (assertions): from A13 on every frame from J on stays whole and comes in
 * sequence until released; a successor continues exactly behind the last commit; a group that
 * keeps the rules is never refused; a row without memory is never read. (That no process is
 * stuck: park.pml, room.pml.)
 *
 * mutant no_fence_producer: assertion violated - no fence between W and the scan
 * mutant no_fence_joiner: assertion violated - no fence between row and the load of W
 * mutant no_recheck: assertion violated - no A11
 * mutant private_gate: assertion violated - the producer keeps U = gate + capacity, no W
 * mutant unscanned: assertion violated - a limit that was raised ahead is taken for free space
 * mutant scan_first: assertion violated - rows are scanned before W is stored
 * mutant lower_limit: assertion violated - a successor lowers W
 * mutant no_slack: assertion violated - need does not count the next commit word
 * mutant clear_late: assertion violated - the next commit word is not zero yet
 * mutant double_load: assertion violated - a row's cursor is loaded twice
 * mutant state_last: assertion violated - state loaded behind the cursor only, then refused
 * mutant row_late: assertion violated - the bit is set behind the joiner's fence
 * mutant rows_first: assertion violated - the map is loaded before the producer's fence
 * mutant rows_trusted: assertion violated - the producer forgets a row whose bit was cleared
 * mutant row_first: assertion violated - the bit is set before the row's cursor is NONE
 *
 * Measured: 4.38 million states; LARGE: 69.6 million */
#if defined(LARGE) || defined(double_load)     /* two rows are needed to see it */
#define JOINERS 2
#else
#define JOINERS 1
#endif
#ifdef LARGE
#define N 5
#else
#define N 6
#endif
#define CAP 3
#define Q 1
#define TIMES (3 - JOINERS)
#define MAKES (JOINERS == 1)      /* its row is not there yet */
#define READS 2
#define NONE 255
#define HOLE 254                  /* what a row without memory would show: 0, a place */
#define SLOTS (N + 4)
#define JOINING 1                 /* states: 4 * generation + JOINING, ACTIVE or 0 */
#define ACTIVE 2

byte W;
byte entry[SLOTS], entries;       /* the index */
byte cursor[JOINERS] = HOLE, state[JOINERS];
byte rows;                        /* which rows there are */
#if JOINERS == 1
byte known;                       /* the producer's own: which it has seen */
bool cleared;
#endif
byte gate[JOINERS] = NONE, gate_state[JOINERS];    /* the producer's view */
byte ring[CAP];                   /* position + 1 of the frame there; 0: zeroed */
byte committed;                   /* ghost: commit stores issued */
bool crashed, finished;

/* store buffers: 0 W, 1 an index entry, 2 + i ring; of a joiner: 0 cursor, 1 state, 2 its bit */
chan sbp = [4] of { byte, byte };
chan sb[JOINERS] = [2] of { byte, byte };

inline joiner_stores(j) {
  if
  :: a == 0 -> cursor[j] = v
  :: a == 1 -> state[j] = v
  :: else -> rows = rows | (1 << j)
  fi;
  a = 0; v = 0
}

active proctype Memory() {
  byte a, v;
end:
  do
  :: d_step {
       sbp?a,v ->
       if
       :: a == 0 -> W = v
       :: a == 1 -> entry[entries] = v; entries++
       :: else -> ring[a - 2] = v
       fi;
       a = 0; v = 0
     }
  :: d_step { sb[0]?a,v -> joiner_stores(0) }
#if JOINERS > 1
  :: d_step { sb[1]?a,v -> joiner_stores(1) }
#else
  :: d_step { crashed && !cleared && known == 1 && rows -> rows = 0; cleared = true }
#endif
  od
}

/* rilli_known_rows(): one load, behind the fence of E3. */
#ifdef rows_trusted
#define SEE_ROWS known = rows
#else
#define SEE_ROWS known = known | rows
#endif

/* check_row(): state, cursor (once), state again; g = min of the rows that count. */
inline scan() {
  d_step {
    i = 0; g = NONE;
#ifndef rows_first
    SEE_ROWS
#endif
  };
  do
  :: i < JOINERS && !(known >> i & 1) -> i++
  :: i < JOINERS && known >> i & 1 ->
#ifndef state_last
     s = state[i];
#endif
     c = cursor[i];
     atomic {
       assert(c != HOLE);
#ifdef state_last
       skip };
     s = state[i];
     atomic {
#endif
       if
       :: c != NONE && s % 4 == ACTIVE && s == state[i] ->
          assert(c <= p && p - c <= CAP);                      /* else E14: refused */
          assert(gate[i] == NONE || gate_state[i] != s || c >= gate[i]);
          gate[i] = c; gate_state[i] = s
       :: c == NONE -> gate[i] = NONE; gate_state[i] = 0
       :: else
       fi;
#ifdef double_load
       s = (c < g) };
     if :: s -> g = cursor[i] :: else fi;
     atomic {
#else
       if :: c < g -> g = c :: else fi;
#endif
       c = 0; s = 0; i++
     }
  :: i == JOINERS -> i = 0; break
  od
}

#define UP(x) (((x) + Q - 1) / Q * Q)
#ifdef no_slack
#define NEED (p + 1)
#else
#define NEED (p + 2)
#endif
#ifdef clear_late
#define CLEAR 1
#else
#define CLEAR 2
#endif
#define X if :: d_step { !crashed -> crashed = true; known = 0 } goto died :: true fi

inline open_gate(need) {
  if
  :: need > w ->
     w = UP(need);
     sbp!1,p;                                    /* E8 */
     X;
#if !defined(scan_first) && !defined(private_gate)
     sbp!0,w;                                    /* E3 */
     X
#endif
  :: else
  fi;
#ifdef rows_first
  SEE_ROWS;
#endif
#ifndef no_fence_producer
  (empty(sbp));                                  /* E3 */
#endif
  scan();
  atomic {
#ifdef private_gate
    U = (g == NONE -> p + CAP : g + CAP);
#else
    if
    :: g == NONE || g + CAP > w -> U = (w > U -> w : U)
    :: else -> U = (g + CAP > U -> g + CAP : U)
    fi;
#endif
    g = 0
  };
#ifdef scan_first
  sbp!0,w; (empty(sbp))
#endif
}

proctype Producer() {
  byte p, U, w, g, i, c, s, z;
#if JOINERS > 1
  byte known;
#endif
  atomic {                                       /* rilli_find_head: nothing else stores */
    empty(sbp) ->
    w = W;
    p = (entries -> entry[entries - 1] : 0);
    do :: ring[p % CAP] == p + 1 -> p++ :: else -> break od;
    assert(p == committed);
    U = p; z = p; known = 0
  };
#ifdef lower_limit
  scan();
  if :: g != NONE && g + CAP < w -> w = g + CAP; sbp!0,w; (empty(sbp)) :: else fi;
#endif
  do
  :: p < N ->
     if
     :: NEED > U ->
        open_gate(NEED)                          /* make_room */
     :: else ->
        do                                       /* clear: the next commit word, or more */
        :: z < p + CLEAR || z < U -> sbp!(2 + z % CAP),0; z++; X
        :: z >= p + CLEAR -> break
        od;
        skip;
        d_step { sbp!(2 + p % CAP),p + 1; p++; committed = p };        /* E1 */
        X;
        if
        :: p < N && w < N + 2 ->                 /* raise_ahead, now and then */
#ifdef unscanned
           w++; sbp!1,p; sbp!0,w; U = w
#else
           open_gate(w + 1)
#endif
        :: true
        fi
     fi
  :: else -> break
  od;
  finished = true;
died:
  atomic {
    p = 0; U = 0; z = 0; w = 0; g = 0; i = 0; c = 0; s = 0; known = 0;
    if :: !finished -> run Producer() :: else fi
  }
}

/* rilli_index_oldest: the oldest entry at or above W - CAP. */
inline choose() {
  atomic {
    i = entries;
    do
    :: i > 0 && entry[i - 1] + CAP >= w -> i--; j = entry[i]
    :: else -> break
    od;
    i = 0; w = 0
  }
}

proctype Joiner(byte me) {
  byte j, w, i, k, turn;
  if
  :: MAKES ->
#ifdef row_first
     sb[me]!2,0;
#endif
     sb[me]!0,NONE;                              /* G8 */
#if !defined(row_first) && !defined(row_late)
     sb[me]!2,0                                  /* E17 */
#endif
  :: else
  fi;
  do
  :: turn < TIMES ->
     turn++;
again:
     if :: entries > 0 || W == 0 fi;
     w = W;
     j = NONE;
     choose();
     if :: j == NONE -> if :: entries == 0 -> j = 0 :: else -> goto again fi :: else fi;
     sb[me]!1,4 * turn + JOINING;                /* A8, A10; in this order for lease.pml */
     sb[me]!0,j;
#ifndef no_fence_joiner
     (empty(sb[me]));                            /* A10, E3 */
#endif
#ifndef no_recheck
     if :: W > j + CAP -> goto again :: else fi; /* A11 */
#endif
#ifdef row_late
     sb[me]!2,0;                                 /* of the only joiner */
#endif
     sb[me]!1,4 * turn + ACTIVE;                 /* A13 */
     k = 0;
     do
     :: k < READS && j < N ->
        (ring[j % CAP] != 0 || (finished && empty(sbp)));
        assert(ring[j % CAP] == j + 1);
        assert(ring[j % CAP] == j + 1);          /* still being read */
        j++; k++;
        sb[me]!0,j                               /* E2 */
     :: else -> break
     od;
     sb[me]!0,NONE;                              /* leave */
     sb[me]!1,4 * turn
  :: else -> break
  od;
  atomic { j = 0; k = 0; turn = 0 }
}

init {
  atomic {
#if JOINERS > 1
    cursor[0] = NONE; cursor[1] = NONE; rows = 3; /* of groups that have gone */
#endif
    run Producer(); run Joiner(0);
#if JOINERS > 1
    run Joiner(1)
#endif
  }
}
