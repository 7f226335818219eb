/* SPDX-License-Identifier: MIT */
/* registry_calls.c - each system call of rilld failed, at its start, its end, and while it serves.
 *
 *   fault_registry_calls [--stride N] [TEST...]
 *
 * A start serves, or ends with status 1 and says why; a request is answered, or its client is
 * disconnected; and when the fault is over everything is in its normal state: the registry knows
 * every queue, answers all clients, holds no descriptor more than before. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "each.h"

/* --- start and end ---------------------------------------------------------------------------- */

static void await_start(void) {
  struct patience patience = {0};
  while (!supervisor_has_ended() && !supervisor_waits())
    look_again(&patience, "neither serves nor ends");
}

/* liburcu ends a process in which it cannot make a thread, and says so; only at the start. */
static int is_of_liburcu(int status, const char *words) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && strstr(words, "urcu") &&
         strstr(words, "Unrecoverable error");
}

static void check_refusal(const struct plan *plan, int status, const char *words) {
  if (is_of_liburcu(status, words))
    return;
  CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) == 1, "a start ends with status %x: %s",
             (unsigned)status, words);
  CHECK_THAT(words[0] || (plan && plan->kind->number == SYS_write), "a start fails without a word");
}

static void end_in_order(void) {
  const int status = supervisor_end(rilld, SIGTERM);
  CHECK_THAT(status == 0, "the end has status %x", (unsigned)status);
}

/* Processes of spawn must not end by themselves: the status of those that end is taken here. */
static int take_end(char words[600]) {
  (void)snprintf(words, 600, "%s", supervisor_last_words());
  return supervisor_end(rilld, 0);
}

static void try_start(const struct plan *plan, const void *arg) {
  char words[600];
  rilld = supervisor_start(plan, arg ? *(const int *)arg : -1);
  await_start();
  supervisor_lift();
  if (supervisor_has_ended()) {
    const int status = take_end(words);
    CHECK_THAT(plan, "an unharmed start fails: %s", words);
    check_refusal(plan, status, words);
    return;
  }
  await_queues(1);
  end_in_order();
}

static void try_end(const struct plan *plan, const void *arg) {
  char words[600];
  (void)arg;
  rilld = supervisor_start_serving();
  supervisor_plan(plan);
  CHECK(kill(rilld->pid, SIGTERM) == 0);
  struct patience patience = {0};
  while (!supervisor_has_ended())
    look_again(&patience, "does not end");
  supervisor_lift();
  const int status = take_end(words);
  CHECK_THAT(WIFEXITED(status) && WEXITSTATUS(status) <= 1, "the end has status %x: %s",
             (unsigned)status, words);
}

static void starts_again_and_leaves_nothing(void) {
  rilld = supervisor_start_serving();
  await_queues(1);
  end_in_order();
  CHECK_THAT(!has_files("+rilld"), "the registry's files are left");
}

static void a_start_serves_or_says_why_not(void) {
  others_with_producer();
  fail_each("start", try_start, NULL);
  starts_again_and_leaves_nothing();
  check_traffic();
}

static void an_activated_start_serves_or_says_why_not(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  others_with_producer();
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/" RILLI_SOCKET_FILE,
                 namespace_directory());
  const int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  CHECK(bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
        listen(listener, 64) == 0);
  fail_each("start by its activator", try_start, &listener);
  (void)close(listener);
  starts_again_and_leaves_nothing();
}

static void try_second(const struct plan *plan, const void *arg) {
  char words[600];
  (void)arg;
  rilld = supervisor_start(plan, -1);
  struct patience patience = {0};
  while (!supervisor_has_ended())
    look_again(&patience, "the second one does not end");
  supervisor_lift();
  const int status = take_end(words);
  check_refusal(plan, status, words);
  await_queues(1); /* by the first */
}

static void a_second_one_ends_whatever_fails(void) {
  others_with_producer();
  struct process *first = spawn("first", serve, NULL);
  struct patience patience = {0};
  int fd;
  while ((fd = talk_connect()) < 0)
    look_again(&patience, "the first one does not serve");
  (void)close(fd);
  fail_each("second start", try_second, NULL);
  CHECK(kill(first->pid, SIGTERM) == 0);
  await_end(first);
}

static void an_end_is_an_end(void) {
  others_with_producer();
  fail_each("end", try_end, NULL);
  starts_again_and_leaves_nothing();
}

/* --- while it serves ------------------------------------------------------------------------- */

static unsigned descriptors;

static void try_trigger(const struct plan *plan, const void *arg) {
  const struct trigger *trigger = arg;
  supervisor_plan(plan);
  trigger->fire();
  supervisor_lift();
  if (trigger->settle)
    trigger->settle();
  CHECK_THAT(!supervisor_has_ended(), "rilld ended: %s", supervisor_last_words());
  await_queues(1);
  await_descriptors(rilld->pid, descriptors);
  check_traffic();
}

static void a_request_is_answered_or_its_client_shown_out(void) {
  others_with_producer();
  rilld = supervisor_start_serving();
  await_queues(1);
  for (size_t i = 0; i < trigger_count; i++) { /* afterwards all that is made only once exists */
    triggers[i].fire();
    if (triggers[i].settle)
      triggers[i].settle();
  }
  await_queues(1);
  descriptors = descriptors_at_rest(rilld->pid);
  for (size_t i = 0; i < trigger_count; i++)
    fail_each(triggers[i].name, try_trigger, &triggers[i]);
  end_in_order();
  CHECK_THAT(!has_files("+rilld"), "the registry's files are left");
}

static const struct test tests[] = {
    NAMED_IN(a_start_serves_or_says_why_not, in_a_process),
    NAMED_IN(an_activated_start_serves_or_says_why_not, in_a_process),
    NAMED_IN(a_second_one_ends_whatever_fails, in_a_process),
    NAMED_IN(an_end_is_an_end, in_a_process),
    NAMED_IN(a_request_is_answered_or_its_client_shown_out, in_a_process),
};

int main(int argc, char **argv) {
  return RUN_IN_STRIDES(argc, argv);
}
