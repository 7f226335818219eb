/* SPDX-License-Identifier: MIT */
/* perf/peers/place.h - names for the sockets and files of peers that need them.
 *
 * A private directory /dev/shm/rill-perf-PID, PID being the supervisor's; and where a peer
 * chooses the directory, names that begin with rill-perf-PID- in /dev/shm or /tmp. What
 * killed supervisors have left is removed when the next one enters. */
#ifndef RILL_PERF_PLACE_H
#define RILL_PERF_PLACE_H

#include <stddef.h>

/* In the supervisor: makes the directory at the first call, and removes it and all those names
 * at the last. 0, or a negative errno value, with a text by pair_error. */
int place_enter(void);
void place_leave(void);

/* The path of a file in it, here or in a process of the pair. */
void place_path(const char *name, char *ret_path, size_t size);

#endif
