/* SPDX-License-Identifier: MIT */
/* warden.c - the thread that answers rilld's system calls. See warden.h. */
#include "warden.h"

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

#include "client.h"

#define IN_A_ROW 5u /* what passes, "for ever"                                            */

static struct {
  pthread_mutex_t lock;
  pthread_t thread;
  int listener;
  pid_t pid;
  struct plan plan;
  int counts, all, started, waits, ended;
  unsigned counted, failed;
  const struct kind *recorded[RECORDED];
} warden = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = 1};

static char log_path[600];

/* --- the thread -------------------------------------------------------------------------- */

/* main() begins by ignoring SIGPIPE; what the loader does before is not rilld's. */
static int is_its_beginning(const struct call *call) {
  return call->number == SYS_rt_sigaction && call->arguments[0] == SIGPIPE;
}

/* What is ready is not "not yet ready" for ever, and no kernel interrupts for ever. */
static int is_of_the_moment(const struct plan *plan) {
  return plan->error == EINTR || (plan->error == EAGAIN && (plan->kind->number == SYS_read ||
                                                            plan->kind->number == SYS_recvfrom));
}

static int is_to_fail(const struct kind *kind) {
  const struct plan *plan = &warden.plan;
  if (!plan->at || warden.counted < plan->at)
    return 0;
  if (plan->error == 0)
    return !warden.failed;
  if (kind != plan->kind || (warden.failed && !plan->for_ever))
    return 0;
  return !is_of_the_moment(plan) || warden.failed < IN_A_ROW;
}

static void note_wait(const struct call *call) {
#ifdef SYS_epoll_wait
  if (call->number == SYS_epoll_wait)
    warden.waits = 1;
#endif
  if (call->number == SYS_epoll_pwait)
    warden.waits = 1;
}

static void answer(const struct call *call) {
  /* libc joins threads by a futex, and aborts when that fails; rilld itself sleeps on none. */
  const struct kind *kind = call->number == SYS_futex ? NULL : kind_of(call);
  (void)pthread_mutex_lock(&warden.lock);
  const int counts = warden.counts && warden.started && (kind || warden.all);
  int error = -1;
  if (counts) {
    if (warden.counted < RECORDED)
      warden.recorded[warden.counted] = kind;
    warden.counted++;
    if (is_to_fail(kind)) {
      warden.failed++;
      error = warden.plan.error;
    }
  }
  if (warden.started)
    note_wait(call);
  warden.started |= is_its_beginning(call);
  (void)pthread_mutex_unlock(&warden.lock);
  if (error > 0)
    call_fail(warden.listener, call, error);
  else if (error == 0)
    (void)kill(warden.pid, SIGKILL); /* it stands before the call, and never makes it */
  else if (call_is_a_nap(call))      /* so no time is lost */
    call_skip(warden.listener, call, 0);
  else
    call_let(warden.listener, call);
}

static void *watch(void *arg) {
  struct call call;
  (void)arg;
  while (listener_next(warden.listener, -1, &call) == 1)
    answer(&call);
  (void)pthread_mutex_lock(&warden.lock);
  warden.ended = 1;
  (void)pthread_mutex_unlock(&warden.lock);
  return NULL;
}

/* --- the process ------------------------------------------------------------------------- */

struct part {
  void (*play)(void);
  int listener; /* to be passed as LISTEN_FDS, or -1                                       */
  const char *const *program; /* in place of rilld: its path and arguments               */
};

/* Standard error goes to the log, what is shown nowhere. */
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
  if (!part->play)
    set_up(part->listener);
  atomic_store(&me->count[0], (uint64_t)(int64_t)listener_install());
  if (part->play) {
    (void)signal(SIGPIPE, SIG_IGN);
    part->play();
    _exit(0);
  }
  if (part->program)
    (void)execv(part->program[0], (char *const *)(uintptr_t)part->program);
  else
    (void)execl(RILLD, "rilld", "--foreground", "--verbose", (char *)NULL);
  _exit(98);
}

