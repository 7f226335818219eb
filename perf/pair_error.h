/* SPDX-License-Identifier: MIT */
/* perf/pair_error.h - error texts of a process of a pair; also for C++. */
#ifndef RILL_PERF_PAIR_ERROR_H
#define RILL_PERF_PAIR_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

/* In a role: stores the text of an error, and returns code. Outside of a role it does the
 * same for the caller of pair_run. printf-like. */
int pair_error(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text of the last pair_error of this process. */
const char *pair_error_text(void);

/* A signal is held back that will end the program (pair_hold_signals): do not wait. */
int pair_end_is_wanted(void);

#ifdef __cplusplus
}
#endif
#endif
