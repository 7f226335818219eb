/* SPDX-License-Identifier: MIT */
/* perf/pair.c - fork, pin, watch, end: the life of the two processes of a benchmark.
 * What they do with each other is in harness.c. */
#include "pair.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ERROR_SIZE = 512, LOOK_MS = 100 };

static const char *const side_names[PAIR_SIDES] = {"ping", "pong"};

/* Where pair_error writes: memory that outlives the process which writes it. */
static char own_error[ERROR_SIZE];
static char *error_text = own_error;

static sigset_t held, before;

int pair_error(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(error_text, ERROR_SIZE, format, arguments);
  va_end(arguments);
  return code;
}

const char *pair_error_text(void) {
  return error_text;
}

/* The hardware threads of a CPU's core, as the kernel writes them; "" if it does not. */
static void core_of(int cpu, char *text, size_t size) {
  char path[96];
  snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
  text[0] = 0;
  FILE *file = fopen(path, "re");
  if (!file)
    return;
  if (!fgets(text, (int)size, file))
    text[0] = 0;
  fclose(file);
}

int pair_choose_cpus(struct pair_cpus *ret) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed))
    return -errno;
  int first = -1, second = -1;
  char core[64] = "", other[64];
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET((size_t)cpu, &allowed))
      continue;
    core_of(cpu, other, sizeof other);
    if (first < 0) {
      first = cpu;
      memcpy(core, other, sizeof core);
    } else if (!*core || strcmp(core, other) != 0) {
      second = cpu;
      break;
    }
  }
  *ret = second < 0 ? (struct pair_cpus){{-1, -1}} : (struct pair_cpus){{first, second}};
  return 0;
}

int pair_parse_cpus(const char *text, struct pair_cpus *ret) {
  int first, second;
  char rest;
  if (sscanf(text, "%d,%d%c", &first, &second, &rest) != 2 || first < 0 || second < 0 ||
      first >= CPU_SETSIZE || second >= CPU_SETSIZE || first == second)
    return -EINVAL;
  *ret = (struct pair_cpus){{first, second}};
  return 0;
}

void pair_hold_signals(void) {
  sigemptyset(&held);
  sigaddset(&held, SIGCHLD);
  sigaddset(&held, SIGINT);
  sigaddset(&held, SIGTERM);
  sigaddset(&held, SIGHUP);
  sigprocmask(SIG_BLOCK, &held, &before);
}

void pair_release_signals(void) {
  sigprocmask(SIG_SETMASK, &before, NULL);
}

int pair_end_is_wanted(void) {
  sigset_t pending;
  return !sigpending(&pending) &&
         (sigismember(&pending, SIGINT) > 0 || sigismember(&pending, SIGTERM) > 0 ||
          sigismember(&pending, SIGHUP) > 0);
}

/* A process of the pair, from fork to its end. */
static _Noreturn void live(const struct pair *pair, enum pair_side side, pid_t supervisor) {
  pair_release_signals();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != supervisor)
    _exit(1);
  int cpu = pair->cpus.cpu[side];
  if (cpu >= 0) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET((size_t)cpu, &only);
    if (sched_setaffinity(0, sizeof only, &only)) {
      pair_error(-errno, "cannot be pinned to CPU %d: %s", cpu, strerror(errno));
      _exit(1);
    }
  }
  int rc = pair->role(pair->arg, side);
  if (rc && !*error_text)
    pair_error(rc, "%s", strerror(-rc));
  if (rc)
    _exit(1);
  exit(0); /* libraries sign off from their daemons in exit handlers */
}

static void finish(pid_t *pid) {
  if (*pid <= 0)
    return;
  kill(*pid, SIGKILL);
  waitpid(*pid, NULL, 0);
  *pid = 0;
}

/* Takes the exit of a side if there is one. 0, or -EIO with words. */
static int reap(pid_t *pid, enum pair_side side, const char *words, char *ret_why, size_t size) {
  int status;
  if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
    return 0;
  *pid = 0;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return 0;
  if (WIFSIGNALED(status))
    snprintf(ret_why, size, "the %s process was ended by signal %d (%s)", side_names[side],
             WTERMSIG(status), strsignal(WTERMSIG(status)));
  else
    snprintf(ret_why, size, "the %s process: %s", side_names[side], *words ? words : "ended early");
  return -EIO;
}

/* Until both have ended, or something is wrong. */
static int watch(const struct pair *pair, pid_t *pids, char (*words)[ERROR_SIZE], char *ret_why,
                 size_t size) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  uint64_t seen = atomic_load_explicit(pair->progress, memory_order_relaxed);
  unsigned still = 0;
  for (;;) {
    for (enum pair_side side = PAIR_PING; side < PAIR_SIDES; side++) {
      int rc = reap(&pids[side], side, words[side], ret_why, size);
      if (rc)
        return rc;
    }
    if (!pids[PAIR_PING] && !pids[PAIR_PONG])
      return 0;
    if (pair_end_is_wanted()) {
      snprintf(ret_why, size, "interrupted");
      return -EINTR;
    }
    struct timespec look = {0, LOOK_MS * 1000000L};
    if (sigtimedwait(&child, NULL, &look) >= 0)
      continue;
    if (pair->look)
      pair->look(pair->arg);
    uint64_t now = atomic_load_explicit(pair->progress, memory_order_relaxed);
    still = now == seen ? still + 1 : 0;
    seen = now;
    if (still * LOOK_MS >= pair->patience * 1000) {
      char place[256];
      pair->where(pair->arg, place, sizeof place);
      snprintf(ret_why, size, "nothing moved for %u s: %s", pair->patience, place);
      return -ETIMEDOUT;
    }
  }
}

int pair_run(const struct pair *pair, char *ret_why, size_t size) {
  char(*words)[ERROR_SIZE] = mmap(NULL, PAIR_SIDES * sizeof *words, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (words == MAP_FAILED) {
    int rc = -errno;
    snprintf(ret_why, size, "shared memory: %s", strerror(-rc));
    return rc;
  }
  int rc = 0;
  pid_t supervisor = getpid(), pids[PAIR_SIDES] = {0};
  fflush(NULL); /* else each process would print the buffered output again */
  for (enum pair_side side = PAIR_PING; side < PAIR_SIDES && !rc; side++) {
    pids[side] = fork();
    if (pids[side] == 0) {
      error_text = words[side];
      live(pair, side, supervisor);
    }
    if (pids[side] < 0) {
      rc = -errno;
      snprintf(ret_why, size, "fork: %s", strerror(-rc));
    }
  }
  if (!rc)
    rc = watch(pair, pids, words, ret_why, size);
  finish(&pids[PAIR_PING]);
  finish(&pids[PAIR_PONG]);
  munmap(words, PAIR_SIDES * sizeof *words);
  return rc;
}
