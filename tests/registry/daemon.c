/* SPDX-License-Identifier: MIT */
/* daemon.c - rilld as a process of a test, and talking to it. See daemon.h. */
#include "daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pid_t running[4];
static char log_path[160];
static unsigned descriptors_allowed; /* 0: as the test itself                            */

void breathe(void) {
  static const struct timespec span = {.tv_nsec = 200000};
  (void)nanosleep(&span, NULL);
}

int file_is_there(const char *name) {
  char path[400];
  (void)snprintf(path, sizeof path, "%s/%s", support_directory(), name);
  return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int directory(void) {
  (void)mkdir(support_directory(), 0755);
  const int dir = open(support_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CK(dir >= 0);
  return dir;
}

/* --- the process ------------------------------------------------------------------------ */

static pid_t spawn(const char *const *arguments, int listener) {
  char pid[32];
  const pid_t child = fork();
  CK(child >= 0);
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
  CK(0);
}

static pid_t start(int listener) {
  static const char *const arguments[] = {"rilld", "--foreground", "--verbose", NULL};
  const pid_t daemon = spawn(arguments, listener);
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
  CK_EQ(kill(daemon, signal_number), 0);
  return support_reap(daemon);
}

int daemon_run(const char *const *arguments) {
  return support_reap(spawn(arguments, -1));
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

/* --- talking ---------------------------------------------------------------------------- */

int talk_open(void) {
  const int dir = directory();
  int fd;
  while ((fd = rilli_registry_connect(dir, 0)) < 0) {
    CK(fd == -ENOENT || fd == -ECONNREFUSED || fd == -EAGAIN);
    breathe();
  }
  (void)close(dir);
  return fd;
}

void talk_send(int fd, const void *message) {
  CK_EQ(rilli_registry_send(fd, message), 0);
}

void talk_request(int fd, struct rilli_wire_request *request, struct rilli_wire_answer *ret) {
  static uint32_t serial;
  union rilli_wire_message message;
  request->head.serial = ++serial;
  talk_send(fd, request);
  for (;;) {
    const int type = rilli_registry_receive(fd, &message);
    CK(type > 0);
    if (type == RILLI_WIRE_ANSWER)
      break;
  }
  CK_EQ(message.answer.head.serial, serial);
  *ret = message.answer;
}

void talk_ask(int fd, enum rilli_wire_type type, const char *name, struct rilli_wire_answer *ret) {
  struct rilli_wire_request request;
  rilli_wire_start(&request, type, 0);
  rilli_wire_name(request.name, name);
  talk_request(fd, &request, ret);
}

struct rilli_wire_row talk_stat(int fd, const char *name) {
  struct rilli_wire_answer answer;
  talk_ask(fd, RILLI_WIRE_STAT, name, &answer);
  CK_EQ(answer.code, 0);
  CK_EQ(answer.count, 1);
  return answer.rows[0];
}

int talk_watch(const char *pattern) {
  struct rilli_wire_answer answer;
  const int fd = talk_open();
  talk_ask(fd, RILLI_WIRE_WATCH, pattern, &answer);
  CK_EQ(answer.code, 0);
  return fd;
}

struct rilli_wire_event talk_await(int fd, uint32_t what, const char *name) {
  union rilli_wire_message message;
  for (;;) {
    CK_EQ(rilli_registry_receive(fd, &message), RILLI_WIRE_EVENT);
    if (message.event.what == what && strcmp(message.event.name, name) == 0)
      return message.event;
  }
}
