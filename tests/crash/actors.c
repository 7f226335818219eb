/* SPDX-License-Identifier: MIT */
/* actors.c - the stage: processes, pipes, the watchdog, and an empty namespace at the end. */
#include "actors.h"

#include <dirent.h>
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

struct stage {
  struct actor actors[ACTORS]; /* 0: the test itself */
  unsigned used;
};

static struct stage *stage;
struct actor *me;
static const char *test_name = "";
static uint64_t seed;
static pid_t director;

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

static void where_everyone_stands(void) {
  (void)dprintf(2, "  seed %llu\n", (unsigned long long)seed);
  for (unsigned i = 0; i < stage->used; i++) {
    const struct actor *actor = &stage->actors[i];
    if (i && !actor->pid)
      continue;
    (void)dprintf(2, "  %s (%d): %s; counts %llu %llu %llu %llu\n", actor->name, (int)actor->pid,
                  actor->where, (unsigned long long)actor->count[0],
                  (unsigned long long)actor->count[1], (unsigned long long)actor->count[2],
                  (unsigned long long)actor->count[3]);
    print_file(actor->pid, "stat");
    print_file(actor->pid, "wchan");
  }
}

static void end_group(void) {
  support_end();
  (void)kill(0, SIGKILL);
}

static void watchdog(int signal) {
  (void)signal;
  (void)dprintf(2, "%s: hangs; where everyone stood:\n", test_name);
  where_everyone_stands();
  end_group();
}

void fail_at(const char *file, int line, const char *format, ...) {
  va_list args;
  char text[600];
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  const char *base = strrchr(file, '/');
  (void)dprintf(2, "%s: %s:%d: in %s (%s): %s\n", test_name, base ? base + 1 : file, line, me->name,
                me->where, text);
  if (getpid() != director && me != &stage->actors[0])
    _exit(99);
  where_everyone_stands();
  end_group();
  _exit(1);
}

/* --- actors ------------------------------------------------------------------------ */

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

/* Who is not root becomes it in a user namespace; where that is not allowed either, the test
 * fails, rather than being skipped. */
static void map_user(int unshare_flags) {
  char text[64];
  if (!(unshare_flags & CLONE_NEWUSER))
    return;
  const unsigned uid = geteuid(), gid = getegid();
  CHECK_THAT(unshare(unshare_flags) == 0, "neither root nor a user namespace: %s",
             strerror(errno));
  write_file("/proc/self/setgroups", "deny");
  (void)snprintf(text, sizeof text, "0 %u 1", uid);
  write_file("/proc/self/uid_map", text);
  (void)snprintf(text, sizeof text, "0 %u 1", gid);
  write_file("/proc/self/gid_map", text);
}

struct actor *spawn_with(int clone_flags, const char *name, void (*play)(void *arg), void *arg) {
  int there[2], back[2];
  CHECK(stage->used < ACTORS);
  CHECK(pipe2(there, O_CLOEXEC) == 0 && pipe2(back, O_CLOEXEC) == 0);
  struct actor *actor = &stage->actors[stage->used++];
  memset(actor, 0, sizeof *actor);
  (void)snprintf(actor->name, sizeof actor->name, "%s", name);
  actor->to = there[1];
  actor->from = back[0];
  actor->hears = there[0];
  actor->speaks = back[1];
  (void)fflush(NULL);
  const pid_t pid =
      clone_flags ? (pid_t)syscall(SYS_clone, clone_flags | SIGCHLD, NULL, NULL, NULL, NULL)
                  : fork();
  CHECK_THAT(pid >= 0, "cannot fork: %s", strerror(errno));
  if (pid == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    me = actor;
    (void)close(actor->to);
    (void)close(actor->from);
    forget_context();
    play(arg);
    (void)fflush(NULL);
    _exit(0); /* what it has open is the kernel's to give back: that is the point */
  }
  actor->pid = pid;
  (void)close(actor->hears);
  (void)close(actor->speaks);
  return actor;
}

void own_mounts(char ret_path[256]) {
  map_user(unshare(CLONE_NEWNS) != 0 ? CLONE_NEWUSER | CLONE_NEWNS : 0);
  CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
  CHECK(mount("rill", "/mnt", "tmpfs", 0, "size=64k") == 0);
  (void)snprintf(ret_path, 256, "/mnt/stage");
  CHECK(mkdir(ret_path, 0755) == 0);
}

