/* SPDX-License-Identifier: MIT */
/* registry_killed.c - the registry killed before each of its system calls while a client waits, and
 * started again; and the client killed before each of its own.
 *
 *   fault_registry_killed [--stride N] [TEST...]
 *
 * Whoever lives on is told, or does without; what was half made is collected; the registry that
 * comes knows every queue, and the one that stays serves others and holds nothing of the dead. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "each.h"
#include "stage.h"

static int is_killed(int status) {
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* --- the registry dies ------------------------------------------------------------------------ */

/* Once with nothing killed, to count; then at each call. Each time with a registry of its own. */
static int kill_at(const struct occasion *occasion, unsigned n) {
  const struct plan plan = {n, NULL, 0, 0};
  rilld = warden_start_serving();
  await_queues(1);
  warden_plan(n ? &plan : NULL);
  occasion->happen();
  const int killed = warden_lift() != 0;
  const int status = warden_end(rilld, killed ? 0 : SIGTERM);
  CHECK_THAT(killed ? is_killed(status) : status == 0, "rilld ended with status %x",
             (unsigned)status);
  return killed;
}

static void another_one_knows_everything(const struct occasion *occasion) {
  rilld = warden_start_serving();
  if (occasion->settle)
    occasion->settle();
  await_queues(1);
  CHECK(warden_end(rilld, SIGTERM) == 0);
  CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  CHECK_THAT(files_left(0) == 2, "something half is left");
  traffic_goes_on(0);
}

static void registry_killed_at_any_call_is_replaced_by_the_next(void) {
  stage_with_producer();
  warden_count_all(1);
  for (size_t i = 0; i < occasion_count; i++) {
    const struct occasion *occasion = &occasions[i];
    unsigned n = 1, kills = 0;
    do {
      at("%s: rilld is killed before call %u", occasion->name, n);
      if (!kill_at(occasion, n))
        break;
      at("%s: behind the kill before call %u", occasion->name, n);
      another_one_knows_everything(occasion);
      kills++;
      n += stride;
    } while (1);
    if (occasion->settle)
      another_one_knows_everything(occasion);
    (void)printf("  %-24s %3u kills\n", occasion->name, kills);
    (void)fflush(stdout);
    CHECK(kills > 0);
  }
}

/* --- a client dies ---------------------------------------------------------------------------- */

static void be_the_registry(void *arg) {
  (void)arg;
  (void)close(STDERR_FILENO);
  (void)execl(RILLD, "rilld", "--foreground", (char *)NULL);
  _exit(98);
}

static const struct occasion *occasion_of_client;

static void be_a_client_of_its(void) {
  forget_context();
  occasion_of_client->happen();
}

static void come_and_go(void) {
  rill_queue *queue = open_queue(NULL);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.group = "dead"});
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context_here());
  forget_context();
}

static const struct occasion coming_and_going = {"coming and going", come_and_go, NULL, 1};

static void others_are_served(unsigned descriptors) {
  struct patience patience = {0};
  while (stat_of(scene.queue).group_count != 1)
    look_again(&patience, "nobody reclaims the dead");
  if (occasion_of_client->settle)
    occasion_of_client->settle();
  await_queues(1);
  await_descriptors(rilld->pid, descriptors);
  traffic_goes_on(0);
}

static unsigned kill_clients(unsigned descriptors) {
  for (unsigned n = 1, kills = 0;; n += stride, kills++) {
    const struct plan plan = {n, NULL, 0, 0};
    at("%s: the client is killed before call %u", occasion_of_client->name, n);
    struct actor *client = warden_start_client(&plan, be_a_client_of_its);
    struct patience patience = {0};
    while (!warden_has_ended())
      look_again(&patience, "the client does not end");
    const int killed = warden_lift() != 0;
    const int status = warden_end(client, 0);
    CHECK_THAT(killed ? is_killed(status) : status == 0, "the client ended with status %x",
               (unsigned)status);
    others_are_served(descriptors);
    if (!killed)
      return kills;
  }
}

static void client_killed_at_any_call_leaves_nothing_in_the_registry(void) {
  stage_with_producer();
  warden_count_all(1);
  rilld = spawn("rilld", be_the_registry, NULL);
  struct patience patience = {0};
  int fd;
  while ((fd = talk_connect()) < 0)
    look_again(&patience, "it does not serve");
  (void)close(fd);
  await_queues(1);
  const unsigned descriptors = descriptors_at_rest(rilld->pid);
  for (size_t i = 0; i <= occasion_count; i++) {
    occasion_of_client = i < occasion_count ? &occasions[i] : &coming_and_going;
    if (!occasion_of_client->of_client && i < occasion_count)
      continue;
    const unsigned kills = kill_clients(descriptors);
    (void)printf("  %-24s %3u kills\n", occasion_of_client->name, kills);
    (void)fflush(stdout);
    CHECK(kills > 0);
  }
  CHECK(kill(rilld->pid, SIGTERM) == 0);
  await_end(rilld);
}

#define IN_A_PROCESS(behaviour)                                                                    \
  static void behaviour##_(void) {                                                                 \
    in_a_process(behaviour);                                                                       \
  }
IN_A_PROCESS(registry_killed_at_any_call_is_replaced_by_the_next)
IN_A_PROCESS(client_killed_at_any_call_leaves_nothing_in_the_registry)

#define NAMED(function)                                                                            \
  { #function, function##_ }
static const struct test tests[] = {
    NAMED(registry_killed_at_any_call_is_replaced_by_the_next),
    NAMED(client_killed_at_any_call_leaves_nothing_in_the_registry),
};

int main(int argc, char **argv) {
  return RUN_IN_STRIDES(argc, argv);
}
