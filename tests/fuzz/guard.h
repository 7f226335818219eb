/* SPDX-License-Identifier: MIT */
/* guard.h - mappings with nothing around them, so that a step outside of one faults.
 *
 * The program's own mmap and munmap (ld --wrap) leave 8 GiB without any right on both sides of
 * each mapping: more than a 32-bit length or a wrong page offset can jump. What was unmapped
 * stays without rights for a while. And nothing sleeps: there is no other process
 * that nanosleep could wait for. */
#ifndef RILL_FUZZ_GUARD_H
#define RILL_FUZZ_GUARD_H

#include <stddef.h>

/* The number of mappings that were not unmapped. */
size_t guard_mappings(void);

#endif
