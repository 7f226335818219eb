/* SPDX-License-Identifier: MIT */
/* pid_namespace.h - in which pid namespace this process is. */
#ifndef RILLI_PID_NAMESPACE_H
#define RILLI_PID_NAMESPACE_H

#include <stdint.h>

/* The inode number of /proc/self/ns/pid; 0: not known, as where /proc is not mounted. It stays the
 * same for as long as the process lives. */
uint64_t rilli_pid_namespace(void);

#endif
