/* SPDX-License-Identifier: MIT */
/* process.h - what /proc reports of the process whose id a queue shows.
 *
 * The id is the one that the process itself saw: it means the same here only in the same pid
 * namespace, and the result counts only if the process began before it joined the queue. Only
 * its lease shows whether a process lives. */
#ifndef PROCESS_H
#define PROCESS_H

#include <rill/rill.h>

#include <stdbool.h>
#include <stdint.h>

enum process_state {
  PROCESS_UNKNOWN, /* cannot be seen here, or is certainly another process */
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
  double cpu;       /* processors in use, between two checks; below 0: not known */
  uint64_t ticks;   /* of processor time used so far                            */
  int64_t time;     /* when it was checked (rill_clock) */
};

/* The identity of a process as a queue shows it. */
struct process_id {
  int64_t pid;         /* as it saw itself; 0: not known                          */
  uint64_t name_space; /* its pid namespace, by inode number; 0: not known        */
  int64_t opened;      /* CLOCK_REALTIME ns when it joined the queue              */
};

struct process_id process_of_producer(const struct rill_queue_stat *stat);
struct process_id process_of_member(const struct rill_group_stat *group);

/* Is that id one of this process's own pid namespace? */
bool process_is_here(const struct process_id *id);
/* Is it certainly one of another? */
bool process_is_elsewhere(const struct process_id *id);
/* "process 7", or "process 7 in another pid namespace". */
enum { PROCESS_TEXT = 64 };
const char *process_name(const struct process_id *id, char ret[PROCESS_TEXT]);
/* The same in a table: "*" behind an id of another pid namespace, else "". */
const char *process_mark(const struct process_id *id);

void process_look(const struct process_id *id, struct process *ret);

/* Checks again, and derives from the processor time used since then whether it runs. moves:
 * whether the queue shows that it makes progress. */
void process_look_again(const struct process_id *id, bool moves, struct process *process);

const char *process_word(enum process_state state);

#endif
