/* SPDX-License-Identifier: MIT */
/* fence.c - membarrier(2), the asymmetric half of E5 and E7. See fence.h. */
#include "fence.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rill/context.h"

static long membarrier(int command) {
  return syscall(SYS_membarrier, command, 0, 0);
}

int rilli_fence_init(uint32_t wanted) {
  if (wanted == RILL_FENCE_FULL)
    return RILL_FENCE_FULL;
  if (membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0)
    return RILL_FENCE_MEMBARRIER;
  return wanted == RILL_FENCE_MEMBARRIER ? -ENOSYS : RILL_FENCE_FULL;
}

int rilli_fence_peers(void) {
  atomic_thread_fence(memory_order_seq_cst);
  return membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED) == 0;
}
