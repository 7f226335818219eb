/* SPDX-License-Identifier: MIT */
/* process.h - what /proc says of the process behind a process id that a queue shows.
 *
 * The id is what that process saw itself, so here it may be another one's, or no process's:
 * what is found is believed only if it began before the queue was joined. Whether a process lives
 * is known by its lease alone. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stdint.h>

enum process_state {
  PROCESS_UNKNOWN, /* not to be seen here, or surely another process            */
  PROCESS_RUNNING,
  PROCESS_SPINNING, /* uses a processor, and takes nothing                       */
  PROCESS_SLEEPING,
  PROCESS_WAITING, /* in the kernel, and no signal gets it out (a disk)         */
  PROCESS_STOPPED, /* by a signal                                               */
  PROCESS_TRACED   /* by a debugger                                             */
};

struct process {
  enum process_state state;
  char command[32]; /* "" when the state is unknown                             */
  double cpu;       /* processors in use, between two looks; below 0: not known   */
  uint64_t ticks;   /* of processor time used so far                            */
  int64_t time;     /* when it was looked at (rill_clock)                        */
};

/* Looks at the process; opened: CLOCK_REALTIME ns when it joined the queue. */
void process_look(int64_t pid, int64_t opened, struct process *ret);

/* Looks again, and derives from what it has used since then whether it runs. moves: whether
 * the queue shows that it gets on. */
void process_look_again(int64_t pid, int64_t opened, bool moves, struct process *process);

const char *process_word(enum process_state state);

#endif
