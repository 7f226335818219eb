/* SPDX-License-Identifier: MIT */
/* perf/peers/roudi.c - starting and ending iox-roudi; see roudi.h.
 *
 * Its pools hold what the benchmarks need and no more, since it touches all of them at the
 * start. Monitoring of processes is off: a process that dies here ends the whole run. */
#include "roudi.h"

#include "pair_error.h"
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_S = 60, END_S = 10, LOOK_MS = 100, SAID_SIZE = 2048 };

static const char configuration[] = "[general]\n"
                                    "version = 1\n"
                                    "[[segment]]\n"
                                    "[[segment.mempool]]\nsize = 64\ncount = 8000\n"
                                    "[[segment.mempool]]\nsize = 256\ncount = 4000\n"
                                    "[[segment.mempool]]\nsize = 1024\ncount = 4000\n"
                                    "[[segment.mempool]]\nsize = 4096\ncount = 1000\n";

static unsigned users;
static pid_t daemon_;
static int output = -1; /* of the daemon; kept open, so that it can go on writing     */

static int64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until a child ends or some time is over: SIGCHLD is held back here. */
static void look_again_soon(void) {
  const struct timespec look = {0, LOOK_MS * 1000000L};
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigtimedwait(&child, NULL, &look);
}

static _Noreturn void become_roudi(const char *path, int standard_output, pid_t supervisor) {
  const struct rlimit none = {0, 0};
  sigset_t all;
  sigemptyset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != supervisor)
    _exit(1);
  setrlimit(RLIMIT_CORE, &none); /* a second RouDi aborts */
  dup2(standard_output, STDOUT_FILENO);
  dup2(standard_output, STDERR_FILENO);
  execlp("iox-roudi", "iox-roudi", "-c", path, "-m", "off", "-k", "1", (char *)NULL);
  dprintf(STDOUT_FILENO, "cannot be started: %s", strerror(errno));
  _exit(127);
}

static int write_configuration(char *ret_path, size_t size) {
  place_path("roudi.toml", ret_path, size);
  FILE *file = fopen(ret_path, "we");
  if (!file)
    return pair_error(-errno, "%s: %s", ret_path, strerror(errno));
  fputs(configuration, file);
  return fclose(file) ? pair_error(-errno, "%s: %s", ret_path, strerror(errno)) : 0;
}

/* Reads until RouDi is ready (0) or has ended (-EIO, and what it said). */
static int await_ready(char *said, size_t size) {
  size_t length = 0;
  for (;;) {
    if (length == size - 1)
      length = 0; /* a long output: only its end matters */
    ssize_t n = read(output, said + length, size - 1 - length);
    if (n <= 0) {
      said[length] = 0;
      return -EIO;
    }
    length += (size_t)n;
    said[length] = 0;
    if (strstr(said, "RouDi is ready for clients"))
      return 0;
  }
}

static void forget(void) {
  close(output);
  output = -1;
  daemon_ = 0;
}

static int start(char *said, size_t size) {
  char path[128];
  int fds[2], rc = write_configuration(path, sizeof path);
  if (rc)
    return rc;
  if (pipe2(fds, O_CLOEXEC))
    return pair_error(-errno, "pipe: %s", strerror(errno));
  output = fds[0];
  pid_t supervisor = getpid();
  daemon_ = fork();
  if (daemon_ == 0)
    become_roudi(path, fds[1], supervisor);
  close(fds[1]);
  rc = daemon_ < 0 ? -errno : await_ready(said, size);
  if (!rc)
    return 0;
  if (daemon_ > 0)
    waitpid(daemon_, NULL, 0);
  forget();
  return rc;
}

int roudi_enter(void) {
  char said[SAID_SIZE] = "";
  int64_t deadline = now_ms() + WAIT_S * 1000;
  if (users > 0) {
    users++;
    return 0;
  }
  int rc = place_enter();
  if (rc)
    return rc;
  while ((rc = start(said, sizeof said)) == -EIO && strstr(said, "still running") &&
         now_ms() < deadline && !pair_end_is_wanted())
    look_again_soon();
  if (!rc) {
    users++;
    return 0;
  }
  place_leave();
  for (char *at = said; *at; at++)
    *at = *at < ' ' ? ' ' : *at;
  if (rc != -EIO)
    return rc;
  if (strstr(said, "still running"))
    return pair_error(-EBUSY, "another iox-roudi runs on this machine: end it, or leave "
                              "iceoryx out (-DRILL_PEERS=...)");
  return pair_error(rc, "iox-roudi (package iceoryx): %s", said);
}

/* Asks RouDi to end, kills it after a while; its status as waitpid gives it. */
static int stop(void) {
  int64_t deadline = now_ms() + END_S * 1000;
  int status;
  kill(daemon_, SIGTERM);
  while (waitpid(daemon_, &status, WNOHANG) == 0) {
    if (now_ms() >= deadline)
      kill(daemon_, SIGKILL);
    look_again_soon();
  }
  forget();
  return status;
}

void roudi_leave(void) {
  char said[SAID_SIZE];
  if (--users > 0)
    return;
  /* It aborts when a process has died without signing off, and leaves its shared memory;
   * the next RouDi takes that over, and removes it cleanly. */
  if (stop() != 0 && start(said, sizeof said) == 0)
    stop();
  place_leave();
}
