/* SPDX-License-Identifier: MIT */
/* supervisor.c - the thread that answers rilld's system calls. See supervisor.h. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "talk.h"

static struct {
  pthread_mutex_t lock;
  pthread_t thread;
  int listener;
  pid_t pid;
  struct plan plan;
  int counts, all, started, waits, ended;
  unsigned counted, failed;
  const struct kind *recorded[RECORDED];
} supervisor = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = 1};

static char log_path[600];

/* --- the thread -------------------------------------------------------------------------- */

/* main() begins by ignoring SIGPIPE; what the loader does before is not rilld's. */
static int is_its_beginning(const struct call *call) {
  return call->number == SYS_rt_sigaction && call->arguments[0] == SIGPIPE;
}

static void note_wait(const struct call *call) {
#ifdef SYS_epoll_wait
  if (call->number == SYS_epoll_wait)
    supervisor.waits = 1;
#endif
  if (call->number == SYS_epoll_pwait)
    supervisor.waits = 1;
}

static void answer(const struct call *call) {
  /* libc joins threads by a futex, and aborts when that fails; rilld itself sleeps on none. */
  const struct kind *kind = call->number == SYS_futex ? NULL : kind_of(call);
  (void)pthread_mutex_lock(&supervisor.lock);
  const int counts = supervisor.counts && supervisor.started && (kind || supervisor.all);
  int error = -1;
  if (counts) {
    if (supervisor.counted < RECORDED)
      supervisor.recorded[supervisor.counted] = kind;
    supervisor.counted++;
    if (plan_hits(&supervisor.plan, kind, supervisor.counted, supervisor.failed)) {
      supervisor.failed++;
      error = supervisor.plan.error;
    }
  }
  if (supervisor.started)
    note_wait(call);
  supervisor.started |= is_its_beginning(call);
  (void)pthread_mutex_unlock(&supervisor.lock);
  if (error > 0)
    call_fail(supervisor.listener, call, error);
  else if (error == 0)
    (void)kill(supervisor.pid, SIGKILL); /* it is stopped before the call, and never makes it */
  else if (call_is_a_nap(call))          /* saves time */
    call_skip(supervisor.listener, call, 0);
  else
    call_let(supervisor.listener, call);
}

static void *watch(void *arg) {
  struct call call;
  (void)arg;
  while (listener_next(supervisor.listener, -1, &call) == 1)
    answer(&call);
  (void)pthread_mutex_lock(&supervisor.lock);
  supervisor.ended = 1;
  (void)pthread_mutex_unlock(&supervisor.lock);
  return NULL;
}

/* --- the process ------------------------------------------------------------------------- */

struct part {
  void (*run)(void);
  int listener; /* to be passed as LISTEN_FDS, or -1                                       */
  const char *const *program; /* instead of rilld: its path and arguments                */
};

/* Standard error goes to the log, standard output nowhere. */
static void set_up(int listener) {
  char pid[32];
  const int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  CHECK(log >= 0 && dup2(log, STDERR_FILENO) >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0);
  if (listener >= 0) {
    CHECK(dup2(listener, 3) == 3 && fcntl(3, F_SETFD, 0) == 0);
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    (void)setenv("LISTEN_PID", pid, 1);
    (void)setenv("LISTEN_FDS", "1", 1);
  }
}

static void be_watched(void *arg) {
  const struct part *part = arg;
  if (!part->run)
    set_up(part->listener);
  atomic_store(&me->count[0], (uint64_t)(int64_t)listener_install());
  if (part->run) {
    (void)signal(SIGPIPE, SIG_IGN);
    part->run();
    _exit(0);
  }
  if (part->program)
    (void)execv(part->program[0], (char *const *)(uintptr_t)part->program);
  else
    (void)execl(RILLD, "rilld", "--foreground", "--verbose", (char *)NULL);
  _exit(98);
}

static void supervisor_unplan(void) {
  (void)supervisor_lift();
}

