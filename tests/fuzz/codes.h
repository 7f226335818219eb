/* SPDX-License-Identifier: MIT */
/* codes.h - the codes that a call may return, as its header states them. */
#ifndef RILL_FUZZ_CODES_H
#define RILL_FUZZ_CODES_H

#include <stddef.h>
#include <string.h>

/* 0 or the negative of one of these; else the fuzzer has found something. */
#define CODES(call, code, ...)                                                                     \
  do {                                                                                             \
    static const int codes_known[] = {__VA_ARGS__};                                                \
    codes_check((call), (code), codes_known, sizeof codes_known / sizeof *codes_known);            \
  } while (0)

void codes_check(const char *call, int code, const int *known, size_t count);

#endif
