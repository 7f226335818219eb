/* SPDX-License-Identifier: MIT */
/* fence.h - which process pays for the order between a store and a sleeper's check.
 *
 * Membarrier mode: publish and release contain no fence; a process about to sleep makes
 * every registered process execute one (E5, E7). Full mode: publish and release fence. */
#ifndef RILLI_FENCE_H
#define RILLI_FENCE_H

#include <stdatomic.h>
#include <stdint.h>

/* Registers this process. wanted: RILL_FENCE_*. Returns the mode that holds
 * (RILL_FENCE_MEMBARRIER or RILL_FENCE_FULL), or -ENOSYS if the wanted one is not available. */
int rilli_fence_init(uint32_t wanted);

/* A full fence here, and in every registered process. Returns 0 when the kernel could not
 * do it: then no sleep may be long. */
int rilli_fence_peers(void);

/* What the fast path executes between its store and its check. */
static inline void rilli_fence_own(uint32_t full) {
  if (__builtin_expect(full != 0, 0))
    atomic_thread_fence(memory_order_seq_cst);
  else
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void rilli_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

/* A hint that this line is for another core: cldemote (%rax), written as bytes, since assemblers
 * need an option for it. A processor that does not know it executes a nop. */
static inline void rilli_demote(const void *line) {
#if defined(__x86_64__)
  __asm__ volatile(".byte 0x0f, 0x1c, 0x00" : : "a"(line) : "memory");
#else
  (void)line;
#endif
}

#endif
