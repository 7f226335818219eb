/* SPDX-License-Identifier: MIT */
/* signals.h - SIGINT, SIGTERM and SIGHUP end a waiting verb cleanly. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <rill/rill.h>

#include <stdbool.h>

/* From now on these signals are caught: every call that waits returns early, with EINTR in one
 * form or another, until the verb has called signals_caught. */
void signals_catch(void);

/* Whether one came. Cheap enough to call for each message. */
bool signals_caught(void);

/* 128 + the signal that came. */
int signals_status(void);

/* The consumer whose waits a signal ends as well, even while they spin. NULL before
 * it is closed. */
void signals_consumer(rill_consumer *consumer);

/* Sleeps until that time, or until a signal comes. */
void signals_sleep_until(rill_time when);

#endif
