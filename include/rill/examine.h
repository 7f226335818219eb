/* SPDX-License-Identifier: MIT */
/* rill/examine.h - is a queue valid? The checks of rill doctor. */
#ifndef RILL_EXAMINE_H
#define RILL_EXAMINE_H

#include "rill/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a finding means. */
enum {
  RILL_FINE = 0, /* checked and correct                                           */
  RILL_NOTE = 1, /* worth knowing, e.g. a dead consumer that will be reclaimed     */
  RILL_WRONG = 2 /* an invariant does not hold: the queue is corrupted, or cannot be opened */
};

struct rill_finding {
  size_t size;        /* bytes that the library knows                             */
  uint32_t kind;      /* RILL_FINE, RILL_NOTE, RILL_WRONG                          */
  uint32_t reserved0; /* zero                                                     */
  const char *text;   /* in words; valid during the call                          */
};

/* Checks every invariant of a queue's segments that can be seen from outside, and calls report
 * for each finding, in a fixed order. A queue may be examined while it is in use: changes made
 * meanwhile are not reported as damage.
 * Returns how many findings are RILL_WRONG. A queue that cannot be opened because it is
 * damaged is such a finding, and not an error.
 * Ordering: none. Progress: reads shared memory and the leases, as much as the ring holds; takes
 * no lock, writes nothing, never waits.
 * Contexts: any thread; report may call the library.
 * Errors: -EINVAL (name, or report is NULL), -ENOENT, -EACCES, -EPERM, -ESTALE (removed
 * meanwhile), -EMFILE, -ENOMEM, -ECHILD. After an error nothing is known of the queue.
 * Since 0.1. */
RILL_API int rill_queue_examine(rill_context *context, const char *name,
                                void (*report)(const struct rill_finding *, void *arg), void *arg);

/* Examines a copied pair of segment files, given by their paths (see rill_queue_open_files), in
 * the same way. Which processes are alive is not known for copies.
 * Progress and contexts: as rill_queue_examine.
 * Errors: as rill_queue_examine; -ENOTDIR or -ENAMETOOLONG (in a path). Since 0.1. */
RILL_API int rill_queue_examine_files(rill_context *context, const char *control_path,
                                      const char *data_path,
                                      void (*report)(const struct rill_finding *, void *arg),
                                      void *arg);

#ifdef __cplusplus
}
#endif
#endif
