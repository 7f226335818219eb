/* SPDX-License-Identifier: MIT */
/* process.c - processes, pipes, the watchdog, and an empty namespace at the end. See process.h. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

static struct shared {
  struct process processes[PROCESSES]; /* 0: the test itself */
  unsigned used;
} * shared;
struct process *me;
static const char *test_name = "";
static uint64_t seed;
static pid_t test_pid;

/* --- failing ------------------------------------------------------------------------ */

static void print_file(pid_t pid, const char *file) {
  char path[64], text[256];
  (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd >= 0)
    (void)close(fd);
  text[got > 0 ? got : 0] = 0;
  text[strcspn(text, "\n")] = 0;
  (void)dprintf(2, "    %s: %s\n", file, text);
}

static void print_processes(void) {
  (void)dprintf(2, "  seed %llu\n", (unsigned long long)seed);
  for (unsigned i = 0; i < shared->used; i++) {
    const struct process *process = &shared->processes[i];
    if (i && !process->pid)
      continue;
    (void)dprintf(2, "  %s (%d): %s; counts %llu %llu %llu %llu\n", process->name,
                  (int)process->pid, process->where, (unsigned long long)process->count[0],
                  (unsigned long long)process->count[1], (unsigned long long)process->count[2],
                  (unsigned long long)process->count[3]);
    print_file(process->pid, "stat");
    print_file(process->pid, "wchan");
  }
}

static void end_group(void) {
  support_end();
  (void)kill(0, SIGKILL);
}

static void watchdog(int signal) {
  (void)signal;
  (void)dprintf(2, "%s: hangs; where each process is:\n", test_name);
  print_processes();
  end_group();
}

static void fail_here(const char *text) {
  (void)dprintf(2, "%s, %s (%s)\n", text, me->name, me->where);
  if (getpid() != test_pid && me != &shared->processes[0])
    _exit(99);
  print_processes();
  end_group();
  _exit(1);
}

/* --- processes ------------------------------------------------------------------------ */

void at(const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(me->where, sizeof me->where, format, args);
  va_end(args);
}

void breathe(void) {
  const struct timespec span = {.tv_nsec = 200000};
  (void)nanosleep(&span, NULL);
}

static void write_file(const char *path, const char *text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  CHECK_THAT(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text),
             "cannot write %s: %s", path, strerror(errno));
  (void)close(fd);
}

/* A user other than root becomes it in a user namespace; where that is not allowed either, the test
 * fails, rather than being skipped. */
static void map_user(int unshare_flags) {
  char text[64];
  if (!(unshare_flags & CLONE_NEWUSER))
    return;
  const unsigned uid = geteuid(), gid = getegid();
  CHECK_THAT(unshare(unshare_flags) == 0, "neither root nor a user namespace: %s", strerror(errno));
  write_file("/proc/self/setgroups", "deny");
  (void)snprintf(text, sizeof text, "0 %u 1", uid);
  write_file("/proc/self/uid_map", text);
  (void)snprintf(text, sizeof text, "0 %u 1", gid);
  write_file("/proc/self/gid_map", text);
}

struct process *spawn_with(int clone_flags, const char *name, void (*run)(void *arg), void *arg) {
  int there[2], back[2];
  CHECK(shared->used < PROCESSES);
  CHECK(pipe2(there, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0);
  struct process *process = &shared->processes[shared->used++];
  memset(process, 0, sizeof *process);
  (void)snprintf(process->name, sizeof process->name, "%s", name);
  process->to = there[1];
  process->from = back[0];
  process->input = there[0];
  process->output = back[1];
  (void)fflush(NULL);
  const pid_t pid = clone_flags
                        ? (pid_t)syscall(SYS_clone, clone_flags | SIGCHLD, NULL, NULL, NULL, NULL)
                        : fork();
  CHECK_THAT(pid >= 0, "cannot fork: %s", strerror(errno));
  if (pid == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    me = process;
    (void)close(process->to);
    (void)close(process->from);
    forget_context();
    run(arg);
    (void)fflush(NULL);
    _exit(0); /* the kernel must give back what it has open: that is tested */
  }
  process->pid = pid;
  (void)close(process->input);
  (void)close(process->output);
  return process;
}

void own_mounts(char ret_path[256]) {
  map_user(unshare(CLONE_NEWNS) != 0 ? CLONE_NEWUSER | CLONE_NEWNS : 0);
  CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mount("rill", "/mnt", "tmpfs", 0, "size=64k") == 0);
  (void)snprintf(ret_path, 256, "/mnt/own");
  CHECK(mkdir(ret_path, 0755) == 0);
}

void in_a_child(void (*run)(void)) {
  int status = 0;
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    forget_context();
    run();
    _exit(0);
  }
  while (waitpid(child, &status, 0) < 0)
    CHECK(errno == EINTR);
  CHECK_THAT(status == 0, "a child ended with status %x", (unsigned)status);
}

struct process *spawn(const char *name, void (*run)(void *arg), void *arg) {
  return spawn_with(0, name, run, arg);
}

static void one_byte(int fd, int writing, const char *what) {
  char byte = 1;
  ssize_t done;
  do
    done = writing ? write(fd, &byte, 1) : read(fd, &byte, 1);
  while (done < 0 && errno == EINTR);
  CHECK_THAT(done == 1, "%s: the other process is gone", what);
}

