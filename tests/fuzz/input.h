/* SPDX-License-Identifier: MIT */
/* input.h - reads an input of libFuzzer from its front; what is missing is zero. */
#ifndef RILL_FUZZ_INPUT_H
#define RILL_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SCRIPT_MOST 400u /* steps of one input                                      */

struct input {
  const uint8_t *at;
  size_t left;
};

static inline uint64_t take(struct input *input, size_t bytes) {
  uint64_t value = 0;
  const size_t got = bytes < input->left ? bytes : input->left;
  memcpy(&value, input->at, got);
  input->at += got;
  input->left -= got;
  return value;
}

static inline uint8_t take_byte(struct input *input) {
  return (uint8_t)take(input, 1);
}

/* A value near which sums overflow and comparisons turn; or, for some bytes, any. */
uint64_t take_odd(struct input *input);

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
