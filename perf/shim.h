/* SPDX-License-Identifier: MIT */
/* perf/shim.h - Google Benchmark from C.
 *
 * The shim owns main(): it reads the --benchmark_ flags, lets the program register
 * what it has, and prints. It knows nothing of rounds or queues; a benchmark here
 * reports one figure that was measured elsewhere (manual time, one iteration). */
#ifndef RILL_PERF_SHIM_H
#define RILL_PERF_SHIM_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct shim_state shim_state;
typedef void shim_function(shim_state *state, void *arg);

/* The program defines these three. bench_register gets the arguments that are not
 * Google Benchmark's and returns 0, or the exit status; bench_prepare is called once,
 * when it is certain that benchmarks will run (not for --benchmark_list_tests), and may
 * still add context; bench_usage prints the program's own options. */
int bench_register(int argc, char **argv);
void bench_prepare(void);
void bench_usage(void);

/* Registers a benchmark under a name that is printed as it is. The names are matched
 * by --benchmark_filter at any place, so a filter should not end in '$'. */
void shim_register(const char *name, shim_function *function, void *arg);

/* Whether the filter lets a benchmark of that name run. */
bool shim_selected(const char *name);

/* A line of the report's context. */
void shim_context(const char *key, const char *value);

/* In a benchmark: while (shim_next(state)) shim_time(state, seconds). */
bool shim_next(shim_state *state);
void shim_time(shim_state *state, double seconds);
void shim_counter(shim_state *state, const char *name, double value);
void shim_label(shim_state *state, const char *label);

/* There is no figure. skip: nothing is wrong (there was no round of that regime);
 * fail: the measurement broke, and the program's exit status says so. */
void shim_skip(shim_state *state, const char *why);
void shim_fail(shim_state *state, const char *why);

#ifdef __cplusplus
}
#endif
#endif
