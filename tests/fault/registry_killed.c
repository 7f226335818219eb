/* SPDX-License-Identifier: MIT */
/* registry_killed.c - the registry killed before each of its system calls while a client waits, and
 * started again; and the client killed before each of its own.
 *
 *   fault_registry_killed [--stride N] [TEST...]
 *
 * A process that survives gets an error, or works without a registry; what was half made is
 * collected; a new registry knows every queue, and one that survives serves others and holds
 * nothing of dead clients. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "each.h"

static int is_killed(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* --- the registry dies ------------------------------------------------------------------------ */

/* Once with nothing killed, to count; then at each call. Each time with a registry of its own. */
static int kill_at(const struct trigger *trigger, unsigned n) {
  const struct plan plan = {n, NULL, 0, 0};
  rilld = supervisor_start_serving();
  await_queues(1);
  supervisor_plan(n ? &plan : NULL);
  trigger->fire();
  const int killed = supervisor_lift() != 0;
  const int status = supervisor_end(rilld, killed ? 0 : SIGTERM);
  CHECK_THAT(killed ? is_killed(status) : status == 0, "rilld ended with status %x",
             (unsigned)status);
  return killed;
}

static void another_one_knows_everything(const struct trigger *trigger) {
  rilld = supervisor_start_serving();
  if (trigger->settle)
    trigger->settle();
  await_queues(1);
  CHECK(supervisor_end(rilld, SIGTERM) == 0);
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  CHECK_THAT(files_left(0) == 2, "something half is left");
  check_traffic();
}

static void registry_killed_at_any_call_is_replaced_by_the_next(void) {
  others_with_producer();
  supervisor_count_all(1);
  for (size_t i = 0; i < trigger_count; i++) {
    const struct trigger *trigger = &triggers[i];
    unsigned n = 1, kills = 0;
    do {
      at("%s: rilld is killed before call %u", trigger->name, n);
      if (!kill_at(trigger, n))
        break;
      at("%s: behind the kill before call %u", trigger->name, n);
      another_one_knows_everything(trigger);
      kills++;
      n += stride;
    } while (1);
    if (trigger->settle)
      another_one_knows_everything(trigger);
    (void)printf("  %-24s %3u kills\n", trigger->name, kills);
    (void)fflush(stdout);
    CHECK(kills > 0);
  }
}

/* --- a client dies ---------------------------------------------------------------------------- */

static const struct trigger *trigger_of_client;

static void be_a_client_of_its(void) {
  forget_context();
  trigger_of_client->fire();
}

static void come_and_go(void) {
  rill_queue *queue = open_queue(NULL);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.group = "dead"});
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context_here());
  forget_context();
}

static const struct trigger coming_and_going = {"coming and going", come_and_go, NULL, 1};

static void others_are_served(unsigned descriptors) {
  struct patience patience = {0};
  while (stat_of(others.queue).group_count != 1)
    look_again(&patience, "the dead member is not reclaimed");
  if (trigger_of_client->settle)
    trigger_of_client->settle();
  await_queues(1);
  await_descriptors(rilld->pid, descriptors);
  check_traffic();
}

static unsigned kill_clients(unsigned descriptors) {
  for (unsigned n = 1, kills = 0;; n += stride, kills++) {
    const struct plan plan = {n, NULL, 0, 0};
    at("%s: the client is killed before call %u", trigger_of_client->name, n);
    struct process *client = supervisor_start_client(&plan, be_a_client_of_its);
    struct patience patience = {0};
    while (!supervisor_has_ended())
      look_again(&patience, "the client does not end");
    const int killed = supervisor_lift() != 0;
    const int status = supervisor_end(client, 0);
    CHECK_THAT(killed ? is_killed(status) : status == 0, "the client ended with status %x",
               (unsigned)status);
    others_are_served(descriptors);
    if (!killed)
      return kills;
  }
}

static void client_killed_at_any_call_leaves_nothing_in_the_registry(void) {
  others_with_producer();
  supervisor_count_all(1);
  rilld = spawn("rilld", serve, NULL);
  struct patience patience = {0};
  int fd;
  while ((fd = talk_connect()) < 0)
    look_again(&patience, "it does not serve");
  (void)close(fd);
  await_queues(1);
  const unsigned descriptors = descriptors_at_rest(rilld->pid);
  for (size_t i = 0; i <= trigger_count; i++) {
    trigger_of_client = i < trigger_count ? &triggers[i] : &coming_and_going;
    if (!trigger_of_client->of_client && i < trigger_count)
      continue;
    const unsigned kills = kill_clients(descriptors);
    (void)printf("  %-24s %3u kills\n", trigger_of_client->name, kills);
    (void)fflush(stdout);
    CHECK(kills > 0);
  }
  CHECK(kill(rilld->pid, SIGTERM) == 0);
  await_end(rilld);
}

static const struct test tests[] = {
    NAMED_IN(registry_killed_at_any_call_is_replaced_by_the_next, in_a_process),
    NAMED_IN(client_killed_at_any_call_leaves_nothing_in_the_registry, in_a_process),
};

int main(int argc, char **argv) {
  return RUN_IN_STRIDES(argc, argv);
}
