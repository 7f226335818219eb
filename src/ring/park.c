/* SPDX-License-Identifier: MIT */
/* park.c - waiting for a message and for room, and waking: the only system calls of the ring.
 *
 * An eventcount whose waiter pays: a process about to sleep reads the word that it will sleep on,
 * announces itself, makes every process fence (membarrier), checks once more, and sleeps
 * only while the word is unchanged. So publish and release need no fence (E5, E6, E7).
 * Every sleep is cut into slices, after which the sleeper checks for itself: a waker that died
 * between taking the bits and waking costs a slice, once. How long each part lasts is decided in
 * waiter.c; the steps: shm/PROTOCOL.md, W. Models: tests/model/park.pml, room.pml, both.pml.
 * The idea of the asymmetric fence is Dice, Huang and Yang's ("Asymmetric Dekker
 * synchronization", 2001). */
#include "park.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "error.h"
#include "evict.h"
#include "fence.h"
#include "futex.h"
#include "gate.h"

#define PAUSES_A_REST 8u  /* pauses between two scans of the groups        */
#define POLLS_A_CHECK 32u /* polls between two readings of the clock       */

int64_t rilli_now(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int rilli_check_removed(const struct rilli_ring *ring) {
  /* E13, acquire: pairs with bury() in unlink.c */
  if (rilli_likely(!atomic_load_explicit(ring->tombstone, memory_order_acquire)))
    return 0;
  return rilli_fail(ESTALE, "queue '%s' was removed: open it again", ring->name);
}

/* --- the producer waits for room --------------------------------------------------- */

/* Checks each time whether the queue was removed, which is one load, and once a slice for dead
 * groups. Returns 0 or -ESTALE. */
static int producer_housekeeping(struct rill_producer *producer, int64_t now) {
  const int removed = rilli_check_removed(&producer->ring);
  if (removed || now < producer->patience.next_housekeeping)
    return removed;
  producer->patience.next_housekeeping = now + RILLI_SLICE;
  return producer->host.housekeeping ? producer->host.housekeeping(producer->host.self) : 0;
}

static int poll_room(struct rill_producer *producer, uint64_t need) {
  if (producer->patience.polls++ % POLLS_A_CHECK == 0) {
    const int code = producer_housekeeping(producer, rilli_now());
    if (code)
      return code;
  }
  return rilli_scan_groups(producer, need);
}

/* The ring is full, so nothing is urgent: consumers of a stream publish their cursor now and then.
 * While that is enough, they are not asked to do it at each release, which would slow them. */
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
    if (polls % POLLS_A_CHECK)
      continue;
    const int64_t now = rilli_now();
    const int code = producer_housekeeping(producer, now);
    if (code)
      return code;
    if (now >= until)
      return -EAGAIN;
  }
}

/* PROTOCOL W11 to W13 */
static int park_for_room(struct rill_producer *producer, uint64_t need, int64_t deadline) {
  const struct rilli_ring *ring = &producer->ring;
  for (int soon = deadline < rilli_later(rilli_now(), RILLI_SLICE);; soon = 1) {
    /* E7, acquire: pairs with rilli_wake_producer() in park.c. `room` comes before the checks. */
    const struct rilli_futex room = {
        &ring->hints->room, atomic_load_explicit(&ring->hints->room, memory_order_acquire)};
    /* E7, membarrier: pairs with publish_cursor() in receive.c. `waiting` comes before the rows. */
    atomic_store_explicit(&ring->page->waiting,
                          rilli_room_target(ring, producer->position, need, soon),
                          memory_order_release);
    const int64_t slice = rilli_fence_peers() ? RILLI_SLICE : RILLI_SLICE_BLIND;
    int code = rilli_check_removed(ring); /* its wake-up may have come before `room` was read */
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
    code = rilli_futex_wait(&room, 1, rilli_sooner(deadline, rilli_later(before, slice)));
    if (rilli_scan_groups(producer, need) == 0)
      return 0;
    if (code == -EINTR)
      return rilli_fail(EINTR, "a signal came while the producer of queue '%s' waited for room",
                        ring->name);
    code = producer_housekeeping(producer, rilli_now());
    if (code)
      return code;
  }
}

