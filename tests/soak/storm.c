/* SPDX-License-Identifier: MIT */
/* storm.c - many processes that come, go, are stopped and killed at random; and their supervisor.
 *
 * soak_storm [SECONDS [SEED]]. Every consumer checks sequence and content of every message,
 * every successor where it continues (storm_roles.c), every inspector what it reads
 * (storm_inspector.c), and when all are gone nothing may be lost or left (storm_end.c). The
 * supervisor kills, stops and signals processes, and restarts those that have ended. None may be
 * stuck. The test ends, and prints where each process is, when a process that is not stopped does
 * nothing for a minute, or when a line passes no message for a minute although none of its
 * processes is killed any more. The choices of each process follow from the seed; the scheduling
 * is the kernel's. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "storm.h"

#define SECOND INT64_C(1000000000)
#define STUCK (60 * SECOND * (SUPPORT_SANITIZED ? 3 : 1))
#define CALM_AFTER (10 * SECOND)

const char *const keeper_names[KEEPERS] = {"one", "two"};
const struct line lines[LINES] = {
    {"reliable", 65536, RILL_RELIABLE, RILL_KEPT, 0, 1, 0},
    {"reliable/stamped", 262144, RILL_RELIABLE, RILL_KEPT, 1, 1, 0},
    {"reliable/coming", 65536, RILL_RELIABLE, RILL_TRANSIENT, 0, 0, 1},
    {"reliable/removed", 131072, RILL_RELIABLE, RILL_KEPT, 1, 1, 1},
    {"overwrite", 65536, RILL_OVERWRITE, RILL_KEPT, 0, 1, 0},
    {"overwrite/stamped", 1048576, RILL_OVERWRITE, RILL_KEPT, 1, 1, 0},
    {"overwrite/coming", 131072, RILL_OVERWRITE, RILL_TRANSIENT, 1, 0, 1},
    {"overwrite/removed", 65536, RILL_OVERWRITE, RILL_KEPT, 0, 0, 1},
};

struct world *world;
struct slot *self;
static uint64_t dice;

struct tally {
  uint64_t kills, stops, pokes, leaves, registries;
};
static struct tally tally;

uint64_t chance(uint64_t below) {
  return support_random(&dice) % below;
}

void doing(const char *format, ...) {
  va_list args;
  if (!self)
    return;
  va_start(args, format);
  (void)vsnprintf(self->where, sizeof self->where, format, args);
  va_end(args);
  atomic_store(&self->beat, rill_clock());
}

/* --- failing ---------------------------------------------------------------------------- */

static const char *const role_names[] = {"producer", "keeper",    "reader",
                                         "tail",     "inspector", "registry"};

static void print_slots(void) {
  for (unsigned i = 0; i < SLOTS; i++) {
    const struct slot *slot = &world->slots[i];
    (void)dprintf(2, "  %-8s of %-18s %7d%s run %llu, %.1f s ago: %s\n", role_names[slot->role],
                  slot->role < INSPECTOR ? lines[slot->line].name : "all", (int)slot->pid,
                  slot->stopped ? " stopped" : "", (number)slot->runs,
                  slot->beat ? (double)(rill_clock() - slot->beat) / 1e9 : 0.0, slot->where);
  }
}

/* In a process of the storm; the supervisor sees how it ended. */
static void fail_here(const char *text) {
  (void)dprintf(2, "%s, a %s\n", text, self ? role_names[self->role] : "supervisor");
  if (self)
    _exit(99);
  (void)dprintf(2, "seed %llu; where each process was:\n", (number)world->seed);
  print_slots();
  for (unsigned i = 0; i < SLOTS; i++)
    if (world->slots[i].pid)
      (void)kill(world->slots[i].pid, SIGKILL); /* and their children with them          */
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
    ;
  support_end();
  _exit(1);
}

/* The supervisor itself hangs, or is ended from outside: nothing is left. */
static void ended(int signal_number) {
  CHECK_THAT(0, "ended by signal %d", signal_number);
}

/* --- processes of the storm ---------------------------------------------------------------- */

