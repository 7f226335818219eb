/* SPDX-License-Identifier: MIT */
/* perf/harness.c - the rounds: which contender has a turn when, and what is made of the figures.
 *
 * The ping process leads: it announces each turn in shared memory, the pong process
 * follows. Time is taken around a whole turn, never around one trip. */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
  RAW = 2,          /* raw contenders, before and after the others            */
  WARM_ROUNDS = 12, /* turns grow to their length here; not counted           */
  FIRST_TURN = 16,  /* units, doubled at most each round                      */
  LONGEST_TURN = 1 << 22
};
static const uint64_t quit = UINT64_MAX;

/* Shared by the processes; every writer on lines of its own. */
struct board {
  /* ping writes: the number of a turn last, with release */
  _Alignas(128) _Atomic uint64_t turn;
  uint64_t contender, units;
  uint64_t file; /* where samples of this turn go, plus 1; 0: nowhere                */
  /* pong writes: the turn that it has ended (1: all is open) */
  _Alignas(128) _Atomic uint64_t done;
  /* ping writes, the supervisor reads */
  _Alignas(128) _Atomic uint64_t progress;
  _Atomic uint64_t round, at[PAIR_SIDES];
  uint64_t rounds; /* rounds in figures, at the end                              */
  /* a round: raw spin, raw pause; contenders; raw spin, raw pause */
  double figures[];
};

struct run {
  const struct contender **list; /* the raw ones, then the others                */
  size_t count;
  const struct harness_options *options;
  struct board *board;
  uint64_t turns;          /* of ping: how many there have been                          */
  uint64_t *units;         /* of ping: how long the next turn of each is                 */
  uint64_t filed;          /* of ping: where samples of this round begin, plus 1; 0: nowhere */
  struct samples *samples; /* shared, by pong: rounds x contenders; NULL: none      */
  size_t samples_bytes;
};

static size_t columns_of(size_t count) {
  return count + RAW;
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000 + t.tv_nsec;
}

/* polite: yields, since threads of the last contender may still carry its last message. */
static uint64_t await_change(_Atomic uint64_t *word, uint64_t from, bool polite) {
  uint64_t value;
  while ((value = atomic_load_explicit(word, memory_order_acquire)) == from) {
    if (polite)
      sched_yield();
  }
  return value;
}

/* Reports what went wrong in a role, with the contender's name in front. */
static int role_error(const struct contender *contender, const char *what, int rc) {
  char words[256];
  snprintf(words, sizeof words, "%s", *pair_error_text() ? pair_error_text() : strerror(-rc));
  return pair_error(rc, "%s of %s: %s", what, contender->name, words);
}

static int open_all(struct run *run, enum pair_side side) {
  for (size_t i = 0; i < run->count; i++) {
    const struct contender *contender = run->list[i];
    atomic_store_explicit(&run->board->at[side], i, memory_order_relaxed);
    int rc = contender->open ? contender->open(contender->self, side) : 0;
    if (rc)
      return role_error(contender, "open", rc);
  }
  return 0;
}

static void close_all(struct run *run, enum pair_side side) {
  for (size_t i = 0; i < run->count; i++) {
    if (run->list[i]->close)
      run->list[i]->close(run->list[i]->self, side);
  }
}

static int pong_role(struct run *run) {
  struct board *board = run->board;
  int rc = open_all(run, PAIR_PONG);
  if (rc)
    return rc;
  atomic_store_explicit(&board->done, 1, memory_order_release);
  const struct contender *contender = run->list[0];
  for (uint64_t turn = 0;;) {
    turn = await_change(&board->turn, turn, contender->threads);
    if (turn == quit)
      break;
    contender = run->list[board->contender];
    atomic_store_explicit(&board->at[PAIR_PONG], board->contender, memory_order_relaxed);
    if (contender->samples)
      memset(contender->samples, 0, sizeof *contender->samples);
    rc = contender->pong(contender->self, board->units);
    if (rc)
      return role_error(contender, "pong", rc);
    if (contender->samples && board->file)
      run->samples[board->file - 1] = *contender->samples;
    atomic_store_explicit(&board->done, turn, memory_order_release);
  }
  close_all(run, PAIR_PONG);
  return 0;
}

/* One turn from announcement to the end of both sides; ns in *ret. file: where its samples
 * go, plus 1. */
