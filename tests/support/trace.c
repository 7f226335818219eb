/* SPDX-License-Identifier: MIT */
/* trace.c - stops at system calls and instructions, by ptrace. See trace.h. */
#include "trace.h"

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
  void (*run)(void *arg);
  void *arg;
};

/* Not raise(), which does more before it returns. */
void mark(void) {
  at("at a mark");
  CHECK(kill(getpid(), SIGSTOP) == 0);
}

void mark_end(void) {
  atomic_store(&me->at_end, 1);
  CHECK(kill(getpid(), SIGSTOP) == 0);
}

static void run_traced(void *arg) {
  const struct part part = *(const struct part *)arg;
  CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
  CHECK(raise(SIGTRAP) == 0); /* the test sets its options */
  part.run(part.arg);
}

/* Returns the signal it stopped with, or -1: it ended with 0. */
static int next_stop(struct process *process) {
  int status;
  while (waitpid(process->pid, &status, 0) < 0)
    CHECK(errno == EINTR);
  if (WIFSTOPPED(status))
    return WSTOPSIG(status);
  process->pid = 0;
  (void)close(process->to);
  (void)close(process->from);
  CHECK_THAT(status == 0, "%s ended with status %x, last at: %s", process->name, (unsigned)status,
             process->where);
  return -1;
}

static void resume(struct process *process, int how, int signal) {
  CHECK_THAT(ptrace((enum __ptrace_request)how, process->pid, NULL, (void *)(intptr_t)signal) == 0,
             "cannot resume %s: %s", process->name, strerror(errno));
}

void run_to_mark(struct process *process) {
  for (int signal = 0; signal != SIGSTOP;) {
    resume(process, PTRACE_CONT, 0);
    signal = next_stop(process);
    CHECK_THAT(signal > 0, "%s ended before the mark", process->name);
  }
}

struct process *spawn_traced(const char *name, void (*run)(void *arg), void *arg) {
  struct part part = {run, arg};
  struct process *process = spawn(name, run_traced, &part);
  CHECK(next_stop(process) == SIGTRAP);
  CHECK_THAT(ptrace(PTRACE_SETOPTIONS, process->pid, NULL,
                    (void *)(intptr_t)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) == 0,
             "cannot trace: %s", strerror(errno));
  run_to_mark(process);
  return process;
}

static struct __ptrace_syscall_info look(const struct process *process) {
  struct __ptrace_syscall_info info;
  memset(&info, 0, sizeof info);
  CHECK(ptrace((enum __ptrace_request)PTRACE_GET_SYSCALL_INFO, process->pid, (void *)sizeof info,
               &info) > 0);
  return info;
}

long run_to_stop(struct process *process, unsigned n) {
  while (n > 0) {
    resume(process, PTRACE_SYSCALL, 0);
    const int signal = next_stop(process);
    if (signal < 0)
      return -1;
    n -= signal == (SIGTRAP | 0x80);
  }
  const struct __ptrace_syscall_info info = look(process);
  return info.op == PTRACE_SYSCALL_INFO_ENTRY ? (long)info.entry.nr : 0;
}

void let_execute(struct process *process) {
  resume(process, PTRACE_CONT, 0);
  CHECK_THAT(next_stop(process) == SIGTRAP, "%s does not execute anything", process->name);
  resume(process, PTRACE_CONT, 0);
}

void stop_running(struct process *process) {
  CHECK(syscall(SYS_tgkill, process->pid, process->pid, SIGSTOP) == 0);
  for (int signal; (signal = next_stop(process)) != SIGSTOP;) {
    CHECK_THAT(signal > 0, "%s has ended", process->name);
    resume(process, PTRACE_CONT, 0);
  }
}

void kill_traced(struct process *process) {
  int status;
  CHECK(kill(process->pid, SIGKILL) == 0);
  do /* the stop that it still has to report, if any, comes first */
    while (waitpid(process->pid, &status, 0) < 0)
      CHECK(errno == EINTR);
  while (WIFSTOPPED(status));
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  process->pid = 0;
  (void)close(process->to);
  (void)close(process->from);
}

