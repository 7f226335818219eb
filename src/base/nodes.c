/* SPDX-License-Identifier: MIT */
/* nodes.c - the NUMA nodes that memory comes from. See nodes.h.
 *
 * Of libnuma only the kernel's calls are used: its own functions print on standard error when
 * they fail, and end the process when there is no memory. A policy set through a
 * shared mapping of a tmpfs file belongs to the file: posix_fallocate follows it. */
#include "nodes.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "error.h"
#include "rill/stat.h"

#ifdef RILL_NUMA
#include <numa.h>
#include <numaif.h>

#define WORD_BITS (sizeof(unsigned long) * CHAR_BIT)
#define WORDS (RILLI_NODES / WORD_BITS)

struct nodes {
  unsigned long words[WORDS];
};

static int has_node(const struct nodes *nodes, uint32_t node) {
  return (int)(nodes->words[node / WORD_BITS] >> node % WORD_BITS & 1ul);
}

static uint32_t count_nodes(const struct nodes *nodes) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < RILLI_NODES; i++)
    count += (uint32_t)has_node(nodes, i);
  return count;
}

/* The nodes from which this process may have memory. A kernel without NUMA has node 0. */
static struct nodes allowed_nodes(void) {
  struct nodes ret = {{0}};
  if (numa_available() < 0 ||
      get_mempolicy(NULL, ret.words, RILLI_NODES + 1, NULL, MPOL_F_MEMS_ALLOWED) != 0 ||
      count_nodes(&ret) == 0)
    ret.words[0] = 1;
  return ret;
}

int rilli_nodes_check(uint32_t numa, uint32_t node) {
  if (numa != RILL_NUMA_NODE)
    return 0;
  const struct nodes nodes = allowed_nodes();
  if (node < RILLI_NODES && has_node(&nodes, node))
    return 0;
  return rilli_fail(EINVAL,
                    "there is no NUMA node %u from which this process may have memory: it has %u "
                    "(numactl --show)",
                    node, count_nodes(&nodes));
}

int rilli_nodes_bind(void *base, size_t size, uint32_t numa, uint32_t node) {
  struct nodes nodes = allowed_nodes();
  if (numa == RILL_NUMA_NONE || numa_available() < 0)
    return 0;
  const int one = count_nodes(&nodes) == 1;
  int mode = MPOL_INTERLEAVE;
  if (numa == RILL_NUMA_LOCAL) {
    mode = MPOL_LOCAL;
    memset(&nodes, 0, sizeof nodes);
  } else if (numa == RILL_NUMA_NODE) { /* not MPOL_BIND: a full node would kill the process */
    mode = MPOL_PREFERRED;
    memset(&nodes, 0, sizeof nodes);
    nodes.words[node / WORD_BITS] = 1ul << node % WORD_BITS;
  }
  /* The kernel uses one bit less than this number. */
  const unsigned long bits = mode == MPOL_LOCAL ? 0 : RILLI_NODES + 1;
  if (mbind(base, size, mode, bits ? nodes.words : NULL, bits, 0) == 0)
    return 0;
  const int code = errno;
  if (one) /* perhaps a sandbox forbids it: there is nothing to choose */
    return 0;
  return rilli_fail(code, "cannot choose the NUMA node of its memory: %s", rilli_words(code));
}

uint32_t rilli_nodes_policy(const void *at, uint32_t *ret_node) {
  int mode = MPOL_DEFAULT;
  struct nodes nodes = {{0}};
  *ret_node = 0;
  /* get_mempolicy does not write to it, although its parameter lacks const. */
  if (get_mempolicy(&mode, nodes.words, RILLI_NODES, (void *)(uintptr_t)at, MPOL_F_ADDR) != 0)
    return RILL_NUMA_NONE;
  switch (mode) {
  case MPOL_DEFAULT:
    return RILL_NUMA_NONE;
  case MPOL_LOCAL:
    return RILL_NUMA_LOCAL;
  case MPOL_INTERLEAVE:
    return RILL_NUMA_INTERLEAVE;
  case MPOL_PREFERRED:
    for (uint32_t i = 0; i < RILLI_NODES; i++)
      if (has_node(&nodes, i)) {
        *ret_node = i;
        return RILL_NUMA_NODE;
      }
    return RILL_NUMA_LOCAL; /* as kernels before 5.14 report it */
  default:
    return RILL_NUMA_OTHER;
  }
}

void rilli_nodes_of(void *pages[], size_t count, int ret_nodes[]) {
  for (size_t i = 0; i < count; i++)
    ret_nodes[i] = -1;
  (void)move_pages(0, count, pages, NULL, ret_nodes, 0); /* moves nothing */
}

#else

int rilli_nodes_check(uint32_t numa, uint32_t node) {
  (void)node;
  if (numa == RILL_NUMA_NONE)
    return 0;
  return rilli_fail(ENOSYS, "this librill was built without libnuma: leave numa at its default");
}

int rilli_nodes_bind(void *base, size_t size, uint32_t numa, uint32_t node) {
  (void)base;
  (void)size;
  return rilli_nodes_check(numa, node);
}

uint32_t rilli_nodes_policy(const void *at, uint32_t *ret_node) {
  (void)at;
  *ret_node = 0;
  return RILL_NUMA_NONE;
}

void rilli_nodes_of(void *pages[], size_t count, int ret_nodes[]) {
  (void)pages;
  for (size_t i = 0; i < count; i++)
    ret_nodes[i] = -1;
}

#endif
