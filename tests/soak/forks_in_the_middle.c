/* SPDX-License-Identifier: MIT */
/* forks_in_the_middle.c - a thread forks, or execs, while another one is in the middle of a call,
 * for each call of the interface and at random moments: the child has nothing of its parent and
 * does no harm, the parent does not notice, and exec and death drop everything. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "operations.h"

#define FORKS 40u /* in the middle of each call                                        */

static const struct operation *operation;
static _Atomic uint32_t over;
static _Atomic uint64_t turns;

/* A child has the description of a lease that was being taken, until it runs for the first time and
 * closes it: -EBUSY until then. If the child kept it, this would never end. */
static void *run_over_and_over(void *arg) {
  (void)arg;
  while (!atomic_load(&over)) {
    const int code = operate(operation);
    CHECK_THAT(code == 0 || code == -EBUSY, "%s: %d (%s)", operation->name, code, rill_error());
    atomic_fetch_add(&turns, code == 0);
  }
  return NULL;
}

static pthread_t begin(const struct operation *which) {
  pthread_t thread;
  operation = which;
  atomic_store(&over, 0);
  atomic_store(&turns, 0);
  CHECK(pthread_create(&thread, NULL, run_over_and_over, NULL) == 0);
  while (atomic_load(&turns) == 0)
    breathe();
  return thread;
}

static void a_random_moment(void) {
  const struct timespec span = {.tv_nsec = (long)(random_number() % 400000)};
  (void)nanosleep(&span, NULL);
}

/* --- fork ---------------------------------------------------------------------------- */

static void refused(int code) {
  CHECK_THAT(code == -ECHILD, "in the middle of %s: a child is answered %d", operation->name, code);
}

/* Nothing of the parent works; then it opens its own handles, which are whole. */
static void be_a_child(void) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  struct rill_message message;
  void *place;
  refused(rill_queue_read_stat(set.queue, &stat));
  refused(rill_publish(set.producer, "x", 1, RILL_NOW));
  refused(rill_reserve(set.producer, NULL, 1, RILL_NOW, &place));
  refused(rill_receive(set.kept, RILL_NOW, &message));
  refused(rill_release(set.passing, NULL));
  refused(rill_queue_list(set.context, NULL, NULL, NULL));
  close_set();
  rill_context_close(set.context);
  forget_context();
  rill_queue *own = NULL;
  CHECK_EQ(rill_queue_open(context_here(), "idle", RILL_OBSERVE, NULL, RILL_NOW, &own), 0);
  CHECK(stat_of(own).attached);
  const struct joining tail = {.flags = RILL_TAIL};
  rill_consumer_close(open_consumer(own, tail));
  CHECK(rill_queue_gc(context_here(), RILL_GC_DRY_RUN, NULL, NULL) >= 0);
  rill_queue_close(own);
}

/* The child lives until the pipe's other end is closed. */
static pid_t fork_here(const int until[2]) {
  char byte;
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child)
    return child;
  (void)close(until[1]);
  be_a_child();
  atomic_fetch_add(&me->count[0], 1);
  (void)!read(until[0], &byte, 1);
  _exit(0);
}

static void fork_in_the_middle_of(const struct operation *which) {
  pid_t children[FORKS];
  int until[2], status;
  CHECK(pipe2(until, O_CLOEXEC) == 0);
  open_set();
  atomic_store(&me->count[0], 0);
  const pthread_t thread = begin(which);
  for (unsigned i = 0; i < FORKS; i++) {
    at("fork %u in the middle of %s", i, which->name);
    a_random_moment();
    children[i] = fork_here(until);
  }
  while (atomic_load(&me->count[0]) < FORKS) { /* each has closed what was not its own */
    for (unsigned i = 0; i < FORKS; i++)
      CHECK_THAT(waitpid(children[i], &status, WNOHANG) == 0, "child %u ended with %x", i,
                 (unsigned)status);
    breathe();
  }
  const uint64_t before = atomic_load(&turns); /* the parent goes on */
  while (atomic_load(&turns) < before + 2)
    breathe();
  atomic_store(&over, 1);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(stat_of(set.queue).group_count == 2 && stat_of(set.queue).producer == RILL_PRODUCER_ALIVE);
  close_set();
  gc_leaves_nothing(); /* although the children live */
  (void)close(until[1]);
  for (unsigned i = 0; i < FORKS; i++) {
    CHECK(waitpid(children[i], &status, 0) == children[i]);
    CHECK_THAT(status == 0, "child %u of %s ended with %x", i, which->name, (unsigned)status);
  }
  (void)close(until[0]);
}

static void fork_in_the_middle_of_any_call_is_harmless(void) {
  for (size_t i = 0; i < operation_count; i++)
    fork_in_the_middle_of(&operations[i]);
}

/* --- fork, and then death ----------------------------------------------------------------- */

struct heir {
  const struct operation *operation;
  int until[2];
};

/* The child has only what a fork gave it, and the parent dies at the same moment. */
static void fork_and_die(void *arg) {
  const struct heir *heir = arg;
  char byte;
  open_set();
  (void)begin(heir->operation);
  a_random_moment();
  const pid_t child = fork();
  if (child < 0)
    _exit(98);
  if (child)
    _exit(0);
  (void)close(heir->until[1]);
  atomic_store(&me->count[0], 1);
  (void)!read(heir->until[0], &byte, 1);
  _exit(0);
}

static void death_after_a_fork_in_the_middle_of_any_call_leaves_nothing_held(void) {
  for (size_t i = 0; i < operation_count; i++) {
    struct heir heir = {.operation = &operations[i]};
    CHECK(pipe2(heir.until, O_CLOEXEC) == 0);
    for (unsigned turn = 0; turn < FORKS; turn++) {
      at("death %u in the middle of %s", turn, operations[i].name);
      struct process *process = spawn("dying", fork_and_die, &heir);
      await_end(process);
      while (atomic_load(&process->count[0]) == 0) /* until the child has run */
        breathe();
      const int kept = rill_queue_unlink(context_here(), "new");
      CHECK_THAT(kept == 0 || kept == -ENOENT, "unlink: %d (%s)", kept, rill_error());
      gc_leaves_nothing(); /* although the children live */
    }
    (void)close(heir.until[1]);
    (void)close(heir.until[0]);
  }
}

/* --- exec ---------------------------------------------------------------------------- */

static void exec_in_the_middle(void *arg) {
  open_set();
  (void)begin(arg);
  CHECK(dup2(me->input, STDIN_FILENO) == STDIN_FILENO);
  CHECK(dup2(me->output, STDOUT_FILENO) == STDOUT_FILENO);
  report_ready();
  a_random_moment();
  (void)execl("/bin/cat", "cat", (char *)NULL);
  _exit(98);
}

static void exec_in_the_middle_of_any_call_drops_everything(void) {
  for (size_t i = 0; i < operation_count; i++) {
    struct operation which = operations[i];
    struct process *process = spawn("executing", exec_in_the_middle, &which);
    await_ready(process);
    at("exec in the middle of %s", which.name);
    proceed(process);
    await_ready(process); /* cat gives back what it was given */
    const int kept = rill_queue_unlink(context_here(), "new"); /* it may just have been made */
    CHECK(kept == 0 || kept == -ENOENT);
    gc_leaves_nothing();
    kill_process(process);
  }
}

static const struct test tests[] = {
    NAMED(fork_in_the_middle_of_any_call_is_harmless),
    NAMED(death_after_a_fork_in_the_middle_of_any_call_leaves_nothing_held),
    NAMED(exec_in_the_middle_of_any_call_drops_everything),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