static struct actor *start(const char *name, const struct plan *plan, struct part part) {
  (void)snprintf(log_path, sizeof log_path, "%s/rilld.log", scene_directory());
  (void)pthread_mutex_lock(&warden.lock);
  warden.started = warden.ended = warden.waits = 0;
  warden.counts = 0;
  (void)pthread_mutex_unlock(&warden.lock);
  warden_plan(plan);
  struct actor *watched = spawn(name, be_watched, &part);
  warden.pid = watched->pid;
  warden.listener = listener_of(watched->pid, &watched->count[0]);
  CHECK(pthread_create(&warden.thread, NULL, watch, NULL) == 0);
  return watched;
}

struct actor *warden_start(const struct plan *plan, int listener) {
  return start("rilld", plan, (struct part){NULL, listener, NULL});
}

struct actor *warden_start_program(const struct plan *plan, const char *const *program) {
  return start(program[0], plan, (struct part){NULL, -1, program});
}

struct actor *warden_start_client(const struct plan *plan, void (*play)(void)) {
  return start("the client", plan, (struct part){play, -1, NULL});
}

static int serves(void) {
  const int fd = rilli_registry_connect(rilli_context_dir(context_here()), 0);
  if (fd >= 0)
    (void)close(fd);
  return fd >= 0;
}

struct actor *warden_start_serving(void) {
  struct actor *daemon = warden_start(NULL, -1);
  warden_lift();
  while (!serves() || !warden_waits()) {
    CHECK_THAT(!warden_has_ended(), "rilld ended: %s", warden_last_words());
    breathe();
  }
  return daemon;
}

int warden_end(struct actor *daemon, int signal_number) {
  int status = 0;
  if (signal_number)
    (void)kill(daemon->pid, signal_number);
  (void)pthread_join(warden.thread, NULL);
  while (waitpid(daemon->pid, &status, 0) < 0)
    CHECK(errno == EINTR);
  daemon->pid = 0;
  (void)close(daemon->to);
  (void)close(daemon->from);
  (void)close(warden.listener);
  (void)unlink(log_path);
  return status;
}

const char *warden_last_words(void) {
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

void warden_plan(const struct plan *plan) {
  (void)pthread_mutex_lock(&warden.lock);
  warden.plan = plan ? *plan : (struct plan){.at = 0};
  warden.counts = 1;
  warden.counted = warden.failed = 0;
  warden.waits = 0;
  (void)pthread_mutex_unlock(&warden.lock);
}

unsigned warden_lift(void) {
  (void)pthread_mutex_lock(&warden.lock);
  const unsigned failed = warden.failed;
  warden.plan.at = 0;
  warden.counts = 0;
  (void)pthread_mutex_unlock(&warden.lock);
  return failed;
}

unsigned warden_counted(void) {
  (void)pthread_mutex_lock(&warden.lock);
  const unsigned counted = warden.counted;
  (void)pthread_mutex_unlock(&warden.lock);
  return counted;
}

unsigned warden_recorded(const struct kind *ret[RECORDED]) {
  (void)pthread_mutex_lock(&warden.lock);
  const unsigned count = warden.counted < RECORDED ? warden.counted : RECORDED;
  memcpy(ret, warden.recorded, count * sizeof *ret);
  (void)pthread_mutex_unlock(&warden.lock);
  return count;
}

void warden_count_all(int all) {
  warden.all = all;
}

int warden_waits(void) {
  (void)pthread_mutex_lock(&warden.lock);
  const int waits = warden.waits;
  (void)pthread_mutex_unlock(&warden.lock);
  return waits;
}

int warden_has_ended(void) {
  (void)pthread_mutex_lock(&warden.lock);
  const int ended = warden.ended;
  (void)pthread_mutex_unlock(&warden.lock);
  return ended;
}