static struct process *start(const char *name, const struct plan *plan, struct part part) {
  (void)snprintf(log_path, sizeof log_path, "%s/rilld.log", namespace_directory());
  (void)pthread_mutex_lock(&supervisor.lock);
  supervisor.started = supervisor.ended = supervisor.waits = 0;
  supervisor.counts = 0;
  (void)pthread_mutex_unlock(&supervisor.lock);
  talk_when_silent = supervisor_unplan;
  supervisor_plan(plan);
  struct process *watched = spawn(name, be_watched, &part);
  supervisor.pid = watched->pid;
  supervisor.listener = listener_of(watched->pid, &watched->count[0]);
  CHECK(pthread_create(&supervisor.thread, NULL, watch, NULL) == 0);
  return watched;
}

struct process *supervisor_start(const struct plan *plan, int listener) {
  return start("rilld", plan, (struct part){NULL, listener, NULL});
}

struct process *supervisor_start_program(const struct plan *plan, const char *const *program) {
  return start(program[0], plan, (struct part){NULL, -1, program});
}

struct process *supervisor_start_client(const struct plan *plan, void (*run)(void)) {
  return start("the client", plan, (struct part){run, -1, NULL});
}

static int serves(void) {
  const int fd = talk_connect();
  if (fd >= 0)
    (void)close(fd);
  return fd >= 0;
}

struct process *supervisor_start_serving(void) {
  struct process *daemon = supervisor_start(NULL, -1);
  supervisor_lift();
  while (!serves() || !supervisor_waits()) {
    CHECK_THAT(!supervisor_has_ended(), "rilld ended: %s", supervisor_last_words());
    breathe();
  }
  return daemon;
}

int supervisor_end(struct process *daemon, int signal_number) {
  int status = 0;
  if (signal_number)
    (void)kill(daemon->pid, signal_number);
  (void)pthread_join(supervisor.thread, NULL);
  while (waitpid(daemon->pid, &status, 0) < 0)
    CHECK(errno == EINTR);
  forget_process(daemon);
  (void)close(supervisor.listener);
  (void)unlink(log_path);
  return status;
}

const char *supervisor_last_words(void) {
  static char last[600];
  char line[600];
  FILE *log = fopen(log_path, "re");
  last[0] = 0;
  while (log && fgets(line, sizeof line, log))
    memcpy(last, line, sizeof last);
  if (log)
    (void)fclose(log);
  last[strcspn(last, "\n")] = 0;
  return last;
}

/* --- the plan ---------------------------------------------------------------------------- */

void supervisor_plan(const struct plan *plan) {
  (void)pthread_mutex_lock(&supervisor.lock);
  supervisor.plan = plan ? *plan : (struct plan){.at = 0};
  supervisor.counts = 1;
  supervisor.counted = supervisor.failed = 0;
  supervisor.waits = 0;
  (void)pthread_mutex_unlock(&supervisor.lock);
}

unsigned supervisor_lift(void) {
  (void)pthread_mutex_lock(&supervisor.lock);
  const unsigned failed = supervisor.failed;
  supervisor.plan.at = 0;
  supervisor.counts = 0;
  (void)pthread_mutex_unlock(&supervisor.lock);
  return failed;
}

unsigned supervisor_counted(void) {
  (void)pthread_mutex_lock(&supervisor.lock);
  const unsigned counted = supervisor.counted;
  (void)pthread_mutex_unlock(&supervisor.lock);
  return counted;
}

unsigned supervisor_recorded(const struct kind *ret[RECORDED]) {
  (void)pthread_mutex_lock(&supervisor.lock);
  const unsigned count = supervisor.counted < RECORDED ? supervisor.counted : RECORDED;
  memcpy(ret, supervisor.recorded, count * sizeof *ret);
  (void)pthread_mutex_unlock(&supervisor.lock);
  return count;
}

void supervisor_count_all(int all) {
  supervisor.all = all;
}

int supervisor_waits(void) {
  (void)pthread_mutex_lock(&supervisor.lock);
  const int waits = supervisor.waits;
  (void)pthread_mutex_unlock(&supervisor.lock);
  return waits;
}

int supervisor_has_ended(void) {
  (void)pthread_mutex_lock(&supervisor.lock);
  const int ended = supervisor.ended;
  (void)pthread_mutex_unlock(&supervisor.lock);
  return ended;
}
