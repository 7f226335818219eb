/* SPDX-License-Identifier: MIT */
/* descriptor.h - descriptors that the library holds: never those of the standard streams. */
#ifndef RILLI_DESCRIPTOR_H
#define RILLI_DESCRIPTOR_H

/* For a call that has just returned a new descriptor, or failed with errno: the same file, closed
 * on exec, at a number above 2. A program whose standard streams are closed goes on writing to
 * them, and that must not reach a file of the library. Returns a negative errno value. */
int rilli_above_streams(int fd);

#endif
