/* SPDX-License-Identifier: MIT */
/* placement.h - where a mapping's pages lie, and bringing them into memory. */
#ifndef RILLI_PLACEMENT_H
#define RILLI_PLACEMENT_H

#include <stddef.h>

#include "check.h"
#include "segment.h"

/* Brings all pages in, so that the data path faults none. They are reserved already. */
void rilli_populate(void *base, size_t size, int writable);

/* Does what the queue's attributes ask of each process that maps its data segment: keeps it out
 * of core dumps; with `lock`, locks it in memory (-ENOMEM: not allowed to; with a text). */
int rilli_place(const struct rilli_mapping *data, const struct rilli_geometry *geometry, int lock);

/* Brings the pages of a data mapping in, unless the queue has RILL_NO_PREFAULT. */
void rilli_prefault(const struct rilli_mapping *data, const struct rilli_geometry *geometry,
                    int writable);

/* Asks the kernel for huge pages. Returns 0, or the errno (positive) with which it refused them
 * for all or for a part. */
int rilli_collapse(const struct rilli_mapping *data);

/* Private memory for a handle's hot state or a buffer: present, and zero in a forked
 * child, so that a handle used there is detected without an extra check.
 * NULL when there is none (errno is set). Freed by rilli_private_free. */
void *rilli_private_alloc(size_t size);
void rilli_private_free(void *base, size_t size);

#endif
