/* SPDX-License-Identifier: MIT */
/* signals.c - SIGINT, SIGTERM and SIGHUP end a waiting verb cleanly (signals.h).
 *
 * A signal that comes just before a waiting call would not interrupt it. So the first signal
 * starts an interval timer: its SIGALRMs interrupt again and again, until the verb checks the
 * flag. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t caught;
static rill_consumer *_Atomic target;

static void on_signal(int number) {
  int saved = errno;
  if (number != SIGALRM && !caught) {
    static const struct itimerval often = {.it_interval = {.tv_usec = 20000},
                                           .it_value = {.tv_usec = 20000}};
    caught = number;
    setitimer(ITIMER_REAL, &often, NULL);
  }
  rill_consumer *consumer = atomic_load(&target);
  if (consumer)
    rill_consumer_interrupt(consumer);
  errno = saved;
}

void signals_catch(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction action = {.sa_handler = on_signal}, before;
  sigaction(SIGALRM, &action, NULL);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (!sigaction(numbers[i], NULL, &before) && before.sa_handler != SIG_IGN)
      sigaction(numbers[i], &action, NULL);
}

bool signals_caught(void) {
  return caught != 0;
}

int signals_status(void) {
  return 128 + caught;
}

void signals_consumer(rill_consumer *consumer) {
  atomic_store(&target, consumer);
}

void signals_sleep_until(rill_time when) {
  struct timespec at = {.tv_sec = when / 1000000000, .tv_nsec = when % 1000000000};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}
