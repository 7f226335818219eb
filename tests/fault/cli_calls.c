/* SPDX-License-Identifier: MIT */
/* cli_calls.c - each system call of the inspector failed, verb by verb.
 *
 *   fault_cli_calls [--stride N]
 *
 * It ends with a documented status, and says why when that is 1; a queue that it only reads is
 * as it was, and one that it makes or removes exists wholly or not at all. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "each.h"

struct verb {
  const char *name;
  const char *arguments[6];
  void (*before)(void);
  void (*after)(int status);
};

static void make(const char *name) {
  rill_queue *queue = NULL;
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .lifetime = RILL_KEPT};
  CHECK_EQ(rill_queue_open(context_here(), name, RILL_CREATE, &attr, RILL_NOW, &queue), 0);
  rill_queue_close(queue);
}

static void make_new(void) {
  make("new");
}

static void is_made(int status) {
  CHECK_THAT(status || has_files("new"), "a creation with status 0 made nothing");
  remove_if_there("new");
}

static void is_gone(int status) {
  CHECK_THAT(status || !has_files("new"), "a removal with status 0 leaves files");
  remove_if_there("new");
}

static const struct verb verbs[] = {
    {"ls", {"ls"}, NULL, NULL},
    {"ls --json", {"ls", "--json"}, NULL, NULL},
    {"stat", {"stat", "q"}, NULL, NULL},
    {"why", {"why", "q"}, NULL, NULL},
    {"doctor", {"doctor", "q"}, NULL, NULL},
    {"create", {"create", "new", "--capacity", "64K"}, NULL, is_made},
    {"rm", {"rm", "new"}, make_new, is_gone},
    {"gc", {"gc"}, NULL, NULL},
};

static void try_verb(const struct plan *plan, const void *arg) {
  const struct verb *verb = arg;
  const char *program[8] = {RILL};
  memcpy(program + 1, verb->arguments, sizeof verb->arguments);
  if (verb->before)
    verb->before();
  struct process *rill = supervisor_start_program(plan, program);
  struct patience patience = {0};
  while (!supervisor_has_ended())
    look_again(&patience, "does not end");
  supervisor_lift();
  char words[600];
  (void)snprintf(words, sizeof words, "%s", supervisor_last_words());
  const int status = supervisor_end(rill, 0);
  CHECK_THAT(WIFEXITED(status) && (WEXITSTATUS(status) <= 1 || WEXITSTATUS(status) == 3),
             "ends with status %x: %s", (unsigned)status, words);
  CHECK_THAT(plan || status == 0, "unharmed: status %x: %s", (unsigned)status, words);
  CHECK_THAT(WEXITSTATUS(status) != 1 || words[0] || plan->kind->number == SYS_write,
             "fails without a word");
  if (verb->after)
    verb->after(status);
  check_traffic();
}

static void verb_ends_as_it_states_whatever_fails(void) {
  others_with_producer();
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    fail_each(verbs[i].name, try_verb, &verbs[i]);
}

static const struct test tests[] = {NAMED_IN(verb_ends_as_it_states_whatever_fails, in_a_process)};

int main(int argc, char **argv) {
  return RUN_IN_STRIDES(argc, argv);
}
