/* SPDX-License-Identifier: MIT */
/* process.h - tests that run with whole processes.
 *
 * A test runs in a namespace of its own, which it must leave empty. Its processes are children;
 * they and the test report their progress to each other by pipes, and count in shared memory what
 * they did. A watchdog ends a test that hangs: it prints where every process is and kills the whole
 * process group. */
#ifndef RILL_TEST_PROCESS_H
#define RILL_TEST_PROCESS_H

#include <stdatomic.h>

#include "support.h"

#define PROCESSES 65536
#define COUNTS 8

struct process {
  char name[32];
  char where[160];                /* written by the process itself: at()           */
  _Atomic uint64_t count[COUNTS]; /* the test gives them a meaning                 */
  _Atomic uint32_t at_end;        /* mark_end() of trace.h                         */
  pid_t pid;                      /* 0: gone                                       */
  int to, from;                   /* the test's ends of the two pipes              */
  int input, output;              /* the process's ends                            */
};

struct test {
  const char *name; /* the behaviour it shows */
  void (*run)(void);
  void (*in)(void (*run)(void)); /* runs it, for example in_a_process(); NULL: directly          */
};
#define NAMED(function)                                                                            \
  { #function, function, NULL }
#define NAMED_IN(function, in)                                                                     \
  { #function, function, in }

/* Runs the tests (those named in argv, or all); what main() returns. Each must be done
 * after that many seconds, and leave its namespace empty. */
int run_all_tests(const struct test *tests, size_t n, int argc, char **argv, unsigned seconds);
#define RUN_TESTS(argc, argv, seconds)                                                             \
  run_all_tests(tests, sizeof tests / sizeof *tests, (argc), (argv), (seconds))

/* Takes "OPTION N" from the front of the arguments; N from 1 on, or 0: it is not there. */
unsigned take_option(int *argc, char ***argv, const char *option);

/* --- on the test's side ------------------------------------------------------------ */

struct process *spawn(const char *name, void (*run)(void *arg), void *arg);
/* A process with a stack of its own; flags for clone(2), such as CLONE_NEWPID. */
struct process *spawn_with(int clone_flags, const char *name, void (*run)(void *arg), void *arg);
/* A child outside of this list: it has exactly what fork leaves except the context, runs and exits
 * with 0, which is awaited. */
void in_a_child(void (*run)(void));
/* A mount namespace of this process alone, and an empty directory in it to mount on. */
void own_mounts(char ret_path[256]);
void await_ready(struct process *process);  /* waits until it says report_ready()         */
void proceed(struct process *process);      /* lets it go on behind await_proceed()       */
void kill_process(struct process *process); /* SIGKILL; it must still have lived          */
void stop_process(struct process *process); /* SIGSTOP, and waits until it has stopped    */
void continue_process(struct process *process);
void await_end(struct process *process); /* it must exit with 0                        */
/* Marks it as gone: its status was taken elsewhere. */
void forget_process(struct process *process);
/* Until the process's count is at least n. */
void await_count(const struct process *process, unsigned which, uint64_t n);
void fail_if_dead(void); /* a process that died by itself ends the test              */
void breathe(void);      /* between two polls of something that others change          */

/* --- on the process's side ------------------------------------------------------------- */

extern struct process *me; /* in the test's own process: an entry of its own          */
void at(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_ready(void);
void await_proceed(void);
uint64_t random_number(void); /* from the seed, which is printed; RILL_TEST_SEED sets it */

#endif