static void poked(int signal_number) {
  rill_consumer *consumer = atomic_load(&to_interrupt);
  atomic_fetch_add(&pokes, 1);
  if (signal_number == SIGUSR2 && consumer)
    (void)rill_consumer_interrupt(consumer);
}

static rill_context *open_context(void) {
  const struct rill_context_attr attr = {.size = sizeof attr, .fence = (uint32_t)chance(3)};
  rill_context *context = NULL;
  if (chance(4) == 0)
    (void)setenv("RILL_FENCE", "full", 1);
  int code = rill_context_open(&attr, &context);
  if (code == -ENOSYS && attr.fence == RILL_FENCE_MEMBARRIER) /* not available everywhere */
    code = rill_context_open(NULL, &context);
  CHECK_THAT(code == 0, "rill_context_open: %d (%s)", code, rill_error());
  return context;
}

/* Signals that come before there is a handler wait until there is one. */
static void hold(int how, int one, int other) {
  sigset_t both;
  (void)sigemptyset(&both);
  (void)sigaddset(&both, one);
  (void)sigaddset(&both, other);
  CHECK(sigprocmask(how, &both, NULL) == 0);
}

static void hold_pokes(int how) {
  hold(how, SIGUSR1, SIGUSR2);
}

/* A child does not end as its supervisor would. */
static void hold_ends(int how) {
  hold(how, SIGTERM, SIGINT);
}

static void handle_pokes(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = poked;
  restarts_calls = chance(2) == 0;
  action.sa_flags = restarts_calls ? SA_RESTART : 0;
  (void)sigaction(SIGUSR1, &action, NULL);
  (void)sigaction(SIGUSR2, &action, NULL);
  hold_pokes(SIG_UNBLOCK);
}

static void run_slot(struct slot *slot) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)signal(SIGTERM, SIG_DFL);
  (void)signal(SIGINT, SIG_DFL);
  hold_ends(SIG_UNBLOCK);
  self = slot;
  dice = world->seed ^ (uint64_t)(slot - world->slots) << 40 ^ slot->runs << 8;
  if (slot->role == REGISTRY)
    serve(NULL);
  handle_pokes();
  rill_context *context = open_context();
  if (slot->role == PRODUCER)
    run_producer(context, slot->line);
  else if (slot->role == INSPECTOR)
    run_inspector(context);
  else
    run_consumer(context, slot->line);
  if (chance(2))
    rill_context_close(context);
  _exit(0);
}

/* --- the supervisor ---------------------------------------------------------------------- */

static void start(struct slot *slot) {
  slot->runs++;
  slot->leave = 0;
  slot->killed = slot->stopped = 0;
  slot->beat = rill_clock();
  (void)snprintf(slot->where, sizeof slot->where, "starting");
  hold_ends(SIG_BLOCK);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0)
    run_slot(slot);
  slot->pid = pid;
  hold_ends(SIG_UNBLOCK);
}

/* A registry ends normally by a signal, even before it is ready, or because another one runs. */
static int is_registrys_end(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) <= 1 : WTERMSIG(status) == SIGTERM;
}

/* A verb whose inspector was killed before it saw the result: a queue may be gone, for example. */
static int is_inspectors_end(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) <= 3;
}

/* It ended normally, was killed by the supervisor, or died with a parent that was. */
static void check_end(const struct slot *slot, int status) {
  const int killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && (!slot || slot->killed);
  CHECK_THAT(status == 0 || killed || (!slot && is_inspectors_end(status)) ||
                 (slot && slot->role == REGISTRY && is_registrys_end(status)),
             "a %s of %s ended with status %x, last at: %s",
             slot ? role_names[slot->role] : "forked child", slot ? lines[slot->line].name : "all",
             (unsigned)status, slot ? slot->where : "");
}

/* Takes all that have ended; children of processes that ended belong to this one, too. */
static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    struct slot *slot = NULL;
    for (unsigned i = 0; i < SLOTS && !slot; i++)
      if (world->slots[i].pid == pid)
        slot = &world->slots[i];
    check_end(slot, status);
    if (!slot)
      continue;
    slot->pid = 0;
    slot->due = rill_after((int64_t)chance(slot->role == REGISTRY ? 300000000 : 30000000));
  }
}

