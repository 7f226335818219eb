/* SPDX-License-Identifier: MIT */
/* trace.h - a process that is killed at its n-th stop at a system call, or behind any instruction.
 *
 * The process prepares itself and calls mark(); from there on it stops before and after
 * each system call, or steps. With n = 1, 2, 3, ... it is killed at each of them in turn. */
#ifndef RILL_TEST_TRACE_H
#define RILL_TEST_TRACE_H

#include "process.h"

/* On the process's side: what follows is counted. */
void mark(void);
/* ... and what follows this is not: the operation is done. */
void mark_end(void);

/* Spawns a traced process and runs it up to mark(), where it then is. */
struct process *spawn_traced(const char *name, void (*run)(void *arg), void *arg);
/* Lets it run to its next mark(). */
void run_to_mark(struct process *process);
/* Lets it run to its n-th stop from here (n >= 1). Returns the number of the system call where it
 * is, or -1: it ended (with 0) before. */
long run_to_stop(struct process *process, unsigned n);
/* Lets it run into the program that it executes, and stops it there. */
void let_execute(struct process *process);
void stop_running(struct process *process);
/* Kills it where it is. */
void kill_traced(struct process *process);

/* --- by instructions, up to mark_end() -------------------------------------------- */

enum step { STEP_END, STEP_INSTRUCTION, STEP_CALL }; /* END: at mark_end()           */

/* The address of the instruction that comes next. */
uint64_t standing_at(const struct process *process);
/* Lets it execute one instruction; a system call counts as one. If it sleeps there, asleep() is
 * called (unless NULL), which may end the sleep. */
enum step run_instruction(struct process *process, void (*asleep)(void));
/* Lets it run until it is behind its next system call. */
enum step run_behind_call(struct process *process, void (*asleep)(void));
/* Lets it run until it reaches this address, where it is not now, for the n-th time:
 * STEP_INSTRUCTION. STEP_CALL: it reached a system call first, and is in front of it. */
enum step run_to_address(struct process *process, uint64_t address, unsigned n);
/* The same in two steps: it is then in front of its next system call, and then behind it. */
enum step run_to_call(struct process *process);
void pass_call(struct process *process, void (*asleep)(void));

#endif
