/* SPDX-License-Identifier: MIT */
/* placement.h - where a mapping's pages are, and that they are there. */
#ifndef RILLI_PLACEMENT_H
#define RILLI_PLACEMENT_H

#include <stddef.h>

/* Brings all pages in, so that the data path faults none. They are reserved already. */
void rilli_populate(void *base, size_t size, int writable);

/* Private memory for a handle's hot state or a buffer: present, and zero in a forked
 * child, so that a handle used there is found out without a check of its own.
 * NULL when there is none (errno is set). Freed by rilli_private_free. */
void *rilli_private_alloc(size_t size);
void rilli_private_free(void *base, size_t size);

#endif