/* PROTOCOL W10, W14 */
int rilli_wait_room(struct rill_producer *producer, uint64_t need, rill_time deadline) {
  if (deadline == RILL_NOW)
    return poll_room(producer, need);
  const struct rilli_ring *ring = &producer->ring;
  const int64_t start = rilli_now();
  const struct rilli_room_plan plan = rilli_plan_room(&producer->patience, start, deadline);
  int code = -EAGAIN;
  if (plan.rest > start)
    code = rest_for_room(producer, need, plan.rest);
  if (code) {
    atomic_store_explicit(&ring->page->waiting, RILLI_SPINS, memory_order_release);
    code = spin_for_room(producer, need, rilli_sooner(deadline, plan.spin));
    if (code == -EAGAIN)
      code = plan.spin < deadline ? park_for_room(producer, need, deadline) : -ETIMEDOUT;
    atomic_store_explicit(&ring->page->waiting, RILLI_NONE, memory_order_release);
  }
  return code;
}

/* PROTOCOL W15 */
void rilli_wake_producer(struct rilli_hints *hints) {
  /* E7, release: pairs with park_for_room() in park.c */
  atomic_fetch_add_explicit(&hints->room, 1, memory_order_release);
  rilli_futex_wake(&hints->room);
}

/* PROTOCOL W8 */
void rilli_kick(struct rilli_group *group) {
  /* E12, release: pairs with park_for_message() in park.c. The reason comes before kick. */
  atomic_fetch_add_explicit(&group->kick, 1, memory_order_release);
  rilli_futex_wake(&group->kick);
}

/* --- the producer wakes ------------------------------------------------------------ */

/* PROTOCOL W7 */
int rilli_wake_sleepers(struct rill_producer *producer) {
  struct rilli_producer_page *page = producer->ring.page;
  uint64_t bits = atomic_exchange_explicit(&producer->hints->sleepers, 0, memory_order_acq_rel);
  for (; bits; bits &= bits - 1) {
    _Atomic uint32_t *bell = &page->bell[__builtin_ctzll(bits)];
    /* E6, release: pairs with park_for_message() in park.c. The commit comes before the bell. */
    atomic_fetch_add_explicit(bell, 1, memory_order_release);
    rilli_futex_wake(bell);
    atomic_store_explicit(&page->wakes,
                          atomic_load_explicit(&page->wakes, memory_order_relaxed) + 1,
                          memory_order_relaxed);
  }
  return 0;
}

/* --- a consumer rests --------------------------------------------------------------------- */

