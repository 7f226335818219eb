/* SPDX-License-Identifier: MIT */
/* tracer.h - an actor that is killed at its n-th stop at a system call, or behind any instruction.
 *
 * The actor prepares itself and calls curtain(); from there on it stops before and behind
 * each system call, or steps. Trying n = 1, 2, 3, ... kills it at each of them. */
#ifndef RILL_TEST_TRACER_H
#define RILL_TEST_TRACER_H

#include "actors.h"

/* On the actor's side: what follows is counted. */
void curtain(void);
/* ... and what follows this is not: the operation is done. */
void curtain_falls(void);

/* Spawns a traced actor and runs it up to curtain(); spawn_traced then stands there. */
struct actor *spawn_traced(const char *name, void (*play)(void *arg), void *arg);
/* Lets it run to its next curtain(). */
void run_to_curtain(struct actor *actor);
/* Lets it run to its n-th stop from here (n >= 1). Returns the number of the system call it
 * stands at, or -1: it ended (with 0) before. */
long run_to_stop(struct actor *actor, unsigned n);
/* Lets it run to the program that it executes, and in that; and stops it where it is then. */
void let_execute(struct actor *actor);
void stop_running(struct actor *actor);
/* Kills it where it stands. */
void kill_traced(struct actor *actor);

/* --- by instructions, up to curtain_falls() -------------------------------------------- */

enum tread { TREAD_END, TREAD_INSTRUCTION, TREAD_CALL }; /* END: the curtain fell          */

/* The address of the instruction that comes next. */
uint64_t standing_at(const struct actor *actor);
/* Lets it do one instruction, a system call being one. If it sleeps in that one, the others are
 * told (asleep; NULL: nobody is), who may end its sleep. */
enum tread run_instruction(struct actor *actor, void (*asleep)(void));
/* Lets it run until it is behind its next system call. */
enum tread run_behind_call(struct actor *actor, void (*asleep)(void));
/* Lets it run until it stands at this address, where it does not stand now, for the n-th time:
 * TREAD_INSTRUCTION. TREAD_CALL: it came to a system call before, and stands in front of it. */
enum tread run_to_address(struct actor *actor, uint64_t address, unsigned n);
/* The same in two: it then stands in front of its next system call, and behind it. */
enum tread run_to_call(struct actor *actor);
void pass_call(struct actor *actor, void (*asleep)(void));

#endif
