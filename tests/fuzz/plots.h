/* SPDX-License-Identifier: MIT */
/* plots.h - queues as they look in the midst of use: the bytes of their files. */
#ifndef RILL_FUZZ_PLOTS_H
#define RILL_FUZZ_PLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "rill/rill.h"

#define PLOTS 8u

struct plot {
  uint8_t *control, *data;
  size_t control_size, data_size;
  uint64_t position, sequence, limit;
};

/* Plays plot number n on the queue of this name, and copies its files. */
void plots_play(rill_context *context, unsigned n, struct plot *ret);

#endif
