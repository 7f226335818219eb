/* SPDX-License-Identifier: MIT */
/* occasions.h - what happens to a registry that serves: each request, notice, death and signal. */
#ifndef RILL_TEST_OCCASIONS_H
#define RILL_TEST_OCCASIONS_H

#include "talk.h"

struct occasion {
  const char *name;
  void (*happen)(void); /* the registry may fail, hang up or die meanwhile               */
  void (*settle)(void); /* behind it, with a registry that is well; may be NULL          */
  int of_client;        /* all of it is what one client does                             */
};

extern const struct occasion occasions[];
extern const size_t occasion_count;

extern struct actor *rilld; /* the one that serves                                      */

/* Runs part of a test in a process of its own, and collects behind it. */
void in_a_process(void (*part)(void));

#endif
