/* SPDX-License-Identifier: MIT */
/* tracer.h - an actor that is killed at its n-th stop at a system call, or after n instructions.
 *
 * The actor prepares itself and calls curtain(); from there on it stops before and behind
 * each system call, or steps. Trying n = 1, 2, 3, ... kills it at each of them. */
#ifndef RILL_TEST_TRACER_H
#define RILL_TEST_TRACER_H

#include "actors.h"

/* On the actor's side: what follows is counted. */
void curtain(void);

/* Spawns a traced actor and runs it up to curtain(); spawn_traced then stands there. */
struct actor *spawn_traced(const char *name, void (*play)(void *arg), void *arg);
/* Lets it run to its next curtain(). */
void run_to_curtain(struct actor *actor);
/* Lets it run to its n-th stop from here (n >= 1). Returns the number of the system call it
 * stands at, or -1: it ended (with 0) before. */
long run_to_stop(struct actor *actor, unsigned n);
/* Lets it take n single steps from here. Returns 0: it came to its next curtain() before. */
unsigned run_to_step(struct actor *actor, unsigned n);
/* Kills it where it stands. */
void kill_traced(struct actor *actor);

#endif
