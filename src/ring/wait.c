/* SPDX-License-Identifier: MIT */
/* wait.c - waiting for a message, and for room: the only system calls of the ring.
 *
 * An eventcount whose waiter pays: who is about to sleep reads the word it will sleep on,
 * announces itself, makes every process fence (membarrier), looks once more, and sleeps
 * only while the word is unchanged. So publish and release need no fence (E5, E6, E7).
 * Every sleep is cut into slices, after which the sleeper looks for itself: whoever died
 * between taking the bits and waking costs a slice, once. Models: tests/model/park.pml,
 * room.pml. The idea of the asymmetric fence is Dice, Huang and Yang's ("Asymmetric Dekker
 * synchronization", 2001). */
#include "ring.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "error.h"
#include "fence.h"
#include "futex.h"

#define SPIN_LEAST INT64_C(5000) /* ns: what adaptive waiting spins at the least   */
#define SPIN_MOST INT64_C(50000) /* ns: about what waking a sleeper costs          */
#define TAIL_SLICE_MOST INT64_C(20000000)
#define REST 50000       /* ns: how long a full ring is left alone,           */
#define ASKED 20000      /* ns: and how long consumers are asked, then        */
#define PAUSES_A_REST 8u /* between two scans of the groups meanwhile         */
#define POLLS_A_LOOK 32u /* polls between two looks at the clock            */
#define REST_LEAST 750   /* ns: how long a consumer rests behind a stream     */
#define REST_MOST 6000
#define GIVEN INT64_C(10000000) /* ns: for how long whoever gets a core may keep it    */
#define ROWS 64u                /* of groups that are looked at for who may need it    */

