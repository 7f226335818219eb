/* SPDX-License-Identifier: MIT */
/* host.h - what rill doctor says of the host: memory for queues, limits, kernel features,
 * what others left, what a logout or a container takes away. */
#ifndef HOST_H
#define HOST_H

#include "cli.h"

/* Where its findings go. */
struct host_report {
  void (*tell)(const struct rill_finding *, void *arg);
  void *arg;
};

/* Tells all of it; changes nothing. */
void host_examine(const struct cli *cli, const struct host_report *report);

#endif
