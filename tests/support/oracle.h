/* SPDX-License-Identifier: MIT */
/* oracle.h - what must be true of queues, their segments and what a process holds. */
#ifndef RILL_TEST_ORACLE_H
#define RILL_TEST_ORACLE_H

#include "fixture.h"

/* Invariants that hold at every moment; numbers must not go back from one check to the next. */
void check_invariants(rill_queue *queue);

/* Runs rill doctor on a queue; a finding of this kind (RILL_NOTE, RILL_WRONG) or worse fails the
 * test. Returns 0, or the error of the call. */
#define NO_FINDING (RILL_WRONG + 1u)
int examine_queue(rill_context *context, const char *name, uint32_t fails, const char *when);
/* The same of "q", which must be there. */
void check_sound(uint32_t fails, const char *when);

unsigned files_left(int print); /* in the namespace                                  */
/* Are there files of a queue? */
int has_files(const char *queue);
void gc_leaves_nothing(void);
unsigned descriptors_open(void);
unsigned mappings_of_segments(void);

#endif
