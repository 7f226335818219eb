/* SPDX-License-Identifier: MIT */
/* trace.h - a process that is killed at its n-th stop at a system call, or behind any instruction.
 *
 * The process prepares itself and calls mark(); from there on it stops before and behind
 * each system call, or steps. Trying n = 1, 2, 3, ... kills it at each of them. */
#ifndef RILL_TEST_TRACE_H
#define RILL_TEST_TRACE_H

#include "process.h"

/* On the process's side: what follows is counted. */
void mark(void);
/* ... and what follows this is not: the operation is done. */
void mark_end(void);

/* Spawns a traced process and runs it up to mark(); spawn_traced then stands there. */
struct process *spawn_traced(const char *name, void (*run)(void *arg), void *arg);
/* Lets it run to its next mark(). */
void run_to_mark(struct process *process);
/* Lets it run to its n-th stop from here (n >= 1). Returns the number of the system call it
 * stands at, or -1: it ended (with 0) before. */
long run_to_stop(struct process *process, unsigned n);
/* Lets it run to the program that it executes, and in that; and stops it where it is then. */
void let_execute(struct process *process);
void stop_running(struct process *process);
/* Kills it where it stands. */
void kill_traced(struct process *process);

/* --- by instructions, up to mark_end() -------------------------------------------- */

enum step { STEP_END, STEP_INSTRUCTION, STEP_CALL }; /* END: at mark_end()           */

/* The address of the instruction that comes next. */
uint64_t standing_at(const struct process *process);
/* Lets it do one instruction, a system call being one. If it sleeps in that one, asleep() is
 * called (unless NULL), which may end its sleep. */
enum step run_instruction(struct process *process, void (*asleep)(void));
/* Lets it run until it is behind its next system call. */
enum step run_behind_call(struct process *process, void (*asleep)(void));
/* Lets it run until it stands at this address, where it does not stand now, for the n-th time:
 * STEP_INSTRUCTION. STEP_CALL: it came to a system call before, and stands in front of it. */
enum step run_to_address(struct process *process, uint64_t address, unsigned n);
/* The same in two: it then stands in front of its next system call, and behind it. */
enum step run_to_call(struct process *process);
void pass_call(struct process *process, void (*asleep)(void));

#endif
