/* SPDX-License-Identifier: MIT */
/* nodes.h - the NUMA nodes that memory comes from, by libnuma. Where that is missing (a build
 * without it, a kernel without NUMA, a sandbox), memory lies where the kernel puts it. */
#ifndef RILLI_NODES_H
#define RILLI_NODES_H

#include <stddef.h>
#include <stdint.h>

#define RILLI_NODES 1024u /* node numbers are smaller: a limit of the kernel */

/* Can this host do that? numa: RILL_NUMA_*. Returns 0, -EINVAL (there is no such node) or
 * -ENOSYS (built without libnuma), with a text. */
int rilli_nodes_check(uint32_t numa, uint32_t node);

/* Makes the memory of a shared mapping, and of every other mapping of that file, come from there.
 * To be called before the file has memory. On a host with one node it cannot fail. */
int rilli_nodes_bind(void *base, size_t size, uint32_t numa, uint32_t node);

/* The policy that holds at an address: RILL_NUMA_*, or RILL_NUMA_OTHER for what this library
 * does not set. *ret_node: the node of RILL_NUMA_NODE. */
uint32_t rilli_nodes_policy(const void *at, uint32_t *ret_node);

/* The node that each of these pages lies on; negative where that is not known. */
void rilli_nodes_of(void *pages[], size_t count, int ret_nodes[]);

#endif
