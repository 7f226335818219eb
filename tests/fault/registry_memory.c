/* SPDX-License-Identifier: MIT */
/* registry_memory.c - each allocation of rilld failed, from its start through all requests:
 * alone, and with the next nine as well.
 *
 *   fault_registry_memory [--stride N]
 *
 * A start serves or says why not; a request for which there is no memory is refused, or its client
 * is disconnected; the registry continues and forgets nothing. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "each.h"

static char log_path[600];

static void be_starved(void *arg) {
  const int log = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  CHECK(log >= 0 && dup2(log, STDERR_FILENO) >= 0);
  (void)setenv("FAULT_ALLOCATIONS", arg, 1);
  (void)setenv("LD_PRELOAD", HEAP_PRELOAD, 1);
  (void)execl(RILLD, "rilld", "--foreground", (char *)NULL);
  _exit(98);
}

/* Does a line of its log contain this? ret_last: its last line. */
static int has_said(const char *words, char ret_last[600]) {
  int found = 0;
  FILE *log = fopen(log_path, "re");
  ret_last[0] = 0;
  while (log && fgets(ret_last, 600, log))
    found |= strstr(ret_last, words) != NULL;
  if (log)
    (void)fclose(log);
  return found;
}

static int has_ended(int *ret_status) {
  return waitpid(rilld->pid, ret_status, WNOHANG) == rilld->pid;
}

/* Serves (0), or has ended with *ret_status (1). */
static int await_start(int *ret_status) {
  struct rilli_wire_answer answer;
  struct patience patience = {0};
  while (talk_once(RILLI_WIRE_LIST, "", &answer) != 0) {
    if (has_ended(ret_status))
      return 1;
    look_again(&patience, "neither serves nor ends");
  }
  return 0;
}

/* liburcu ends a process that has no memory for its threads, or for its last grace period: at the
 * start and at the end. It says so, or fails an assertion (without memory for its text: "Unexpected
 * error"). */
static int may_end_so(int status, const char *words) {
  return (WIFEXITED(status) && WEXITSTATUS(status) == 1 && words[0]) ||
         (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT &&
          (strstr(words, "urcu") || strstr(words, "rculfhash") ||
           strstr(words, "Unexpected error")));
}

/* Returns whether it was reached. */
static int starve(unsigned first, unsigned many) {
  char wish[64], words[600];
  int status = 0;
  (void)snprintf(wish, sizeof wish, "%u,%u", first, many);
  at("allocation %u fails, %u in a row: the start", first, many);
  rilld = spawn("rilld", be_starved, wish);
  if (await_start(&status)) {
    const int reached = has_said("an allocation failed", words);
    CHECK_THAT(reached && may_end_so(status, words), "a start ends with status %x: %s",
               (unsigned)status, words);
    forget_process(rilld);
    return 1;
  }
  for (size_t i = 0; i < trigger_count; i++) {
    at("allocation %u fails, %u in a row: %s", first, many, triggers[i].name);
    triggers[i].fire();
    CHECK_THAT(!has_ended(&status), "rilld ended with status %x", (unsigned)status);
    if (triggers[i].settle)
      triggers[i].settle();
  }
  await_queues(1);
  check_traffic();
  const int reached = has_said("an allocation failed", words);
  at("allocation %u fails, %u in a row: the end", first, many);
  CHECK(kill(rilld->pid, SIGTERM) == 0);
  CHECK(waitpid(rilld->pid, &status, 0) == rilld->pid);
  (void)has_said("", words);
  CHECK_THAT(status == 0 || may_end_so(status, words), "the end has status %x: %s",
             (unsigned)status, words);
  forget_process(rilld);
  return reached;
}

static void starved_registry_forgets_nothing(void) {
  unsigned tries = 0;
  others_with_producer();
  (void)snprintf(log_path, sizeof log_path, "%s/rilld.log", namespace_directory());
  for (unsigned many = 1; many <= 10; many += 9)
    for (unsigned first = 1; starve(first, many); first += stride)
      tries++;
  (void)unlink(log_path);
  (void)printf("  %u tries\n", tries);
  CHECK(tries > 0);
}

static const struct test tests[] = {NAMED_IN(starved_registry_forgets_nothing, in_a_process)};

int main(int argc, char **argv) {
  return RUN_IN_STRIDES(argc, argv);
}
