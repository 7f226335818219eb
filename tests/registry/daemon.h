/* SPDX-License-Identifier: MIT */
/* daemon.h - rilld as a process of a test, and talking to it. Everything fails the test that
 * does not go as it should; nothing waits but for what must come (the watchdog ends a hang). */
#ifndef RILL_TESTS_DAEMON_H
#define RILL_TESTS_DAEMON_H

#include "api.h"
#include "client.h"

/* In the test's namespace; comes back when it serves. Its log goes to a file. */
pid_t daemon_start(void);
/* The same, allowed so many descriptors. */
pid_t daemon_start_limited(unsigned descriptors);
/* Ends it with that signal; returns its exit status, or the negative signal that ended it. */
int daemon_end(pid_t daemon, int signal_number);
/* Runs rilld with these arguments until it ends. Returns as support_reap. */
int daemon_run(const char *const *arguments);
/* As daemon_start, but with a listening socket passed as LISTEN_FDS. */
pid_t daemon_start_with(int listener);
/* Does the log have a line with both words? */
int daemon_said(const char *one, const char *other);
/* Setup and teardown as of support.h; the daemons that a test leaves are killed. */
int daemon_setup(void **state);
int daemon_teardown(void **state);
#define WITH_DAEMON(function)                                                                      \
  {                                                                                                \
    .name = #function, .test_func = function, .setup_func = daemon_setup,                          \
    .teardown_func = daemon_teardown, .initial_state = (void *)(uintptr_t) #function               \
  }

/* A connection to the registry of the test's namespace. */
int talk_open(void);
void talk_send(int fd, const void *message);
/* Asks, and takes the answer that belongs to it (events before it are dropped). */
void talk_ask(int fd, enum rilli_wire_type type, const char *name, struct rilli_wire_answer *ret);
void talk_request(int fd, struct rilli_wire_request *request, struct rilli_wire_answer *ret);
/* The row of a queue; it must be there. */
struct rilli_wire_row talk_stat(int fd, const char *name);
/* A connection that watches. */
int talk_watch(const char *pattern);
/* The next event of this kind about this queue; others are dropped. */
struct rilli_wire_event talk_await(int fd, uint32_t what, const char *name);

/* Between two looks at something that others change. */
void breathe(void);
/* Is there a file of that name in the namespace? */
int file_is_there(const char *name);

#endif
