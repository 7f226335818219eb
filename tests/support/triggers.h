/* SPDX-License-Identifier: MIT */
/* triggers.h - what happens to a registry that serves: each request, notice, death and signal. */
#ifndef RILL_TEST_TRIGGERS_H
#define RILL_TEST_TRIGGERS_H

#include "injector.h"
#include "talk.h"

struct trigger {
  const char *name;
  void (*fire)(void);   /* the registry may fail, hang up or die meanwhile               */
  void (*settle)(void); /* afterwards, with a registry that works; may be NULL           */
  int of_client;        /* all of it is done by one client                               */
};

extern const struct trigger triggers[];
extern const size_t trigger_count;

extern struct process *rilld; /* the one that serves                                      */

/* Until the registry says that there are that many queues, and a request of each is answered. */
void await_queues(unsigned count);
/* Until the process has that many descriptors. */
void await_descriptors(pid_t pid, unsigned count);
/* How many it has without clients: when a later client is answered, the earlier ones are closed. */
unsigned descriptors_at_rest(pid_t pid);
/* Between two polls; ends a wait that takes much too long, with its name. */
struct patience {
  unsigned looks;
};
void look_again(struct patience *patience, const char *what);

/* Runs part of a test in a process of its own, and collects afterwards. */
void in_a_process(void (*part)(void));

#endif