int64_t rilli_now(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int rilli_check_removed(const struct rilli_ring *ring) {
  if (rilli_likely(!atomic_load_explicit(ring->tombstone, memory_order_acquire)))
    return 0;
  return rilli_fail(ESTALE, "queue '%s' was removed: open it again", ring->name);
}

/* --- how long to spin ----------------------------------------------------------- */

/* How long a strategy spins where the adaptive one does for so long. */
static int64_t by_strategy(const struct rilli_patience *patience, int64_t adaptive) {
  return patience->wait == RILL_SPIN ? RILL_FOREVER : patience->wait == RILL_PARK ? 0 : adaptive;
}

static int64_t spin_budget(const struct rilli_patience *patience) {
  int64_t budget = 4 * patience->typical;
  if (patience->typical > SPIN_MOST)
    budget = SPIN_LEAST;
  else if (budget < SPIN_LEAST * 4)
    budget = SPIN_LEAST * 4;
  else if (budget > SPIN_MOST)
    budget = SPIN_MOST;
  return by_strategy(patience, budget);
}

static void learn(struct rilli_patience *patience, int64_t waited) {
  if (waited > 4 * SPIN_MOST)
    waited = 4 * SPIN_MOST; /* one long pause is not a habit */
  patience->typical += (waited - patience->typical) / 8;
}

static int64_t later(int64_t start, int64_t span) {
  return span > RILL_FOREVER - start ? RILL_FOREVER : start + span;
}

static int64_t sooner(int64_t a, int64_t b) {
  return a < b ? a : b;
}

/* --- the producer waits for room --------------------------------------------------- */

/* At each look whether the queue was removed, which is one load; after the dead once a
 * slice. Returns 0 or -ESTALE. */
static int tend_producer(struct rill_producer *producer, int64_t now) {
  const int removed = rilli_check_removed(&producer->ring);
  if (removed || now < producer->patience.next_tend)
    return removed;
  producer->patience.next_tend = now + RILLI_SLICE;
  return producer->host.tend ? producer->host.tend(producer->host.self) : 0;
}

static int poll_room(struct rill_producer *producer, uint64_t need) {
  if (producer->patience.polls++ % POLLS_A_LOOK == 0) {
    const int code = tend_producer(producer, rilli_now());
    if (code)
      return code;
  }
  return rilli_scan_groups(producer, need);
}

/* The ring is full, so nothing is urgent: consumers that take a stream publish their cursor every
 * now and then, and are not asked to do so at each release, which would make them slower, while
 * that is enough. */
static int rest_for_room(struct rill_producer *producer, uint64_t need, int64_t until) {
  do {
    for (uint32_t pauses = 0; pauses < PAUSES_A_REST; pauses++)
      rilli_pause();
    if (rilli_scan_groups(producer, need) == 0)
      return 0;
  } while (rilli_now() < until);
  return -EAGAIN;
}

static int spin_for_room(struct rill_producer *producer, uint64_t need, int64_t until) {
  for (uint32_t polls = 1;; polls++) {
    if (rilli_scan_groups(producer, need) == 0)
      return 0;
    rilli_pause();
    if (polls % POLLS_A_LOOK)
      continue;
    const int64_t now = rilli_now();
    const int code = tend_producer(producer, now);
    if (code)
      return code;
    if (now >= until)
      return -EAGAIN;
  }
}

/* The cursor at which to be woken: an eighth of the ring more than needed, so that a woken
 * producer has something to do, but never beyond what consumers can reach. Consumers that are slow
 * shall not be waited for so long: in the second slice it is what is needed. */
static uint64_t target(const struct rill_producer *producer, uint64_t need, int soon) {
  const uint64_t least = need - producer->ring.capacity;
  const uint64_t eager = least + (soon ? 0 : rilli_eagerness(&producer->ring));
  return (rilli_before(producer->position, eager) ? producer->position : eager) &
         ~(uint64_t)(RILLI_FRAME_ALIGN - 1);
}

static int park_for_room(struct rill_producer *producer, uint64_t need, int64_t deadline) {
  const struct rilli_ring *ring = &producer->ring;
  for (int soon = deadline < later(rilli_now(), RILLI_SLICE);; soon = 1) {
    const struct rilli_futex room = {
        &ring->hints->room, atomic_load_explicit(&ring->hints->room, memory_order_acquire)};
    atomic_store_explicit(&ring->page->waiting, target(producer, need, soon),
                          memory_order_release); /* E7 */
    const int64_t slice = rilli_fence_peers() ? RILLI_SLICE : RILLI_SLICE_BLIND;
    int code = rilli_check_removed(ring); /* whose wake-up may have come before `room` was read */
    if (code)
      return code;
    if (rilli_scan_groups(producer, need) == 0)
      return 0;
    const int64_t before = rilli_now();
    if (before >= deadline)
      return -ETIMEDOUT;
    atomic_store_explicit(&ring->page->parks,
                          atomic_load_explicit(&ring->page->parks, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    code = rilli_futex_wait(&room, 1, sooner(deadline, later(before, slice)));
    if (rilli_scan_groups(producer, need) == 0)
      return 0;
    if (code == -EINTR)
      return rilli_fail(EINTR, "a signal came while the producer of queue '%s' waited for room",
                        ring->name);
    code = tend_producer(producer, rilli_now());
    if (code)
      return code;
  }
}

int rilli_wait_room(struct rill_producer *producer, uint64_t need, rill_time deadline) {
  if (deadline == RILL_NOW)
    return poll_room(producer, need);
  const struct rilli_ring *ring = &producer->ring;
  const struct rilli_patience *patience = &producer->patience;
  const int64_t start = rilli_now();
  const int64_t half = deadline > start ? start + (deadline - start) / 2 : start;
  const int64_t rest = sooner(half, later(start, sooner(by_strategy(patience, REST), REST)));
  const int64_t spin = later(rest, by_strategy(patience, ASKED));
  int code = -EAGAIN;
  if (rest > start)
    code = rest_for_room(producer, need, rest);
  if (code) {
    atomic_store_explicit(&ring->page->waiting, RILLI_SPINS, memory_order_release);
    code = spin_for_room(producer, need, sooner(deadline, spin));
    if (code == -EAGAIN)
      code = spin < deadline ? park_for_room(producer, need, deadline) : -ETIMEDOUT;
    atomic_store_explicit(&ring->page->waiting, RILLI_NONE, memory_order_release);
  }
  return code;
}

void rilli_wake_producer(struct rilli_hints *hints) {
  atomic_fetch_add_explicit(&hints->room, 1, memory_order_release); /* E7 */
  rilli_futex_wake(&hints->room);
}

void rilli_kick(struct rilli_group *group) {
  atomic_fetch_add_explicit(&group->kick, 1, memory_order_release); /* E12 */
  rilli_futex_wake(&group->kick);
}

/* --- the producer wakes ------------------------------------------------------------ */

int rilli_wake_sleepers(struct rill_producer *producer) {
  struct rilli_producer_page *page = producer->ring.page;
  uint64_t bits = atomic_exchange_explicit(&producer->hints->sleepers, 0, memory_order_acq_rel);
  for (; bits; bits &= bits - 1) {
    _Atomic uint32_t *bell = &page->bell[__builtin_ctzll(bits)];
    atomic_fetch_add_explicit(bell, 1, memory_order_release); /* E6 */
    rilli_futex_wake(bell);
    atomic_store_explicit(&page->wakes,
                          atomic_load_explicit(&page->wakes, memory_order_relaxed) + 1,
                          memory_order_relaxed);
  }
  return 0;
}

/* --- a consumer rests --------------------------------------------------------------------- */

/* Was another group that has a member seen an eighth of the ring behind? Only a hint. */
static int others_lag(const struct rill_consumer *consumer) {
  const struct rilli_ring *ring = &consumer->ring;
  for (uint32_t i = 0; i < ring->max_groups && i < ROWS; i++) {
    const struct rilli_seen *seen = &ring->seen[i];
    const uint64_t gate = atomic_load_explicit(&seen->gate, memory_order_relaxed);
    const uint64_t lag = consumer->position - gate;
    if (lag <= ring->capacity / 8 || lag > ring->capacity ||
        (consumer->group && i == consumer->group_index))
      continue;
    const uint64_t state = atomic_load_explicit(&seen->gate_state, memory_order_relaxed);
    if (RILLI_STATE_STATE(state) == RILLI_GROUP_ACTIVE)
      return 1;
  }
  return 0;
}

void rilli_rest(struct rill_consumer *consumer, int64_t deadline) {
  const int64_t now = rilli_now();
  consumer->rest = consumer->rest ? sooner(2 * consumer->rest, REST_MOST) : REST_LEAST;
  const int64_t until = sooner(deadline, now + consumer->rest);
  const int give_way =
      consumer->patience.wait != RILL_SPIN && deadline > later(now, GIVEN) && others_lag(consumer);
  do {
    if (give_way)
      (void)sched_yield();
    for (uint32_t pauses = 0; pauses < 4; pauses++)
      rilli_pause();
  } while (rilli_now() < until);
}

/* --- a consumer waits for a message --------------------------------------------------- */

static int interrupted(struct rill_consumer *consumer) {
  if (!atomic_load_explicit(&consumer->interrupted, memory_order_acquire))
    return 0;
  atomic_store_explicit(&consumer->interrupted, 0, memory_order_relaxed);
  return rilli_fail(ECANCELED, "the wait on queue '%s' was interrupted (rill_consumer_interrupt)",
                    consumer->ring.name);
}

/* The producer is gone: is everything read? The look at the ring comes after. */
static int end_of_stream(const struct rill_consumer *consumer) {
  atomic_thread_fence(memory_order_acquire);
  if (rilli_something_there(consumer) || consumer->follow)
    return 0;
  return rilli_fail(EPIPE, "the producer of queue '%s' is gone and everything is read",
                    consumer->ring.name);
}

/* What can be seen without a system call: a removal, a refusal, an orderly close. */
static int ended(const struct rill_consumer *consumer) {
  int code = rilli_check_removed(&consumer->ring);
  if (code == 0 && consumer->group)
    code = rilli_check_refused(consumer);
  if (code)
    return code;
  if (atomic_load_explicit(&consumer->page->state, memory_order_acquire) != RILLI_PRODUCER_CLOSED)
    return 0;
  return end_of_stream(consumer);
}

/* Once a slice: 0, -EPIPE or -ESTALE. */
static int tend_consumer(struct rill_consumer *consumer, int64_t now) {
  if (now < consumer->patience.next_tend)
    return 0;
  consumer->patience.next_tend = now + RILLI_SLICE;
  const int gone = consumer->host.tend ? consumer->host.tend(consumer->host.self) : 0;
  return gone == 1 ? end_of_stream(consumer) : gone;
}

static int poll_message(struct rill_consumer *consumer) {
  int code = interrupted(consumer);
  if (code == 0)
    code = ended(consumer);
  if (code == 0 && consumer->patience.polls++ % POLLS_A_LOOK == 0)
    code = tend_consumer(consumer, rilli_now());
  if (code)
    return code;
  return rilli_something_there(consumer) ? 0 : -EAGAIN;
}

/* Returns 0 (look), -EAGAIN (time to park) or what ends the wait. A message is not kept
 * waiting for a clock: *ret_now is when it was looked at last. */
static int spin_for_message(struct rill_consumer *consumer, int64_t until, int64_t *ret_now) {
  for (uint32_t polls = 1;; polls++) {
    if (rilli_something_there(consumer))
      return 0;
    rilli_pause();
    if (polls % POLLS_A_LOOK)
      continue;
    int code = interrupted(consumer);
    if (code == 0)
      code = ended(consumer);
    *ret_now = rilli_now();
    if (code == 0)
      code = tend_consumer(consumer, *ret_now);
    if (code)
      return code;
    if (*ret_now >= until)
      return -EAGAIN;
  }
}

/* How long one sleep may be: a tail cannot announce itself, so it looks more often. */
static int64_t announce(struct rill_consumer *consumer, int64_t waited) {
  if (!consumer->group) {
    const int64_t slice = waited / 2;
    return slice < RILLI_SLICE_BLIND ? RILLI_SLICE_BLIND
           : slice < TAIL_SLICE_MOST ? slice
                                     : TAIL_SLICE_MOST;
  }
  (void)atomic_fetch_or_explicit(&consumer->ring.hints->sleepers, UINT64_C(1),
                                 memory_order_seq_cst); /* E5 */
  return rilli_fence_peers() ? RILLI_SLICE : RILLI_SLICE_BLIND;
}

static int park_for_message(struct rill_consumer *consumer, int64_t start, int64_t deadline) {
  const _Atomic uint32_t *bell = &consumer->page->bell[0];
  const _Atomic uint32_t *kick = consumer->group ? &consumer->group->kick : &consumer->interrupted;
  for (int64_t now = start;; now = rilli_now()) {
    const struct rilli_futex words[2] = {
        {bell, atomic_load_explicit(bell, memory_order_acquire)},  /* E6 */
        {kick, atomic_load_explicit(kick, memory_order_acquire)}}; /* E12 */
    int code = interrupted(consumer);
    if (code)
      return code;
    const int64_t slice = announce(consumer, now - start);
    if (rilli_something_there(consumer))
      return 0;
    code = ended(consumer);
    if (code == 0)
      code = tend_consumer(consumer, now);
    if (code || rilli_something_there(consumer))
      return code;
    if (now >= deadline)
      return -ETIMEDOUT;
    if (consumer->slot)
      atomic_store_explicit(&consumer->slot->parks,
                            atomic_load_explicit(&consumer->slot->parks, memory_order_relaxed) + 1,
                            memory_order_relaxed);
    code = rilli_futex_wait(words, 2, sooner(deadline, later(now, slice)));
    if (rilli_something_there(consumer))
      return 0;
    if (atomic_load_explicit(kick, memory_order_acquire) != words[1].value)
      consumer->patience.next_tend = 0; /* kicked: perhaps the producer died; look at once */
    if (code == -EINTR) {
      code = interrupted(consumer);
      return code ? code
                  : rilli_fail(EINTR, "a signal came while a consumer of queue '%s' waited",
                               consumer->ring.name);
    }
  }
}

int rilli_wait_message(struct rill_consumer *consumer, rill_time deadline) {
  if (deadline == RILL_NOW)
    return poll_message(consumer);
  const int64_t start = rilli_now();
  const int64_t spin = later(start, spin_budget(&consumer->patience));
  int64_t now = start;
  int code = spin_for_message(consumer, sooner(deadline, spin), &now);
  if (code == -EAGAIN) {
    code = spin < deadline ? park_for_message(consumer, start, deadline) : -ETIMEDOUT;
    now = rilli_now();
  }
  learn(&consumer->patience, now - start);
  return code;
}

int rill_consumer_interrupt(rill_consumer *consumer) {
  if (!consumer->base)
    return -ECHILD;
  atomic_store_explicit(&consumer->interrupted, 1, memory_order_release);
  _Atomic uint32_t *kick = consumer->group ? &consumer->group->kick : &consumer->interrupted;
  if (consumer->group)
    atomic_fetch_add_explicit(kick, 1, memory_order_release); /* E12 */
  rilli_futex_wake(kick);
  return 0;
}