static int take_turn(struct run *run, size_t index, uint64_t units, uint64_t file, double *ret) {
  struct board *board = run->board;
  const struct contender *contender = run->list[index];
  uint64_t last = atomic_load_explicit(&board->done, memory_order_relaxed);
  atomic_store_explicit(&board->at[PAIR_PING], index, memory_order_relaxed);
  board->contender = index;
  board->units = units;
  board->file = file;
  int64_t began = now();
  atomic_store_explicit(&board->turn, last + 1, memory_order_release);
  int rc = contender->ping(contender->self, units);
  if (rc)
    return role_error(contender, "ping", rc);
  await_change(&board->done, last, contender->threads);
  *ret = (double)(now() - began) - contender->settle_ns * (double)units;
  atomic_fetch_add_explicit(&board->progress, 1, memory_order_relaxed);
  rc = contender->rest ? contender->rest(contender->self) : 0;
  return rc ? role_error(contender, "rest", rc) : 0;
}

static double percentile_of(const struct samples *samples, uint32_t per_million) {
  struct samples_total total = {.count = 0};
  samples_gather(&total, samples);
  const uint64_t value = samples_percentile(&total, per_million);
  return (double)value;
}

/* A short turn that brings the lines here, then the one that counts: ns a unit. The
 * figure decides how long the next turn is. */
static int measure(struct run *run, size_t index, double *ret) {
  uint64_t units = run->units[index];
  uint64_t file = run->list[index]->samples && run->filed ? run->filed + index - RAW : 0;
  double ns;
  int rc = take_turn(run, index, 1 + units / 16, 0, &ns);
  if (rc || (rc = take_turn(run, index, units, file, &ns)))
    return rc;
  *ret = ns / (double)units;
  unsigned stretch = run->list[index]->stretch;
  double wanted = run->options->slice_us * 1000.0 * (stretch ? stretch : 1) / *ret;
  wanted = fmax(fmin(wanted, (double)units * 2), (double)units / 2);
  const uint64_t longest = run->list[index]->longest;
  wanted = fmax(1, fmin(wanted, longest ? (double)longest : LONGEST_TURN));
  run->units[index] = (uint64_t)wanted;
  if (file)
    *ret = percentile_of(&run->samples[file - 1], 500000);
  return 0;
}

static int one_round(struct run *run, size_t round, double *figures) {
  size_t others = run->count - RAW;
  int rc = 0;
  for (size_t i = 0; i < RAW && !rc; i++)
    rc = measure(run, i, &figures[i]);
  /* Another contender begins in each round, so that none always follows the same neighbour. */
  for (size_t i = 0; i < others && !rc; i++) {
    size_t index = RAW + (i + round) % others;
    rc = measure(run, index, &figures[index]);
  }
  for (size_t i = 0; i < RAW && !rc; i++)
    rc = measure(run, i, &figures[run->count + i]);
  return rc;
}

static int ping_role(struct run *run) {
  struct board *board = run->board;
  int rc = open_all(run, PAIR_PING);
  if (rc)
    return rc;
  await_change(&board->done, 0, false);
  int64_t end = INT64_MAX;
  for (size_t round = 0; round < run->options->rounds + WARM_ROUNDS && now() < end; round++) {
    /* A warm round lies where the first that counts will be written. */
    size_t place = round < WARM_ROUNDS ? 0 : round - WARM_ROUNDS;
    run->filed = round < WARM_ROUNDS ? 0 : 1 + place * (run->count - RAW);
    atomic_store_explicit(&board->round, round, memory_order_relaxed);
    rc = one_round(run, round, board->figures + place * columns_of(run->count));
    if (rc)
      return rc;
    if (round + 1 == WARM_ROUNDS && run->options->seconds > 0)
      end = now() + (int64_t)(run->options->seconds * 1e9);
    board->rounds = round < WARM_ROUNDS ? 0 : place + 1;
  }
  atomic_store_explicit(&board->turn, quit, memory_order_release);
  close_all(run, PAIR_PING);
  return 0;
}

static int role(void *arg, enum pair_side side) {
  return side == PAIR_PING ? ping_role(arg) : pong_role(arg);
}

