/* SPDX-License-Identifier: MIT */
/* signals_at_waits.c - a signal at each step of every wait: delivered at each system call from
 * the start of the wait on, and behind single instructions in between, to a handler that restarts
 * calls and to one that does not. Then the event comes: nothing is lost, nothing comes twice, and
 * -EINTR is returned where the interface says so, and nowhere else.
 *
 * RILL_TEST_STRIDE sets how many instructions lie between two tries. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "oracle.h"
#include "trace.h"

#define STOPS 17u      /* of system calls: the check of the producer, and the first sleep */
#define SLEEP 13u      /* where the sleep begins: some stops before it are skipped, unless */
#define MORE_STOPS 30u /* there is time for all of them, and for what follows              */

enum { HANDLED, INTERRUPTED, WAITS, DONE }; /* counts                                  */

struct wait {
  const char *name;
  void (*prepare)(void); /* by the process, in front of mark()                      */
  int (*call)(void);     /* the wait; 0: the event came                              */
  void (*begin)(void);   /* by the test: makes it wait                               */
  void (*give)(void);    /* by the test: causes the event                            */
  void (*end)(void);     /* by the test: checks and removes what is left             */
  int restarts;          /* a handler that restarts calls does not end it            */
};

struct part {
  const struct wait *wait;
  int flags; /* of the handler */
};

static rill_queue *queue;
static rill_producer *producer;
static rill_consumer *consumer;
static uint64_t number;

static unsigned stride(void) {
  const char *wish = getenv("RILL_TEST_STRIDE");
  return wish ? (unsigned)strtoul(wish, NULL, 10) : 601;
}

/* --- the waits ----------------------------------------------------------------------- */

static void begin_queue(void) {
  queue = open_queue(NULL);
  number = 0;
}

