/* SPDX-License-Identifier: MIT */
/* words.h - the names of the library's states and modes. */
#ifndef WORDS_H
#define WORDS_H

#include <rill/rill.h>

/* The state of a queue: removed, blocked (its producer waits for room), live (has a
 * producer), orphaned (its producer died), open (a process has it open), idle. */
const char *words_state(const struct rill_queue_stat *stat);

const char *words_numa(uint32_t numa);
const char *words_producer(uint32_t state);
const char *words_group(uint32_t state);
const char *words_wait(uint32_t wait);

#endif
