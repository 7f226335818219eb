/* SPDX-License-Identifier: MIT */
/* perf/peers/fan.c - one stream of which several processes take all messages (fan.h).
 *
 * The harness has one taking process; here it forks the others when it opens, before
 * anything is timed, on its own core. Between turns they sleep on a futex in memory that they
 * share with it, so that they disturb no turn; at the beginning of a turn it wakes them,
 * takes its own messages, and sleeps until the others have theirs. They end when it closes,
 * and also when it dies. */
#include "fan.h"

#include "drive.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 100 };
static const uint64_t quit = 0; /* messages of the last turn                       */

/* Shared by the takers. */
struct board {
  _Alignas(128) _Atomic uint32_t turn; /* the first taker writes, after units         */
  uint64_t units;
  _Alignas(128) _Atomic uint32_t done; /* of the others, in all turns                 */
  _Atomic int failed;                  /* what the first of them to fail returned     */
};

struct fan {
  size_t takers;
  struct drive drive;
  struct board *board;
  pid_t others[FAN_MOST]; /* the first taker's: its children                           */
  uint32_t turns;
};

static long futex(_Atomic uint32_t *word, int operation, uint32_t value,
                  const struct timespec *span) {
  return syscall(SYS_futex, word, operation, value, span, NULL, 0);
}

static void ring(_Atomic uint32_t *word) {
  (void)futex(word, FUTEX_WAKE, INT_MAX, NULL);
}

/* --- the takers ---------------------------------------------------------------- */

static int take_turns(struct fan *fan) {
  struct board *board = fan->board;
  for (uint32_t turn = 0;; turn++) {
    while (atomic_load_explicit(&board->turn, memory_order_acquire) == turn)
      (void)futex(&board->turn, FUTEX_WAIT, turn, NULL);
    if (board->units == quit)
      return 0;
    int rc = fan->drive.peer->drain(&fan->drive, board->units);
    if (rc)
      return rc;
    atomic_fetch_add_explicit(&board->done, 1, memory_order_release);
    ring(&board->done);
  }
}

static _Noreturn void be_another(struct fan *fan, pid_t first) {
  const struct peer_ops *ops = fan->drive.peer->ops;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != first)
    _exit(1);
  int rc = ops->open(fan->drive.there, PEER_TAKE);
  if (!rc) {
    atomic_fetch_add_explicit(&fan->board->done, 1, memory_order_release);
    ring(&fan->board->done);
    rc = take_turns(fan);
    ops->close(fan->drive.there, PEER_TAKE);
  }
  atomic_store_explicit(&fan->board->failed, rc, memory_order_release);
  ring(&fan->board->done);
  _exit(rc ? 1 : 0);
}

/* Sleeps until the others have taken their messages, or one of them is gone. */
static int await_others(struct fan *fan) {
  struct board *board = fan->board;
  const uint32_t wanted = (uint32_t)(fan->takers - 1) * (fan->turns + 1);
  const struct timespec look = {0, LOOK_MS * 1000000};
  for (;;) {
    const uint32_t done = atomic_load_explicit(&board->done, memory_order_acquire);
    if (done == wanted)
      return 0;
    const int failed = atomic_load_explicit(&board->failed, memory_order_acquire);
    if (failed)
      return failed; /* it has reported the reason */
    if (waitpid(-1, NULL, WNOHANG) > 0)
      return pair_error(-EIO, "a consumer process has died");
    (void)futex(&board->done, FUTEX_WAIT, done, &look);
  }
}

static void announce(struct fan *fan, uint64_t units) {
  fan->board->units = units;
  fan->turns++;
  atomic_store_explicit(&fan->board->turn, fan->turns, memory_order_release);
  ring(&fan->board->turn);
}

static int start_others(struct fan *fan) {
  const pid_t first = getpid();
  for (size_t i = 0; i + 1 < fan->takers; i++) {
    fan->others[i] = fork();
    if (fan->others[i] == 0)
      be_another(fan, first);
    if (fan->others[i] < 0)
      return pair_error(-errno, "fork: %s", strerror(errno));
  }
  return await_others(fan);
}

/* --- the contender ---------------------------------------------------------------- */

static int fan_setup(void *self) {
  struct fan *fan = self;
  fan->board =
      mmap(NULL, sizeof *fan->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (fan->board == MAP_FAILED)
    return pair_error(-errno, "shared memory for the takers: %s", strerror(errno));
  return fan->drive.peer->ops->make(fan->drive.there);
}

static void fan_teardown(void *self) {
  struct fan *fan = self;
  fan->drive.peer->ops->remove(fan->drive.there);
  (void)munmap(fan->board, sizeof *fan->board);
}

static int fan_open(void *self, enum pair_side side) {
  struct fan *fan = self;
  int rc = side == PAIR_PONG ? start_others(fan) : 0;
  return rc ? rc
            : fan->drive.peer->ops->open(fan->drive.there,
                                         side == PAIR_PING ? PEER_SEND : PEER_TAKE);
}

static void fan_close(void *self, enum pair_side side) {
  struct fan *fan = self;
  fan->drive.peer->ops->close(fan->drive.there, side == PAIR_PING ? PEER_SEND : PEER_TAKE);
  if (side == PAIR_PING)
    return;
  announce(fan, quit);
  for (size_t i = 0; i + 1 < fan->takers; i++)
    (void)waitpid(fan->others[i], NULL, 0);
}

static int fan_ping(void *self, uint64_t n) {
  struct fan *fan = self;
  return fan->drive.peer->feed(&fan->drive, n);
}

static int fan_pong(void *self, uint64_t n) {
  struct fan *fan = self;
  if (fan->takers == 1)
    return fan->drive.peer->drain(&fan->drive, n);
  announce(fan, n);
  int rc = fan->drive.peer->drain(&fan->drive, n);
  return rc ? rc : await_others(fan);
}

static void *need(void *memory) {
  if (memory)
    return memory;
  fprintf(stderr, "out of memory\n");
  exit(1);
}

void fan_add(struct suite *suite, const char *name, size_t takers, enum peer_wait wait,
             size_t size) {
  const struct peer *peer = peer_find("rill");
  char *full, queue[PEER_NAME_SIZE];
  if (asprintf(&full, "%s/%zu", name, takers) < 0)
    full = NULL;
  need(full);
  snprintf(queue, sizeof queue, "fan-%s-%zu-%zu", name, takers, size);
  struct fan *fan = need(calloc(1, sizeof *fan));
  fan->takers = takers;
  fan->drive.peer = peer;
  fan->drive.size = size;
  fan->drive.there = need(peer_link_new(peer, wait, size, queue));
  suite->contenders =
      need(realloc(suite->contenders, (suite->count + 1) * sizeof *suite->contenders));
  suite->contenders[suite->count++] = (struct contender){
      .name = full,
      .self = fan,
      .setup = fan_setup,
      .open = fan_open,
      .ping = fan_ping,
      .pong = fan_pong,
      .close = fan_close,
      .teardown = fan_teardown,
  };
}
