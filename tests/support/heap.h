/* SPDX-License-Identifier: MIT */
/* heap.h - allocations of one thread, counted and failed: malloc and related functions, including
 * libc's own calls of them (they are defined here, over libc's). */
#ifndef RILL_TEST_HEAP_H
#define RILL_TEST_HEAP_H

#include <limits.h>

struct heap {
  int watched;      /* by the thread itself                                              */
  int fallible;     /* allocations are counted now, and may fail                         */
  unsigned calls;   /* that could fail                                                   */
  unsigned fail_at; /* 0: none; 1: the first call fails                                  */
  int for_ever;     /* and those behind it                                               */
  long live;        /* allocated and not freed                                           */
};

struct heap *heap_here(void); /* of the calling thread                                    */

#endif