struct actor *spawn(const char *name, void (*play)(void *arg), void *arg) {
  return spawn_with(0, name, play, arg);
}

static void one_byte(int fd, int writing, const char *what) {
  char byte = 1;
  ssize_t done;
  do
    done = writing ? write(fd, &byte, 1) : read(fd, &byte, 1);
  while (done < 0 && errno == EINTR);
  CHECK_THAT(done == 1, "%s: the other one is gone", what);
}

void meet(struct actor *actor) {
  at("meet(%s)", actor->name);
  one_byte(actor->from, 0, actor->name);
  at("has met %s", actor->name);
}
void cue(struct actor *actor) {
  one_byte(actor->to, 1, actor->name);
}
void reached(void) {
  one_byte(me->speaks, 1, "reached()");
}
void await_cue(void) {
  one_byte(me->hears, 0, "await_cue()");
}

static int reap(struct actor *actor, int flags) {
  int status = 0;
  pid_t got;
  do
    got = waitpid(actor->pid, &status, flags);
  while (got < 0 && errno == EINTR);
  if (got == 0)
    return -1;
  CHECK(got == actor->pid);
  if (flags & WUNTRACED && WIFSTOPPED(status))
    return status;
  actor->pid = 0;
  (void)close(actor->to);
  (void)close(actor->from);
  return status;
}

void kill_actor(struct actor *actor) {
  fail_if_dead();
  CHECK(kill(actor->pid, SIGKILL) == 0);
  const int status = reap(actor, 0);
  CHECK_THAT(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "%s ended of itself: %x",
             actor->name, (unsigned)status);
}

void stop_actor(struct actor *actor) {
  CHECK(kill(actor->pid, SIGSTOP) == 0);
  CHECK(WIFSTOPPED(reap(actor, WUNTRACED)));
}

void continue_actor(struct actor *actor) {
  CHECK(kill(actor->pid, SIGCONT) == 0);
}

void await_end(struct actor *actor) {
  at("await_end(%s)", actor->name);
  const int status = reap(actor, 0);
  CHECK_THAT(status == 0, "%s ended with status %x", actor->name, (unsigned)status);
  at("%s has ended", actor->name);
}

void fail_if_dead(void) {
  for (unsigned i = 1; i < stage->used; i++) {
    struct actor *actor = &stage->actors[i];
    int status = 0;
    if (actor->pid && waitpid(actor->pid, &status, WNOHANG) == actor->pid) {
      actor->pid = 0;
      CHECK_THAT(status == 0, "%s ended with status %x, last at: %s", actor->name,
                 (unsigned)status, actor->where);
    }
  }
}

void await_count(const struct actor *actor, unsigned which, uint64_t n) {
  at("await_count(%s, %u, %llu)", actor->name, which, (unsigned long long)n);
  while (atomic_load(&actor->count[which]) < n) {
    CHECK_THAT(actor->pid, "%s ended early", actor->name);
    fail_if_dead();
    breathe();
  }
  at("%s has counted", actor->name);
}

/* --- running -------------------------------------------------------------------------- */

uint64_t random_number(void) {
  static uint64_t state;
  if (state == 0)
    state = seed ^ (uint64_t)(me - stage->actors) << 32;
  return support_random(&state);
}

static void begin(const struct test *test, unsigned seconds) {
  test_name = test->name;
  memset(&stage->actors[0], 0, sizeof stage->actors[0]);
  stage->used = 1;
  me = &stage->actors[0];
  (void)snprintf(me->name, sizeof me->name, "the test");
  me->pid = getpid();
  support_begin(test->name);
  (void)signal(SIGALRM, watchdog);
  (void)alarm(SUPPORT_SANITIZED ? 3 * seconds : seconds);
}

static void finish(void) {
  for (unsigned i = 1; i < stage->used; i++)
    if (stage->actors[i].pid)
      kill_actor(&stage->actors[i]);
  rill_context *context = context_here();
  CHECK_THAT(files_left(1) == 0, "the test leaves files in its namespace");
  rill_context_close(context);
  forget_context();
  support_end();
}

int run_tests(const struct test *tests, size_t n, int argc, char **argv, unsigned seconds) {
  (void)setpgid(0, 0);
  director = getpid();
  stage = mmap(NULL, sizeof *stage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (stage == MAP_FAILED)
    return 1;
  me = &stage->actors[0];
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
    tests[i].run();
    finish();
    run++;
  }
  (void)printf("%u tests passed\n", run);
  return run ? 0 : 1;
}
