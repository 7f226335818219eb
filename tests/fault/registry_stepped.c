/* SPDX-License-Identifier: MIT */
/* registry_stepped.c - the registry killed behind each of its instructions after which others see a
 * difference, while it gives back what a dead client held: its loop is stepped through.
 *
 * (Queues are removed by the function that the library has, in a thread that is not stepped: what
 * it changes is crash/killed_at_instructions' subject.) */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "occasions.h"
#include "stage.h"
#include "tracer.h"

static void be_rilld(void *arg) {
  (void)arg;
  (void)close(STDERR_FILENO);
  curtain();
  (void)execl(RILLD, "rilld", "--foreground", (char *)NULL);
  _exit(98);
}

/* What others can see of the groups and of who waits. */
static uint64_t view(void) {
  const struct rilli_ring *ring = &scene.queue->segments.ring;
  const struct rilli_hints *hints =
      (const void *)(scene.queue->segments.control.base +
                     scene.queue->segments.control_geometry.hints_offset);
  uint64_t sum = *ring->tombstone;
  uint32_t row;
  RILLI_EACH_ROW(row, ring->rows, ring->max_groups) {
    const volatile uint64_t *words = (const void *)rilli_group_at(ring, row);
    for (size_t i = 0; i < sizeof(struct rilli_group) / 8; i++)
      sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15u + i;
  }
  return (sum ^ atomic_load(&hints->room)) * 0x9e3779b97f4a7c15u;
}

static void leave_a_dead_client(void) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    forget_context();
    (void)open_consumer(open_queue(NULL), (struct joining){.group = "dead"});
    _exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
}

/* Steps until the view has changed n times, or what it was about is done. Returns 0: done. */
static int step_to_change(struct actor *registry, unsigned n) {
  enum { MOST = 5000000, TAIL = 20000 }; /* instructions: in all, behind the last change */
  uint64_t last = view();
  unsigned since = 0, seen = 0;
  for (unsigned i = 0; i < MOST; i++) {
    CHECK(run_instruction(registry, NULL) != TREAD_END);
    const uint64_t now = view();
    since = now == last ? since + 1 : 0;
    seen += now != last;
    last = now;
    if (seen == n)
      return 1;
    if (seen && since > TAIL)
      return 0;
  }
  CHECK_THAT(seen, "the dead is not reclaimed");
  return 0;
}

static void complain(const struct rill_finding *finding, void *arg) {
  (void)arg;
  CHECK_THAT(finding->kind != RILL_WRONG, "the segments: %s", finding->text);
}

static void next_registry_goes_on(void) {
  struct patience patience = {0};
  CHECK_CODE(rill_queue_examine(context_here(), "q", complain, NULL), 0);
  traffic_goes_on(0);
  rilld = warden_start_serving();
  while (stat_of(scene.queue).group_count != 1)
    look_again(&patience, "nobody reclaims the dead");
  await_queues(1);
  CHECK(warden_end(rilld, SIGTERM) == 0);
  traffic_goes_on(0);
}

static void registry_killed_behind_any_change_is_replaced_by_the_next(void) {
  stage_with_producer();
  unsigned n = 1;
  for (int more = 1; more; n++) {
    at("rilld is killed behind change %u", n);
    struct actor *registry = spawn_traced("rilld", be_rilld, NULL);
    let_execute(registry);
    await_queues(1);
    stop_running(registry);
    leave_a_dead_client();
    more = step_to_change(registry, n);
    kill_traced(registry);
    next_registry_goes_on();
  }
  (void)printf("  %u changes\n", n - 2);
  CHECK(n > 4);
}

static void in_order(void) {
  in_a_process(registry_killed_behind_any_change_is_replaced_by_the_next);
}

static const struct test tests[] = {
    {"registry_killed_behind_any_change_is_replaced_by_the_next", in_order}};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 120);
}
