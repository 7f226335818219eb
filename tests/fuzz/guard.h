/* SPDX-License-Identifier: MIT */
/* guard.h - mappings with nothing around them, so that a step outside of one faults.
 *
 * The program's own mmap and munmap (ld --wrap) leave 8 GiB without any right on both sides of
 * each mapping: more than a 32-bit length or a wrong page offset can jump. What was unmapped
 * stays without rights for a while. And nothing sleeps: what waits for another process's moment
 * (nanosleep) would wait for one that there is not. */
#ifndef RILL_FUZZ_GUARD_H
#define RILL_FUZZ_GUARD_H

#include <stddef.h>

/* How many mappings there are that were not given back. */
size_t guard_mappings(void);

#endif
