/* SPDX-License-Identifier: MIT */
/* process.c - what /proc says of a process (process.h). */
#include "process.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BILLION INT64_C(1000000000)
#define SLACK BILLION /* ns: a tick of /proc, and small steps of the clock */
#define BUSY 0.25     /* of a processor: other processes may use the rest */

/* The parts of /proc/PID/stat that are used. */
struct line {
  char command[32], state;
  unsigned long long user, system, started; /* in ticks; started: since the start of the host */
};

/* The command is in parentheses, and may contain parentheses: the last one ends it. */
static bool parse(const char *text, struct line *ret) {
  const char *begin = strchr(text, '('), *end = strrchr(text, ')');
  if (!begin || !end || end < begin)
    return false;
  snprintf(ret->command, sizeof ret->command, "%.*s", (int)(end - begin - 1), begin + 1);
  for (char *c = ret->command; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 127)
      *c = '?';
  return sscanf(end + 1,
                " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
                "%llu",
                &ret->state, &ret->user, &ret->system, &ret->started) == 4;
}

static bool read_line(int64_t pid, struct line *ret) {
  char path[64], text[1024];
  snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
  FILE *file = fopen(path, "re");
  if (!file)
    return false;
  size_t size = fread(text, 1, sizeof text - 1, file);
  fclose(file);
  text[size] = 0;
  return parse(text, ret);
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec now = {0};
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * BILLION + now.tv_nsec;
}

/* A process that started later than the member is not that member. */
static bool plausible(const struct line *line, int64_t opened) {
  int64_t ticks = sysconf(_SC_CLK_TCK);
  int64_t age =
      nanoseconds(CLOCK_BOOTTIME) - (int64_t)(line->started * (uint64_t)(BILLION / ticks));
  return opened > 0 && nanoseconds(CLOCK_REALTIME) - age <= opened + SLACK;
}

static enum process_state state_of(char letter) {
  switch (letter) {
  case 'R':
    return PROCESS_RUNNING;
  case 'S':
  case 'I':
    return PROCESS_SLEEPING;
  case 'D':
    return PROCESS_WAITING;
  case 'T':
    return PROCESS_STOPPED;
  case 't':
    return PROCESS_TRACED;
  default: /* it is ending, or has ended: it holds no lease */
    return PROCESS_UNKNOWN;
  }
}

struct process_id process_of_producer(const struct rill_queue_stat *stat) {
  return (struct process_id){stat->producer_pid, stat->producer_pid_namespace,
                             stat->producer_opened};
}

struct process_id process_of_member(const struct rill_group_stat *group) {
  return (struct process_id){group->pid, group->pid_namespace, group->opened};
}

/* Of this process; 0: not known. It never changes. */
static uint64_t own_name_space(void) {
  static uint64_t own;
  struct stat status;
  if (!own && stat("/proc/self/ns/pid", &status) == 0)
    own = (uint64_t)status.st_ino;
  return own;
}

bool process_is_here(const struct process_id *id) {
  return id->name_space && id->name_space == own_name_space();
}

bool process_is_elsewhere(const struct process_id *id) {
  const uint64_t own = own_name_space();
  return id->name_space && own && id->name_space != own;
}

const char *process_mark(const struct process_id *id) {
  return process_is_elsewhere(id) ? "*" : "";
}

const char *process_name(const struct process_id *id, char ret[PROCESS_TEXT]) {
  snprintf(ret, PROCESS_TEXT, "process %lld%s", (long long)id->pid,
           process_is_elsewhere(id) ? " in another pid namespace" : "");
  return ret;
}

void process_look(const struct process_id *id, struct process *ret) {
  struct line line;
  *ret = (struct process){.state = PROCESS_UNKNOWN, .cpu = -1};
  if (id->pid <= 0 || !process_is_here(id) || !read_line(id->pid, &line) ||
      !plausible(&line, id->opened))
    return;
  ret->state = state_of(line.state);
  if (ret->state == PROCESS_UNKNOWN)
    return;
  snprintf(ret->command, sizeof ret->command, "%s", line.command);
  ret->ticks = line.user + line.system;
  ret->time = rill_clock();
}

void process_look_again(const struct process_id *id, bool moves, struct process *process) {
  struct process before = *process;
  process_look(id, process);
  if (process->state == PROCESS_UNKNOWN || before.state == PROCESS_UNKNOWN)
    return;
  const long frequency = sysconf(_SC_CLK_TCK);
  const double seconds = (double)(process->time - before.time) / 1e9;
  if (seconds > 0)
    process->cpu = (double)(process->ticks - before.ticks) / (double)frequency / seconds;
  bool runs = process->state == PROCESS_RUNNING || process->state == PROCESS_SLEEPING;
  if (runs && process->cpu >= BUSY)
    process->state = moves ? PROCESS_RUNNING : PROCESS_SPINNING;
}

const char *process_word(enum process_state state) {
  static const char *const words[] = {
      [PROCESS_UNKNOWN] = "unknown",   [PROCESS_RUNNING] = "running",
      [PROCESS_SPINNING] = "spinning", [PROCESS_SLEEPING] = "sleeping",
      [PROCESS_WAITING] = "waiting",   [PROCESS_STOPPED] = "stopped",
      [PROCESS_TRACED] = "traced",
  };
  return words[state];
}
