/* SPDX-License-Identifier: MIT */
/* samples.h - queues as they are while in use: the bytes of their files. */
#ifndef RILL_FUZZ_SAMPLES_H
#define RILL_FUZZ_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "rill/rill.h"

#define SAMPLES 8u

struct sample {
  uint8_t *control, *data;
  size_t control_size, data_size;
  uint64_t position, sequence, limit;
};

/* Makes sample number n as queue "q", and copies its files. */
void samples_make(rill_context *context, unsigned n, struct sample *ret);

#endif