static void end_queue(void) {
  rill_producer_close(producer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  producer = NULL;
  consumer = NULL;
  queue = NULL;
  gc_leaves_nothing();
}

static void begin_for_message(void) {
  begin_queue();
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
}

static void give_message(void) {
  CHECK_EQ(publish_number(producer, number++, RILL_NOW), 0);
  CHECK_EQ(publish_number(producer, number++, RILL_NOW), 0);
}

static void join_parking(void) {
  consumer = open_consumer(open_queue(NULL), (struct joining){.wait = RILL_PARK});
}

static void join_adaptive(void) {
  consumer = open_consumer(open_queue(NULL), (struct joining){.wait = RILL_ADAPTIVE});
}

static void join_spinning(void) {
  consumer = open_consumer(open_queue(NULL), (struct joining){.wait = RILL_SPIN});
}

static void watch_on(void) {
  consumer =
      open_consumer(open_queue(NULL), (struct joining){.wait = RILL_PARK, .flags = RILL_TAIL});
}

static int receive_the_next(void) {
  struct rill_message message;
  const int code = rill_receive(consumer, rill_after(INT64_C(50000000000)), &message);
  if (code)
    return code;
  CHECK(message.sequence == number && message.lost == 0);
  check_message(&message, number++);
  return number == 2 ? 0 : 1;
}

static void begin_full(void) {
  begin_queue();
  consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
  rill_producer *filler = open_producer(queue, RILL_PARK, RILL_NOW);
  number = fill_ring(filler, number);
  rill_producer_close(filler);
}

static void become_producer(void) {
  queue = open_queue(NULL);
  producer = open_producer(queue, RILL_PARK, RILL_NOW);
  number = stat_of(queue).sequence;
}

static int publish_into_full(void) {
  return publish_number(producer, number, rill_after(INT64_C(50000000000)));
}

/* All messages that were there, and those that could be published then. */
static void give_room(void) {
  for (uint64_t i = 0; i <= number; i++)
    receive_number(consumer, i);
}

static void begin_nothing(void) {
  (void)context_here();
}

static void only_context(void) {
  (void)context_here();
}

static int open_when_it_is_there(void) {
  return rill_queue_open(context_here(), "q", 0, NULL, rill_after(INT64_C(50000000000)), &queue);
}

static void end_nothing(void) {
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
  rill_queue_close(queue);
  queue = NULL;
}

static void just_open(void) {
  queue = open_queue(NULL);
}

static int follow(void) {
  const int code = rill_producer_open(queue, NULL, rill_after(INT64_C(50000000000)), &producer);
  if (code == 0)
    CHECK(stat_of(queue).sequence == 0);
  return code;
}

static void give_place(void) {
  rill_producer_close(producer);
  producer = NULL;
}

static const struct wait waits[] = {
    {"a parking consumer", join_parking, receive_the_next, begin_for_message, give_message,
     end_queue, 1},
    {"an adaptive consumer", join_adaptive, receive_the_next, begin_for_message, give_message,
     end_queue, 1},
    {"a spinning consumer", join_spinning, receive_the_next, begin_for_message, give_message,
     end_queue, 1},
    {"a tail", watch_on, receive_the_next, begin_for_message, give_message, end_queue, 1},
    {"a producer", become_producer, publish_into_full, begin_full, give_room, end_queue, 0},
    {"an open", only_context, open_when_it_is_there, begin_nothing, begin_queue, end_nothing, 0},
    {"a successor", just_open, follow, begin_for_message, give_place, end_queue, 0},
};

/* --- the process ------------------------------------------------------------------------ */

static void handle(int signal_number) {
  (void)signal_number;
  atomic_fetch_add(&me->count[HANDLED], 1);
}

static void wait_for_it(void *arg) {
  const struct part part = *(const struct part *)arg;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handle;
  action.sa_flags = part.flags;
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  part.wait->prepare();
  mark();
  for (int code = 1; code != 0;) {
    at("%s waits", part.wait->name);
    code = part.wait->call();
    if (code == -EINTR)
      atomic_fetch_add(&me->count[INTERRUPTED], 1);
    else
      CHECK_THAT(code == 0 || code == 1, "%s: %d (%s)", part.wait->name, code, rill_error());
  }
  atomic_store(&me->count[DONE], 1);
}

/* --- the test ------------------------------------------------------------------------- */

static int stopped_by(const struct process *process) {
  int status;
  while (waitpid(process->pid, &status, 0) < 0)
    CHECK(errno == EINTR);
  CHECK_THAT(WIFSTOPPED(status), "%s ended with %x before its signal, last at: %s", process->name,
             (unsigned)status, process->where);
  return WSTOPSIG(status);
}

/* Sends the signal where the process is; it runs until the kernel delivers it, and then freely. */
static void signal_and_let_go(struct process *process) {
  CHECK(kill(process->pid, SIGUSR1) == 0);
  do
    CHECK(ptrace(PTRACE_CONT, process->pid, NULL, NULL) == 0);
  while (stopped_by(process) != SIGUSR1);
  CHECK(ptrace(PTRACE_DETACH, process->pid, NULL, (void *)(intptr_t)SIGUSR1) == 0);
}

static void check_result(const struct wait *wait, const struct process *process, int flags,
                         const char *where, unsigned n) {
  const uint64_t interrupted = process->count[INTERRUPTED];
  CHECK_THAT(process->count[DONE] && process->count[HANDLED] == 1, "%s, %s %u: not done",
             wait->name, where, n);
  CHECK_THAT(interrupted <= 1 && (!interrupted || !(flags & SA_RESTART) || !wait->restarts),
             "%s, %s %u: -EINTR %llu times", wait->name, where, n, (unsigned long long)interrupted);
}

/* The signal comes at the n-th stop or behind n instructions. Returns whether it was interrupted,
 * or -1: there are fewer. */
static int try_at(const struct wait *wait, int flags, unsigned stops, unsigned steps) {
  struct part part = {wait, flags};
  const unsigned n = stops + steps;
  wait->begin();
  struct process *process = spawn_traced(wait->name, wait_for_it, &part);
  at("%s, stop %u, step %u", wait->name, stops, steps);
  if (stops)
    CHECK(run_to_stop(process, stops) >= 0);
  for (; steps > 0; steps--)
    CHECK(run_instruction(process, NULL) != STEP_END);
  signal_and_let_go(process);
  await_count(process, HANDLED, 1);
  wait->give();
  await_end(process);
  check_result(wait, process, flags, stops ? "stop" : "step", n);
  const int interrupted = process->count[INTERRUPTED] != 0;
  wait->end();
  return interrupted;
}

static void try_wait(const struct wait *wait, int flags) {
  unsigned interrupted = 0, tries = 0;
  const int spins = wait->prepare == join_spinning;
  const int all = stride() < 100;
  const unsigned stops = spins ? 0 : all ? MORE_STOPS : STOPS;
  for (unsigned stop = 1; stop <= stops; stop += all || stop >= SLEEP ? 1 : 4, tries++)
    interrupted += (unsigned)try_at(wait, flags, stop, 0);
  for (unsigned step = 1; step < 2500; step += stride(), tries++)
    interrupted += (unsigned)try_at(wait, flags, 0, step);
  (void)printf("  %s, %s: %u tries, %u interrupted\n", wait->name,
               flags & SA_RESTART ? "calls restarted" : "calls interrupted", tries, interrupted);
  CHECK_THAT(interrupted > 0 || spins || (flags & SA_RESTART), "%s was never interrupted",
             wait->name);
}

static void signal_at_any_step_of_a_wait_loses_nothing(void) {
  for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
    try_wait(&waits[i], 0);
    try_wait(&waits[i], SA_RESTART);
  }
}

static const struct test tests[] = {
    NAMED(signal_at_any_step_of_a_wait_loses_nothing),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 400);
}
