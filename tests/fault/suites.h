/* SPDX-License-Identifier: MIT */
/* suites.h - each operation of the library, for tests in which its calls fail. */
#ifndef RILL_TEST_SUITES_H
#define RILL_TEST_SUITES_H

#include "injector.h"
#include "operations.h"

extern const struct suite making, opening, looking, removing, producing, consuming, waiting;

/* What the kernel may answer to any system call (rill.h). */
#define HOST ENOMEM, EMFILE, ENFILE, ENOLCK, EIO, EACCES, EPERM, EINTR, ENOENT
#define SUITE(injections, set)                                                                     \
  { #injections, injections, sizeof(injections) / sizeof *(injections), set, NULL }

#endif
