/* SPDX-License-Identifier: MIT */
/* tracer.c - stops at system calls and instructions, by ptrace. See tracer.h. */
#include "tracer.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

struct part {
  void (*play)(void *arg);
  void *arg;
};

void curtain(void) {
  at("behind the curtain");
  CHECK(raise(SIGSTOP) == 0);
}

static void play_traced(void *arg) {
  const struct part part = *(const struct part *)arg;
  CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
  CHECK(raise(SIGTRAP) == 0); /* the test sets its options */
  part.play(part.arg);
}

/* Returns the signal it stopped with, or -1: it ended with 0. */
static int next_stop(struct actor *actor) {
  int status;
  while (waitpid(actor->pid, &status, 0) < 0)
    CHECK(errno == EINTR);
  if (WIFSTOPPED(status))
    return WSTOPSIG(status);
  actor->pid = 0;
  (void)close(actor->to);
  (void)close(actor->from);
  CHECK_THAT(status == 0, "%s ended with status %x, last at: %s", actor->name, (unsigned)status,
             actor->where);
  return -1;
}

static void resume(struct actor *actor, int how, int signal) {
  CHECK_THAT(ptrace((enum __ptrace_request)how, actor->pid, NULL, (void *)(intptr_t)signal) == 0,
             "cannot resume %s: %s", actor->name, strerror(errno));
}

void run_to_curtain(struct actor *actor) {
  for (int signal = 0; signal != SIGSTOP;) {
    resume(actor, PTRACE_CONT, 0);
    signal = next_stop(actor);
    CHECK_THAT(signal > 0, "%s ended before the curtain", actor->name);
  }
}

struct actor *spawn_traced(const char *name, void (*play)(void *arg), void *arg) {
  struct part part = {play, arg};
  struct actor *actor = spawn(name, play_traced, &part);
  CHECK(next_stop(actor) == SIGTRAP);
  CHECK_THAT(ptrace(PTRACE_SETOPTIONS, actor->pid, NULL,
                    (void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) == 0,
             "cannot trace: %s", strerror(errno));
  run_to_curtain(actor);
  return actor;
}

long run_to_stop(struct actor *actor, unsigned n) {
  while (n > 0) {
    resume(actor, PTRACE_SYSCALL, 0);
    const int signal = next_stop(actor);
    if (signal < 0)
      return -1;
    n -= signal == (SIGTRAP | 0x80);
  }
  struct __ptrace_syscall_info info;
  memset(&info, 0, sizeof info);
  CHECK(ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, actor->pid, (void *)sizeof info,
               &info) > 0);
  return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : 0;
}

unsigned run_to_step(struct actor *actor, unsigned n) {
  for (; n > 0; n--) {
    resume(actor, PTRACE_SINGLESTEP, 0);
    const int signal = next_stop(actor);
    CHECK_THAT(signal > 0, "%s ended before its curtain", actor->name);
    if (signal == SIGSTOP)
      return 0;
  }
  return 1;
}

void kill_traced(struct actor *actor) {
  int status;
  CHECK(kill(actor->pid, SIGKILL) == 0);
  do /* the stop that it still has to report, if any, comes first */
    while (waitpid(actor->pid, &status, 0) < 0)
      CHECK(errno == EINTR);
  while (WIFSTOPPED(status));
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  actor->pid = 0;
  (void)close(actor->to);
  (void)close(actor->from);
}
