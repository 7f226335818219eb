/* SPDX-License-Identifier: MIT */
/* daemon.h - rilld as a process of a test. */
#ifndef RILL_TEST_DAEMON_H
#define RILL_TEST_DAEMON_H

#include "process.h"
#include "talk.h"

/* Becomes rilld in the foreground, without output: for spawn(). */
void serve(void *unused);

/* --- for tests of cmocka --- */

/* Starts it in the test's namespace; returns when it serves. Its log goes to a file. */
pid_t daemon_start(void);
/* The same, allowed that number of descriptors. */
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

/* Is there a file of that name in the namespace? */
int file_is_there(const char *name);

#endif
