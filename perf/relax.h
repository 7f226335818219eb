/* SPDX-License-Identifier: MIT */
/* perf/relax.h - the pause instruction, for poll loops. */
#ifndef RILL_PERF_RELAX_H
#define RILL_PERF_RELAX_H

static inline void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

#endif
