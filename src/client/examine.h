/* SPDX-License-Identifier: MIT */
/* examine.h - checking every invariant of a queue's segments, read-only (rill doctor). */
#ifndef RILLI_EXAMINE_H
#define RILLI_EXAMINE_H

#include "rill/rill.h"

enum { RILLI_FINE, RILLI_NOTE, RILLI_WRONG };

/* Tells one thing: RILLI_FINE (checked and right), RILLI_NOTE (e.g. something dead that
 * will be reclaimed), RILLI_WRONG (an invariant does not hold). */
struct rilli_report {
  void (*tell)(int kind, const char *text, void *arg);
  void *arg;
  int wrong, notes;
};

/* Looks at the queue. Returns 0, whatever it finds, or a negative errno when it could not
 * look. What makes a queue impossible to open is a finding, told as RILLI_WRONG; -ENOENT
 * is not. */
int rilli_examine(rill_context *context, const char *name, struct rilli_report *report);

/* The same of a copied pair of files. */
int rilli_examine_files(rill_context *context, const char *control_path, const char *data_path,
                        struct rilli_report *report);

#endif
