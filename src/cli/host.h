/* SPDX-License-Identifier: MIT */
/* host.h - what rill doctor says of the host: memory for queues, limits, kernel features,
 * what others left, what a logout or a container takes away. */
#ifndef HOST_H
#define HOST_H

#include "cli.h"
#include "examine.h"

/* Tells all of it; changes nothing. */
void host_examine(const struct cli *cli, struct rilli_report *report);

#endif
