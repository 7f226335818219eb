/* SPDX-License-Identifier: MIT */
/* tracer.c - stops at system calls and instructions, by ptrace. See tracer.h. */
#include "tracer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

struct part {
  void (*play)(void *arg);
  void *arg;
};

/* Not raise(), which does more than this on its way back. */
void curtain(void) {
  at("behind the curtain");
  CHECK(kill(getpid(), SIGSTOP) == 0);
}

void curtain_falls(void) {
  atomic_store(&me->fallen, 1);
  CHECK(kill(getpid(), SIGSTOP) == 0);
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

static struct __ptrace_syscall_info look(const struct actor *actor) {
  struct __ptrace_syscall_info info;
  memset(&info, 0, sizeof info);
  CHECK(ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, actor->pid, (void *)sizeof info,
               &info) > 0);
  return info;
}

long run_to_stop(struct actor *actor, unsigned n) {
  while (n > 0) {
    resume(actor, PTRACE_SYSCALL, 0);
    const int signal = next_stop(actor);
    if (signal < 0)
      return -1;
    n -= signal == (SIGTRAP | 0x80);
  }
  const struct __ptrace_syscall_info info = look(actor);
  return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : 0;
}

void let_execute(struct actor *actor) {
  resume(actor, PTRACE_CONT, 0);
  CHECK_THAT(next_stop(actor) == SIGTRAP, "%s does not execute anything", actor->name);
  resume(actor, PTRACE_CONT, 0);
}

void stop_running(struct actor *actor) {
  CHECK(syscall(SYS_tgkill, actor->pid, actor->pid, SIGSTOP) == 0);
  for (int signal; (signal = next_stop(actor)) != SIGSTOP;) {
    CHECK_THAT(signal > 0, "%s has ended", actor->name);
    resume(actor, PTRACE_CONT, 0);
  }
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

/* --- by instructions ------------------------------------------------------------------- */

uint64_t standing_at(const struct actor *actor) {
  return look(actor).instruction_pointer;
}

/* Is the next instruction a system call? */
static int at_call(const struct actor *actor) {
  errno = 0;
  const uint64_t code = (uint64_t)ptrace(PTRACE_PEEKTEXT, actor->pid, standing_at(actor), NULL);
  CHECK_THAT(errno == 0, "cannot read what %s is about to do: %s", actor->name, strerror(errno));
#if defined(__x86_64__)
  return (code & 0xffff) == 0x050f; /* syscall */
#elif defined(__aarch64__)
  return (code & 0xffffffff) == 0xd4000001; /* svc #0 */
#else
#error "say how a system call is made on this machine"
#endif
}

static int waits(const struct __ptrace_syscall_info *info) {
  const unsigned command = (unsigned)info->entry.args[1] & (unsigned)FUTEX_CMD_MASK;
  return info->entry.nr == SYS_futex_waitv ||
         (info->entry.nr == SYS_futex && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET));
}

/* R: running, S: asleep, t: stopped by us. */
static char state_of(const struct actor *actor) {
  char path[64], text[256];
  (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)actor->pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  CHECK_THAT(got > 0, "cannot look at %s", actor->name);
  (void)close(fd);
  text[got] = 0;
  const char *name_end = strrchr(text, ')');
  CHECK(name_end && name_end[1] == ' ');
  return name_end[2];
}

static int has_fallen(struct actor *actor) {
  return atomic_load(&actor->fallen) != 0;
}

void pass_call(struct actor *actor, void (*asleep)(void)) {
  const struct __ptrace_syscall_info info = look(actor);
  CHECK(info.op == PTRACE_SYSCALL_INFO_ENTRY);
  resume(actor, PTRACE_SYSCALL, 0);
  if (asleep && waits(&info)) {
    for (char state = 0; state != 'S' && state != 't'; state = state_of(actor))
      breathe();
    asleep(); /* or its slice is over already, on a busy machine */
  }
  CHECK_THAT(next_stop(actor) == (SIGTRAP | 0x80), "%s does not come back from system call %llu",
             actor->name, (unsigned long long)info.entry.nr);
}

enum tread run_to_call(struct actor *actor) {
  resume(actor, PTRACE_SYSCALL, 0);
  const int signal = next_stop(actor);
  if (has_fallen(actor))
    return TREAD_END;
  CHECK_THAT(signal == (SIGTRAP | 0x80), "%s stopped with signal %d", actor->name, signal);
  return TREAD_CALL;
}

enum tread run_behind_call(struct actor *actor, void (*asleep)(void)) {
  const enum tread tread = run_to_call(actor);
  if (tread == TREAD_CALL)
    pass_call(actor, asleep);
  return tread;
}

enum tread run_instruction(struct actor *actor, void (*asleep)(void)) {
  if (at_call(actor))
    return run_behind_call(actor, asleep);
  resume(actor, PTRACE_SINGLESTEP, 0);
  const int signal = next_stop(actor);
  CHECK_THAT(signal == SIGTRAP, "%s stopped with signal %d", actor->name, signal);
  return has_fallen(actor) ? TREAD_END : TREAD_INSTRUCTION;
}

#ifdef __x86_64__
/* By a breakpoint of the processor: the text stays as it is. */
static void set_breakpoint(const struct actor *actor, uint64_t address, unsigned enable) {
  CHECK(ptrace(PTRACE_POKEUSER, actor->pid, offsetof(struct user, u_debugreg[0]), address) == 0);
  CHECK(ptrace(PTRACE_POKEUSER, actor->pid, offsetof(struct user, u_debugreg[7]), enable) == 0);
}

/* The processor does not stop again at an instruction that it is resumed at. */
enum tread run_to_address(struct actor *actor, uint64_t address, unsigned n) {
  int signal = SIGTRAP;
  set_breakpoint(actor, address, 1);
  for (; n > 0 && signal == SIGTRAP && !has_fallen(actor); n--) {
    resume(actor, PTRACE_SYSCALL, 0);
    signal = next_stop(actor);
  }
  set_breakpoint(actor, 0, 0);
  if (has_fallen(actor))
    return TREAD_END;
  CHECK_THAT(signal == SIGTRAP || signal == (SIGTRAP | 0x80), "%s stopped with signal %d",
             actor->name, signal);
  return signal == SIGTRAP ? TREAD_INSTRUCTION : TREAD_CALL;
}
#else
enum tread run_to_address(struct actor *actor, uint64_t address, unsigned n) {
  for (; n > 0; n -= standing_at(actor) == address) {
    if (at_call(actor))
      return run_to_call(actor);
    if (run_instruction(actor, NULL) == TREAD_END)
      return TREAD_END;
  }
  return TREAD_INSTRUCTION;
}
#endif
