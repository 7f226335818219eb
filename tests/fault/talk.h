/* SPDX-License-Identifier: MIT */
/* talk.h - a client of rilld that waits for its answer with patience, but not for ever. */
#ifndef RILL_TEST_TALK_H
#define RILL_TEST_TALK_H

#include "client.h"
#include "warden.h"

#define CAPACITY 65536u

/* Connects; the caller closes. Negative: there is no registry. */
int talk_connect(void);
/* Sends one request. 0, or -EPIPE. */
int talk_send(int fd, enum rilli_wire_type type, const char *name);
/* The next message. Its type; -EPIPE: the registry hung up; a plan is lifted when nothing comes
 * for a moment, and then it must. */
int talk_receive(int fd, union rilli_wire_message *ret);
/* Connects, asks and closes. The answer's code, or -EPIPE, -ECONNREFUSED, ... */
int talk_ask(enum rilli_wire_type type, const char *name, struct rilli_wire_answer *ret);

/* Until the registry says that there are so many queues, and a request of each is answered. */
void await_queues(unsigned count);
/* Until the process has so many descriptors. */
void await_descriptors(pid_t pid, unsigned count);
/* How many it has when nobody is connected: what hung up before is closed when a later one is
 * answered. */
unsigned descriptors_at_rest(pid_t pid);
/* Between two looks; ends a wait that takes much too long, with its name. */
struct patience {
  unsigned looks;
};
void look_again(struct patience *patience, const char *what);

#endif