static void where(const void *arg, char *text, size_t size) {
  const struct run *run = arg;
  uint64_t round = atomic_load(&run->board->round), at[PAIR_SIDES];
  for (enum pair_side side = PAIR_PING; side < PAIR_SIDES; side++)
    at[side] = atomic_load(&run->board->at[side]);
  snprintf(text, size, "ping stands in %s, pong in %s, round %llu",
           run->list[at[PAIR_PING] % run->count]->name, run->list[at[PAIR_PONG] % run->count]->name,
           (unsigned long long)round);
}

static void look(const void *arg) {
  const struct run *run = arg;
  uint64_t round = atomic_load_explicit(&run->board->round, memory_order_relaxed);
  run->options->look(run->options->look_arg, round < WARM_ROUNDS ? 0 : round - WARM_ROUNDS);
}

double harness_raw_figure(double begin, double end) {
  return fmax(begin, end) > 1.5 * fmin(begin, end) ? 0 : (begin + end) / 2;
}

/* Reduces the figures that were measured to those of the rounds that count. */
static int fold(const struct run *run, struct harness_result *ret) {
  const struct board *board = run->board;
  size_t from = columns_of(run->count), to = HARNESS_FIRST + run->count - RAW;
  double *ns = malloc((board->rounds ? board->rounds : 1) * to * sizeof *ns);
  double *raw = malloc((board->rounds ? board->rounds : 1) * sizeof *raw);
  size_t *measured = malloc((board->rounds ? board->rounds : 1) * sizeof *measured);
  if (!ns || !raw || !measured) {
    free(ns);
    free(raw);
    free(measured);
    return -ENOMEM;
  }
  *ret = (struct harness_result){.columns = to,
                                 .ns = ns,
                                 .samples = run->samples,
                                 .samples_bytes = run->samples_bytes,
                                 .measured = measured};
  for (size_t i = 0; i < board->rounds; i++) {
    const double *begin = board->figures + i * from, *end = begin + run->count;
    double *row = ns + ret->rounds * to;
    row[HARNESS_RAW_BEST] = harness_raw_figure(fmin(begin[0], begin[1]), fmin(end[0], end[1]));
    if (row[HARNESS_RAW_BEST] <= 0) {
      ret->dropped++;
      continue;
    }
    row[HARNESS_RAW_SPIN] = (begin[0] + end[0]) / 2;
    row[HARNESS_RAW_PAUSE] = (begin[1] + end[1]) / 2;
    memcpy(row + HARNESS_FIRST, begin + RAW, (run->count - RAW) * sizeof *row);
    measured[ret->rounds] = i;
    raw[ret->rounds++] = row[HARNESS_RAW_BEST];
  }
  ret->cut = regime_find(raw, ret->rounds);
  free(raw);
  return 0;
}

/* Sets the contenders up, runs the two processes, and tears down what was set up. */
static int supervise(struct run *run, char *ret_why, size_t size) {
  size_t ready = 0;
  int rc = 0;
  pair_hold_signals();
  for (; ready < run->count && !rc; ready++) {
    const struct contender *contender = run->list[ready];
    rc = contender->setup ? contender->setup(contender->self) : 0;
    if (rc) {
      role_error(contender, "setup", rc);
      snprintf(ret_why, size, "%s", pair_error_text());
      break;
    }
  }
  if (!rc) {
    struct pair pair = {.role = role,
                        .arg = run,
                        .cpus = run->options->cpus,
                        .progress = &run->board->progress,
                        .patience = run->options->patience,
                        .look = run->options->look ? look : NULL,
                        .where = where};
    rc = pair_run(&pair, ret_why, size);
  }
  while (ready-- > 0) {
    if (run->list[ready]->teardown)
      run->list[ready]->teardown(run->list[ready]->self);
  }
  pair_release_signals();
  return rc;
}

static void *share(size_t bytes) {
  return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
              0);
}

/* Space for as many samples as there may be: pages that are not written take no memory. */
static int make_samples(struct run *run) {
  bool wanted = false;
  for (size_t i = RAW; i < run->count; i++)
    wanted |= run->list[i]->samples != NULL;
  if (!wanted)
    return 0;
  size_t bytes = run->options->rounds * (run->count - RAW) * sizeof *run->samples;
  void *memory = share(bytes);
  if (memory == MAP_FAILED)
    return -ENOMEM;
  run->samples = memory;
  run->samples_bytes = bytes;
  return 0;
}

