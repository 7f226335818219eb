/* SPDX-License-Identifier: MIT */
/* lives.h - what the lives of all roles share. */
#ifndef RILL_TEST_LIVES_H
#define RILL_TEST_LIVES_H

#include "storm.h"

void rest_a_little(uint64_t most); /* ns, at random up to that                        */
extern _Atomic uint32_t pokes;     /* signals that this process was sent               */
extern int restarts_calls;         /* their handler was installed with SA_RESTART       */

#endif
