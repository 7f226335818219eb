/* SPDX-License-Identifier: MIT */
/* examine.h - checking every invariant of a queue's segments, read-only (rill/examine.h). */
#ifndef RILLI_EXAMINE_H
#define RILLI_EXAMINE_H

#include "rill/examine.h"

/* Where findings go. */
struct rilli_report {
  void (*report)(const struct rill_finding *, void *arg);
  void *arg;
  int wrong;
};

/* Examines the queue. Returns 0, whatever it finds, or a negative errno when it could not. What
 * makes a queue impossible to open is a finding, RILL_WRONG; -ENOENT is not. */
int rilli_examine(int dir, const char *name, struct rilli_report *report);

/* The same of a copied pair of files. */
int rilli_examine_files(const char *control_path, const char *data_path,
                        struct rilli_report *report);

#endif