int harness_run(const struct contender *contenders, size_t count,
                const struct harness_options *options, struct harness_result *ret, char *ret_why,
                size_t size) {
  struct run run = {.count = count + RAW, .options = options};
  size_t bytes =
      sizeof *run.board + options->rounds * columns_of(run.count) * sizeof run.board->figures[0];
  int rc = -ENOMEM;
  snprintf(ret_why, size, "out of memory");
  run.list = malloc(run.count * sizeof *run.list);
  run.units = malloc(run.count * sizeof *run.units);
  run.board = share(bytes);
  if (!run.list || !run.units || run.board == MAP_FAILED)
    goto out;
  for (size_t i = 0; i < run.count; i++) {
    run.list[i] = i < RAW ? &raw_contenders[i] : &contenders[i - RAW];
    run.units[i] = FIRST_TURN;
  }
  rc = make_samples(&run);
  if (rc)
    goto out;
  rc = supervise(&run, ret_why, size);
  if (!rc)
    rc = fold(&run, ret);
  if (!rc)
    *ret_why = 0;
  else if (run.samples)
    munmap(run.samples, run.samples_bytes);
out:
  if (run.board != MAP_FAILED)
    munmap(run.board, bytes);
  free(run.units);
  free(run.list);
  return rc;
}

void harness_free(struct harness_result *result) {
  free(result->ns);
  free(result->measured);
  if (result->samples)
    munmap(result->samples, result->samples_bytes);
  *result = (struct harness_result){0};
}

int harness_summarize(const struct harness_result *result, size_t column, size_t unit,
                      enum regime regime, struct harness_summary *ret) {
  double *ns = malloc((result->rounds + 1) * sizeof *ns);
  double *ratio = malloc((result->rounds + 1) * sizeof *ratio);
  struct harness_summary summary = {0};
  int rc = -ENOMEM;
  if (!ns || !ratio)
    goto out;
  for (size_t i = 0; i < result->rounds; i++) {
    const double *row = result->ns + i * result->columns;
    if (regime_of(&result->cut, row[HARNESS_RAW_BEST]) != regime)
      continue;
    ns[summary.rounds] = row[column];
    ratio[summary.rounds++] = row[column] / row[unit];
  }
  size_t n = summary.rounds;
  if (n) {
    regime_sort(ns, n);
    regime_sort(ratio, n);
    summary.share = (double)n / (double)result->rounds;
    summary.ns = regime_quantile(ns, n, 0.5);
    summary.ns_q1 = regime_quantile(ns, n, 0.25);
    summary.ns_q3 = regime_quantile(ns, n, 0.75);
    summary.ratio = regime_quantile(ratio, n, 0.5);
    summary.ratio_q1 = regime_quantile(ratio, n, 0.25);
    summary.ratio_q3 = regime_quantile(ratio, n, 0.75);
  }
  *ret = summary;
  rc = 0;
out:
  free(ns);
  free(ratio);
  return rc;
}

/* Of a contender in the i-th round that was kept; NULL if that was of another regime. */
static const struct samples *samples_of(const struct harness_result *result, size_t i,
                                        size_t column, enum regime regime) {
  const size_t contenders = result->columns - HARNESS_FIRST;
  if (regime_of(&result->cut, result->ns[i * result->columns + HARNESS_RAW_BEST]) != regime)
    return NULL;
  return &result->samples[result->measured[i] * contenders + column - HARNESS_FIRST];
}

void harness_gather(const struct harness_result *result, size_t column, enum regime regime,
                    struct samples_total *ret) {
  *ret = (struct samples_total){.count = 0};
  for (size_t i = 0; i < result->rounds; i++) {
    const struct samples *turn = samples_of(result, i, column, regime);
    if (turn)
      samples_gather(ret, turn);
  }
}

int harness_typical(const struct harness_result *result, size_t column, enum regime regime,
                    uint32_t per_million, double *ret) {
  double *values = malloc((result->rounds + 1) * sizeof *values);
  size_t n = 0;
  if (!values)
    return -ENOMEM;
  for (size_t i = 0; i < result->rounds; i++) {
    const struct samples *turn = samples_of(result, i, column, regime);
    if (turn)
      values[n++] = percentile_of(turn, per_million);
  }
  regime_sort(values, n);
  *ret = n ? regime_quantile(values, n, 0.5) : 0;
  free(values);
  return 0;
}