void rilli_rest(struct rill_consumer *consumer, int64_t deadline) {
  const int64_t now = rilli_now();
  consumer->rest = rilli_rest_span(consumer->rest);
  const int64_t until = rilli_sooner(deadline, now + consumer->rest);
  const uint32_t own = consumer->group ? consumer->member.group : consumer->ring.max_groups;
  const int yields = rilli_should_yield(&consumer->patience, &consumer->ring, consumer->position,
                                        own, now, deadline);
  do {
    if (yields)
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

/* The producer is gone: is everything read? The ring is checked after the end was seen. */
static int end_of_stream(const struct rill_consumer *consumer) {
  atomic_thread_fence(memory_order_acquire);
  if (rilli_something_there(consumer) || consumer->follow)
    return 0;
  return rilli_fail(EPIPE, "the producer of queue '%s' is gone and everything is read",
                    consumer->ring.name);
}

/* Checks what needs no system call: a removal, a refusal, an announced close.
 * PROTOCOL W4, V6, C4 */
static int ended(const struct rill_consumer *consumer) {
  int code = rilli_check_removed(&consumer->ring);
  if (code == 0 && consumer->group)
    code = rilli_check_refused(consumer);
  if (code)
    return code;
  /* E15, acquire: pairs with announce_close() in producer.c */
  if (atomic_load_explicit(&consumer->page->state, memory_order_acquire) != RILLI_PRODUCER_CLOSED)
    return 0;
  return end_of_stream(consumer);
}

/* Once a slice: 0, -EPIPE or -ESTALE. */
static int consumer_housekeeping(struct rill_consumer *consumer, int64_t now) {
  if (now < consumer->patience.next_housekeeping)
    return 0;
  consumer->patience.next_housekeeping = now + RILLI_SLICE;
  const int gone =
      consumer->host.housekeeping ? consumer->host.housekeeping(consumer->host.self) : 0;
  return gone == 1 ? end_of_stream(consumer) : gone;
}

static int poll_message(struct rill_consumer *consumer) {
  int code = interrupted(consumer);
  if (code == 0)
    code = ended(consumer);
  if (code == 0 && consumer->patience.polls++ % POLLS_A_CHECK == 0)
    code = consumer_housekeeping(consumer, rilli_now());
  if (code)
    return code;
  return rilli_something_there(consumer) ? 0 : -EAGAIN;
}

/* Returns 0 (something is there), -EAGAIN (time to park) or what ends the wait. A message never
 * waits for a clock: *ret_now is the last time that was read. PROTOCOL W1 */
static int spin_for_message(struct rill_consumer *consumer, int64_t until, int64_t *ret_now) {
  for (uint32_t polls = 1;; polls++) {
    if (rilli_something_there(consumer))
      return 0;
    rilli_pause();
    if (polls % POLLS_A_CHECK)
      continue;
    int code = interrupted(consumer);
    if (code == 0)
      code = ended(consumer);
    *ret_now = rilli_now();
    if (code == 0)
      code = consumer_housekeeping(consumer, *ret_now);
    if (code)
      return code;
    if (*ret_now >= until)
      return -EAGAIN;
  }
}

/* Returns how long one sleep may be: a tail cannot announce itself, so it checks more often.
 * PROTOCOL W3 */
static int64_t announce(struct rill_consumer *consumer, int64_t waited) {
  if (!consumer->group)
    return rilli_tail_slice(waited);
  /* E5, membarrier: pairs with clear_and_wake() and finish() in publish.c. The bit comes before the
   * commit word. */
  (void)atomic_fetch_or_explicit(&consumer->ring.hints->sleepers, UINT64_C(1),
                                 memory_order_seq_cst);
  return rilli_fence_peers() ? RILLI_SLICE : RILLI_SLICE_BLIND;
}

/* PROTOCOL W2 to W6 */
static int park_for_message(struct rill_consumer *consumer, int64_t start, int64_t deadline) {
  const _Atomic uint32_t *bell = &consumer->page->bell[0];
  const _Atomic uint32_t *kick = consumer->group ? &consumer->group->kick : &consumer->interrupted;
  for (int64_t now = start;; now = rilli_now()) {
    /* E6, acquire: pairs with rilli_wake_sleepers() in park.c;
     * E12, acquire: pairs with rilli_kick() and rill_consumer_interrupt() in park.c. Both words
     * come before the checks. */
    const struct rilli_futex words[2] = {{bell, atomic_load_explicit(bell, memory_order_acquire)},
                                         {kick, atomic_load_explicit(kick, memory_order_acquire)}};
    int code = interrupted(consumer);
    if (code)
      return code;
    const int64_t slice = announce(consumer, now - start);
    if (rilli_something_there(consumer))
      return 0;
    code = ended(consumer);
    if (code == 0)
      code = consumer_housekeeping(consumer, now);
    if (code || rilli_something_there(consumer))
      return code;
    if (now >= deadline)
      return -ETIMEDOUT;
    if (consumer->slot)
      atomic_store_explicit(&consumer->slot->parks,
                            atomic_load_explicit(&consumer->slot->parks, memory_order_relaxed) + 1,
                            memory_order_relaxed);
    code = rilli_futex_wait(words, 2, rilli_sooner(deadline, rilli_later(now, slice)));
    if (rilli_something_there(consumer))
      return 0;
    if (atomic_load_explicit(kick, memory_order_acquire) != words[1].value)
      consumer->patience.next_housekeeping = 0; /* kicked: perhaps the producer died */
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
  const int64_t spin = rilli_later(start, rilli_spin_budget(&consumer->patience));
  int64_t now = start;
  int code = spin_for_message(consumer, rilli_sooner(deadline, spin), &now);
  if (code == -EAGAIN) {
    code = spin < deadline ? park_for_message(consumer, start, deadline) : -ETIMEDOUT;
    now = rilli_now();
  }
  rilli_learn(&consumer->patience, now - start);
  return code;
}

/* PROTOCOL W9 */
int rill_consumer_interrupt(rill_consumer *consumer) {
  if (!consumer->base)
    return -ECHILD;
  /* E12, release: pairs with park_for_message() in park.c. The flag comes before kick. */
  atomic_store_explicit(&consumer->interrupted, 1, memory_order_release);
  _Atomic uint32_t *kick = consumer->group ? &consumer->group->kick : &consumer->interrupted;
  if (consumer->group)
    atomic_fetch_add_explicit(kick, 1, memory_order_release);
  rilli_futex_wake(kick);
  return 0;
}