/* --- by instructions ------------------------------------------------------------------- */

uint64_t standing_at(const struct process *process) {
  return look(process).instruction_pointer;
}

/* Is the next instruction a system call? */
static int at_call(const struct process *process) {
  errno = 0;
  const uint64_t code = (uint64_t)ptrace(PTRACE_PEEKTEXT, process->pid, standing_at(process), NULL);
  CHECK_THAT(errno == 0, "cannot read what %s is about to do: %s", process->name, strerror(errno));
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
static char state_of(const struct process *process) {
  char path[64], text[256];
  (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)process->pid);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  CHECK_THAT(got > 0, "cannot look at %s", process->name);
  (void)close(fd);
  text[got] = 0;
  const char *name_end = strrchr(text, ')');
  CHECK(name_end && name_end[1] == ' ');
  return name_end[2];
}

static int is_at_end(struct process *process) {
  return atomic_load(&process->at_end) != 0;
}

void pass_call(struct process *process, void (*asleep)(void)) {
  const struct __ptrace_syscall_info info = look(process);
  CHECK(info.op == PTRACE_SYSCALL_INFO_ENTRY);
  resume(process, PTRACE_SYSCALL, 0);
  if (asleep && waits(&info)) {
    for (char state = 0; state != 'S' && state != 't'; state = state_of(process))
      breathe();
    asleep(); /* on a busy machine its slice may be over already */
  }
  CHECK_THAT(next_stop(process) == (SIGTRAP | 0x80), "%s does not come back from system call %llu",
             process->name, (unsigned long long)info.entry.nr);
}

enum step run_to_call(struct process *process) {
  resume(process, PTRACE_SYSCALL, 0);
  const int signal = next_stop(process);
  if (is_at_end(process))
    return STEP_END;
  CHECK_THAT(signal == (SIGTRAP | 0x80), "%s stopped with signal %d", process->name, signal);
  return STEP_CALL;
}

enum step run_behind_call(struct process *process, void (*asleep)(void)) {
  const enum step step = run_to_call(process);
  if (step == STEP_CALL)
    pass_call(process, asleep);
  return step;
}

enum step run_instruction(struct process *process, void (*asleep)(void)) {
  if (at_call(process))
    return run_behind_call(process, asleep);
  resume(process, PTRACE_SINGLESTEP, 0);
  const int signal = next_stop(process);
  CHECK_THAT(signal == SIGTRAP, "%s stopped with signal %d", process->name, signal);
  return is_at_end(process) ? STEP_END : STEP_INSTRUCTION;
}

#ifdef __x86_64__
/* By a breakpoint of the processor: the text stays as it is. */
static void set_breakpoint(const struct process *process, uint64_t address, unsigned enable) {
  CHECK(ptrace(PTRACE_POKEUSER, process->pid, offsetof(struct user, u_debugreg[0]), address) == 0);
  CHECK(ptrace(PTRACE_POKEUSER, process->pid, offsetof(struct user, u_debugreg[7]), enable) == 0);
}

/* The processor does not stop again at an instruction that it is resumed at. */
enum step run_to_address(struct process *process, uint64_t address, unsigned n) {
  int signal = SIGTRAP;
  set_breakpoint(process, address, 1);
  for (; n > 0 && signal == SIGTRAP && !is_at_end(process); n--) {
    resume(process, PTRACE_SYSCALL, 0);
    signal = next_stop(process);
  }
  set_breakpoint(process, 0, 0);
  if (is_at_end(process))
    return STEP_END;
  CHECK_THAT(signal == SIGTRAP || signal == (SIGTRAP | 0x80), "%s stopped with signal %d",
             process->name, signal);
  return signal == SIGTRAP ? STEP_INSTRUCTION : STEP_CALL;
}
#else
enum step run_to_address(struct process *process, uint64_t address, unsigned n) {
  for (; n > 0; n -= standing_at(process) == address) {
    if (at_call(process))
      return run_to_call(process);
    if (run_instruction(process, NULL) == STEP_END)
      return STEP_END;
  }
  return STEP_INSTRUCTION;
}
#endif
