/* SPDX-License-Identifier: MIT */
/* perf/peers/roudi.h - the daemon that iceoryx needs, for as long as a benchmark runs. */
#ifndef RILL_PERF_ROUDI_H
#define RILL_PERF_ROUDI_H

/* In the supervisor, between pair_hold_signals and pair_release_signals. The first call
 * starts iox-roudi and returns when it says that it is ready; the last one ends it. One
 * machine has one RouDi: while another one runs, for instance of another benchmark, enter
 * waits for its end, a minute at most. 0, or a negative errno value, with a text
 * by pair_error. When the supervisor dies, the kernel sends RouDi a signal to end. */
int roudi_enter(void);
void roudi_leave(void);

#endif