static int is_calm(const struct slot *slot) {
  return slot->role < INSPECTOR && atomic_load(&world->calm[slot->line]);
}

static void kill_slot(struct slot *slot) {
  slot->killed = 1;
  tally.kills++;
  tally.registries += slot->role == REGISTRY;
  CHECK(kill(slot->pid, SIGKILL) == 0);
}

static void kill_line(unsigned line) {
  for (unsigned i = 0; i < SLOTS; i++) {
    struct slot *slot = &world->slots[i];
    if (slot->pid && slot->role < INSPECTOR && slot->line == line && !is_calm(slot))
      kill_slot(slot);
  }
}

static void do_something(void) {
  struct slot *slot = &world->slots[chance(SLOTS)];
  const uint64_t what = chance(100);
  if (!slot->pid || slot->killed || is_calm(slot))
    return;
  if (what < 45)
    kill_slot(slot);
  else if (what < 65 && !slot->stopped) {
    tally.stops++;
    slot->stopped = 1;
    slot->due = rill_after((int64_t)chance(200000000));
    CHECK(kill(slot->pid, SIGSTOP) == 0);
  } else if (what < 85 && slot->role != REGISTRY) {
    tally.pokes++;
    CHECK(kill(slot->pid, chance(2) ? SIGUSR1 : SIGUSR2) == 0);
  } else if (what < 97) {
    tally.leaves++;
    atomic_store(&slot->leave, 1);
    CHECK(kill(slot->pid, slot->role == REGISTRY ? SIGTERM : SIGUSR2) == 0);
  } else if (slot->role < INSPECTOR)
    kill_line(slot->line);
}

static void let_on_and_start(void) {
  const rill_time now = rill_clock();
  for (unsigned i = 0; i < SLOTS; i++) {
    struct slot *slot = &world->slots[i];
    if (slot->due > now)
      continue;
    if (slot->pid && slot->stopped) {
      slot->stopped = 0;
      slot->beat = now;
      CHECK(kill(slot->pid, SIGCONT) == 0);
    } else if (!slot->pid)
      start(slot);
  }
}

/* --- none is stuck ------------------------------------------------------------------------- */

static void watch_processes(rill_time now) {
  for (unsigned i = 0; i < SLOTS; i++) {
    const struct slot *slot = &world->slots[i];
    if (slot->pid && !slot->stopped && !slot->killed && slot->role != REGISTRY)
      CHECK_THAT(now - slot->beat < STUCK, "a %s of %s is stuck at: %s", role_names[slot->role],
                 lines[slot->line].name, slot->where);
  }
}

/* A line without progress is not disturbed any more; then it must progress. */
static void watch_lines(rill_time now) {
  static rill_time moved[LINES];
  static uint64_t before[LINES];
  for (unsigned i = 0; i < LINES; i++) {
    const uint64_t received = atomic_load(&world->received[i]);
    if (received != before[i] || moved[i] == 0) {
      moved[i] = now;
      before[i] = received;
      atomic_store(&world->calm[i], 0);
    } else if (now - moved[i] > CALM_AFTER)
      atomic_store(&world->calm[i], 1);
    CHECK_THAT(now - moved[i] < CALM_AFTER + STUCK, "%s: no message gets through", lines[i].name);
  }
}

/* Once a minute: the progress. */
static void report_progress(rill_time now, rill_time end) {
  static rill_time due;
  uint64_t received = 0;
  if (now < due)
    return;
  for (unsigned i = 0; due && i < LINES; i++)
    received += world->received[i];
  if (due)
    (void)printf("  %lld s to go: %llu messages received, %llu kills\n",
                 (long long)((end - now) / SECOND), (number)received, (number)tally.kills);
  (void)fflush(stdout);
  due = now + 60 * SECOND;
}

static void run_storm(rill_time end) {
  while (rill_clock() < end) {
    reap();
    let_on_and_start();
    do_something();
    const rill_time now = rill_clock();
    watch_processes(now);
    watch_lines(now);
    report_progress(now, end);
    rest_a_little(6000000);
  }
}

