/* SPDX-License-Identifier: MIT */
/* host.h - what rill doctor reports of the host: memory for queues, limits, kernel features,
 * what other processes left, what a logout or the end of a container removes. */
#ifndef HOST_H
#define HOST_H

#include "cli.h"

/* Receives its findings. */
struct host_report {
  void (*tell)(const struct rill_finding *, void *arg);
  void *arg;
};

/* Reports all findings; changes nothing. */
void host_examine(const struct cli *cli, const struct host_report *report);

#endif