void await_ready(struct process *process) {
  at("await_ready(%s)", process->name);
  one_byte(process->from, 0, process->name);
  at("%s is ready", process->name);
}
void proceed(struct process *process) {
  one_byte(process->to, 1, process->name);
}
void report_ready(void) {
  one_byte(me->output, 1, "report_ready()");
}
void await_proceed(void) {
  one_byte(me->input, 0, "await_proceed()");
}

void forget_process(struct process *process) {
  process->pid = 0;
  (void)close(process->to);
  (void)close(process->from);
}

static int reap(struct process *process, int flags) {
  int status = 0;
  pid_t got;
  do
    got = waitpid(process->pid, &status, flags);
  while (got < 0 && errno == EINTR);
  if (got == 0)
    return -1;
  CHECK(got == process->pid);
  if (flags & WUNTRACED && WIFSTOPPED(status))
    return status;
  forget_process(process);
  return status;
}

void kill_process(struct process *process) {
  fail_if_dead();
  CHECK_THAT(process->pid, "%s has ended of itself", process->name);
  CHECK(kill(process->pid, SIGKILL) == 0);
  const int status = reap(process, 0);
  CHECK_THAT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s ended of itself: %x",
             process->name, (unsigned)status);
}

void stop_process(struct process *process) {
  CHECK(kill(process->pid, SIGSTOP) == 0);
  CHECK(WIFSTOPPED(reap(process, WUNTRACED)));
}

void continue_process(struct process *process) {
  CHECK(kill(process->pid, SIGCONT) == 0);
}

void await_end(struct process *process) {
  at("await_end(%s)", process->name);
  const int status = reap(process, 0);
  CHECK_THAT(status == 0, "%s ended with status %x", process->name, (unsigned)status);
  at("%s has ended", process->name);
}

void fail_if_dead(void) {
  for (unsigned i = 1; i < shared->used; i++) {
    struct process *process = &shared->processes[i];
    int status = 0;
    if (process->pid && waitpid(process->pid, &status, WNOHANG) == process->pid) {
      process->pid = 0;
      CHECK_THAT(status == 0, "%s ended with status %x, last at: %s", process->name,
                 (unsigned)status, process->where);
    }
  }
}

void await_count(const struct process *process, unsigned which, uint64_t n) {
  at("await_count(%s, %u, %llu)", process->name, which, (unsigned long long)n);
  while (atomic_load(&process->count[which]) < n) {
    CHECK_THAT(process->pid, "%s ended early", process->name);
    fail_if_dead();
    breathe();
  }
  at("%s has counted", process->name);
}

/* --- running -------------------------------------------------------------------------- */

uint64_t random_number(void) {
  static uint64_t state;
  if (state == 0)
    state = seed ^ (uint64_t)(me - shared->processes) << 32;
  return support_random(&state);
}

unsigned take_option(int *argc, char ***argv, const char *option) {
  char **all = *argv;
  if (*argc < 3 || strcmp(all[1], option) != 0)
    return 0;
  const unsigned value = (unsigned)strtoul(all[2], NULL, 10);
  if (value == 0) {
    (void)fprintf(stderr, "%s %s: it takes a number from 1 on\n", option, all[2]);
    exit(2);
  }
  all[2] = all[0];
  *argv += 2;
  *argc -= 2;
  return value;
}

static void begin(const struct test *test, unsigned seconds) {
  test_name = test->name;
  memset(&shared->processes[0], 0, sizeof shared->processes[0]);
  shared->used = 1;
  me = &shared->processes[0];
  (void)snprintf(me->name, sizeof me->name, "the test");
  me->pid = getpid();
  support_begin(test->name);
  (void)signal(SIGALRM, watchdog);
  (void)alarm(SUPPORT_SANITIZED ? 3 * seconds : seconds);
}

static void finish(void) {
  for (unsigned i = 1; i < shared->used; i++)
    if (shared->processes[i].pid)
      kill_process(&shared->processes[i]);
  rill_context *context = context_here();
  CHECK_THAT(files_left(1) == 0, "the test leaves files in its namespace");
  rill_context_close(context);
  forget_context();
  support_end();
}

int run_all_tests(const struct test *tests, size_t n, int argc, char **argv, unsigned seconds) {
  (void)setpgid(0, 0);
  test_pid = getpid();
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED)
    return 1;
  me = &shared->processes[0];
  support_at_failure = fail_here;
  const char *wish = getenv("RILL_TEST_SEED");
  seed = wish ? strtoull(wish, NULL, 0) : (uint64_t)rill_clock();
  (void)printf("seed %llu (RILL_TEST_SEED repeats it)\n", (unsigned long long)seed);
  (void)signal(SIGPIPE, SIG_IGN);
  unsigned run = 0;
  for (size_t i = 0; i < n; i++) {
    int wanted = argc < 2;
    for (int k = 1; k < argc; k++)
      wanted |= strcmp(argv[k], tests[i].name) == 0;
    if (!wanted)
      continue;
    begin(&tests[i], seconds);
    (void)printf("%s ...\n", tests[i].name);
    (void)fflush(NULL);
    if (tests[i].in)
      tests[i].in(tests[i].run);
    else
      tests[i].run();
    finish();
    run++;
  }
  (void)printf("%u tests passed\n", run);
  return run ? 0 : 1;
}