/* All are asked to leave; one that waits for an event that cannot come any more is killed. */
static void calm_down(void) {
  unsigned left = 1;
  atomic_store(&world->over, 1);
  for (unsigned turns = 0; left; turns++) {
    left = 0;
    for (unsigned i = 0; i < SLOTS; i++) {
      struct slot *slot = &world->slots[i];
      if (!slot->pid)
        continue;
      left++;
      (void)kill(slot->pid, SIGCONT);
      slot->stopped = 0;
      if (turns > 40 && !slot->killed)
        kill_slot(slot);
      else if (turns % 4 == 0)
        (void)kill(slot->pid, slot->role == REGISTRY ? SIGTERM : SIGUSR2);
    }
    reap();
    rest_a_little(100000000);
    watch_processes(rill_clock());
  }
  int status; /* forked children that outlived their parents */
  for (pid_t pid; (pid = waitpid(-1, &status, 0)) > 0 || (pid < 0 && errno == EINTR);)
    if (pid > 0)
      check_end(NULL, status);
}

/* Eight for each line, and those for all lines. */
static void assign_roles(void) {
  static const enum role of_a_line[] = {PRODUCER, PRODUCER, KEEPER, KEEPER,
                                        READER,   READER,   TAIL,   READER};
  for (unsigned i = 0; i < SLOTS; i++) {
    struct slot *slot = &world->slots[i];
    slot->line = i / 8 % LINES;
    slot->role = i < 8 * LINES ? of_a_line[i % 8] : i % 8 < 2 ? REGISTRY : INSPECTOR;
    slot->keeper = i % 8 == 3;
    slot->due = rill_after((int64_t)chance(200000000));
  }
}

static void sum_up(void) {
  uint64_t published = 0, received = 0, lost = 0, runs = 0;
  for (unsigned i = 0; i < LINES; i++) {
    (void)printf("  %-18s %8llu published, %8llu received, %8llu lost\n", lines[i].name,
                 (number)world->published[i], (number)world->received[i], (number)world->lost[i]);
    published += world->published[i];
    received += world->received[i];
    lost += world->lost[i];
    CHECK_THAT(world->published[i] && world->received[i], "%s: nothing happened", lines[i].name);
  }
  for (unsigned i = 0; i < SLOTS; i++)
    runs += world->slots[i].runs;
  (void)printf("  %llu runs, %llu left when asked, %llu signals, %llu interrupted, %llu forks; "
               "%llu kept groups went on, %llu removals, %llu gc, %llu doctor\n",
               (number)runs, (number)tally.leaves, (number)tally.pokes, (number)world->interrupted,
               (number)world->forks, (number)world->successors, (number)world->removals,
               (number)world->collections, (number)world->examinations);
  (void)printf("storm: %llu messages published, %llu received, %llu lost and counted; %llu kills, "
               "%llu stops, %llu failovers, the registry killed %llu times; seed %llu\n",
               (number)published, (number)received, (number)lost, (number)tally.kills,
               (number)tally.stops, (number)world->failovers, (number)tally.registries,
               (number)world->seed);
}

int main(int argc, char **argv) {
  const int64_t span = (argc > 1 ? strtoll(argv[1], NULL, 10) : 20) * SECOND;
  rill_context *context = NULL;
  (void)setpgid(0, 0);
  world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (world == MAP_FAILED)
    return 1;
  world->seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)rill_clock();
  (void)printf("storm of %lld s, seed %llu\n", (long long)(span / SECOND), (number)world->seed);
  (void)fflush(stdout);
  dice = world->seed;
  support_begin("storm");
  support_at_failure = fail_here;
  (void)signal(SIGALRM, ended);
  (void)signal(SIGTERM, ended);
  (void)signal(SIGINT, ended);
  (void)alarm((unsigned)((span + 4 * STUCK) / SECOND));
  (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
  hold_pokes(SIG_BLOCK);
  assign_roles();
  run_storm(rill_after(span));
  calm_down();
  const int code = rill_context_open(NULL, &context);
  CHECK_THAT(code == 0, "rill_context_open: %d (%s)", code, rill_error());
  end_storm(context);
  rill_context_close(context);
  support_end();
  sum_up();
  return 0;
}
