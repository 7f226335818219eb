/* SPDX-License-Identifier: MIT */
/* daemon.c - rilld as a process of a test. See daemon.h. */
#include "daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "talk.h"

static pid_t running[4];
static char log_path[160];
static unsigned descriptors_allowed; /* 0: as the test itself                            */

int file_is_there(const char *name) {
  char path[400];
  (void)snprintf(path, sizeof path, "%s/%s", support_directory(), name);
  return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- the process ------------------------------------------------------------------------ */

void serve(void *unused) {
  (void)unused;
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  CHECK(nowhere >= 0 && dup2(nowhere, STDERR_FILENO) >= 0);
  (void)execl(RILLD, "rilld", "--foreground", (char *)NULL);
  _exit(98);
}

static pid_t start_process(const char *const *arguments, int listener) {
  char pid[32];
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child)
    return child;
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (log < 0 || dup2(log, STDERR_FILENO) < 0)
    _exit(99);
  const struct rlimit limit = {descriptors_allowed, descriptors_allowed};
  if (descriptors_allowed && setrlimit(RLIMIT_NOFILE, &limit) != 0)
    _exit(96);
  if (listener >= 0) {
    if (dup2(listener, 3) < 0 || fcntl(3, F_SETFD, 0) != 0)
      _exit(97);
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    (void)setenv("LISTEN_PID", pid, 1);
    (void)setenv("LISTEN_FDS", "1", 1);
  }
  (void)execv(RILLD, (char *const *)(uintptr_t)arguments);
  _exit(98);
}

static void remember(pid_t daemon) {
  for (size_t i = 0; i < sizeof running / sizeof *running; i++)
    if (!running[i]) {
      running[i] = daemon;
      return;
    }
  CHECK(0);
}

static pid_t start(int listener) {
  static const char *const arguments[] = {"rilld", "--foreground", "--verbose", NULL};
  const pid_t daemon = start_process(arguments, listener);
  remember(daemon);
  return daemon;
}

pid_t daemon_start(void) {
  const pid_t daemon = start(-1);
  (void)close(talk_open());
  return daemon;
}

pid_t daemon_start_limited(unsigned descriptors) {
  descriptors_allowed = descriptors;
  const pid_t daemon = daemon_start();
  descriptors_allowed = 0;
  return daemon;
}

pid_t daemon_start_with(int listener) {
  return start(listener);
}

int daemon_end(pid_t daemon, int signal_number) {
  for (size_t i = 0; i < sizeof running / sizeof *running; i++)
    if (running[i] == daemon)
      running[i] = 0;
  CHECK_EQ(kill(daemon, signal_number), 0);
  return support_reap(daemon);
}

int daemon_run(const char *const *arguments) {
  return support_reap(start_process(arguments, -1));
}

int daemon_said(const char *one, const char *other) {
  char line[2048];
  int found = 0;
  FILE *log = fopen(log_path, "re");
  while (log && !found && fgets(line, sizeof line, log))
    found = strstr(line, one) && strstr(line, other);
  if (log)
    (void)fclose(log);
  return found;
}

int daemon_setup(void **state) {
  support_begin(*state);
  (void)snprintf(log_path, sizeof log_path, "%s.log", support_directory());
  return 0;
}

int daemon_teardown(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof running / sizeof *running; i++)
    if (running[i])
      (void)daemon_end(running[i], SIGKILL);
  support_end();
  (void)unlink(log_path);
  return 0;
}
