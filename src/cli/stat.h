/* SPDX-License-Identifier: MIT */
/* stat.h - what rill stat shares with rill group ls. */
#ifndef STAT_H
#define STAT_H

#include <rill/rill.h>

#include <stdio.h>

/* Prints a table of the groups of a queue that has some. Returns an exit status. */
int stat_print_groups(FILE *out, rill_queue *queue);

#endif
