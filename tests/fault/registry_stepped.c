/* SPDX-License-Identifier: MIT */
/* registry_stepped.c - the registry killed behind each of its instructions after which others see a
 * difference, while it gives back what a dead client held: its loop is traced step by step.
 *
 * (Queues are removed by a function of the library, in a thread that is not traced: the tests
 * crash.killed_at_instructions cover it.) */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "supervisor.h"
#include "triggers.h"
#include "trace.h"

static void execute_rilld(void *arg) {
  mark();
  serve(arg);
}

/* What others can see of the groups and of waiting processes. */
static uint64_t view(void) {
  const struct rilli_ring *ring = &others.queue->segments.ring;
  const struct rilli_hints *hints =
      (const void *)(others.queue->segments.control.base +
                     others.queue->segments.control_geometry.hints_offset);
  uint64_t sum = *ring->tombstone;
  uint32_t row;
  RILLI_EACH_ROW(row, ring->rows, ring->max_groups) {
    const volatile uint64_t *words = (const void *)rilli_group_at(ring, row);
    for (size_t i = 0; i < sizeof(struct rilli_group) / 8; i++)
      sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15u + i;
  }
  return (sum ^ atomic_load(&hints->room)) * 0x9e3779b97f4a7c15u;
}

static void join_and_die(void) {
  (void)open_consumer(open_queue(NULL), (struct joining){.group = "dead"});
}

/* Steps until the view has changed n times, or the work is done. Returns 0: done. */
static int step_to_change(struct process *registry, unsigned n) {
  enum { MOST = 5000000, TAIL = 20000 }; /* instructions: in all, behind the last change */
  uint64_t last = view();
  unsigned since = 0, seen = 0;
  for (unsigned i = 0; i < MOST; i++) {
    CHECK(run_instruction(registry, NULL) != STEP_END);
    const uint64_t now = view();
    since = now == last ? since + 1 : 0;
    seen += now != last;
    last = now;
    if (seen == n)
      return 1;
    if (seen && since > TAIL)
      return 0;
  }
  CHECK_THAT(seen, "the dead member is not reclaimed");
  return 0;
}

static void next_registry_goes_on(void) {
  struct patience patience = {0};
  check_sound(RILL_WRONG, "when the registry was killed");
  check_traffic();
  rilld = supervisor_start_serving();
  while (stat_of(others.queue).group_count != 1)
    look_again(&patience, "the dead member is not reclaimed");
  await_queues(1);
  CHECK(supervisor_end(rilld, SIGTERM) == 0);
  check_traffic();
}

static void registry_killed_behind_any_change_is_replaced_by_the_next(void) {
  others_with_producer();
  unsigned n = 1;
  for (int more = 1; more; n++) {
    at("rilld is killed behind change %u", n);
    struct process *registry = spawn_traced("rilld", execute_rilld, NULL);
    let_execute(registry);
    await_queues(1);
    stop_running(registry);
    in_a_child(join_and_die);
    more = step_to_change(registry, n);
    kill_traced(registry);
    next_registry_goes_on();
  }
  (void)printf("  %u changes\n", n - 2);
  CHECK(n > 4);
}

static const struct test tests[] = {
    NAMED_IN(registry_killed_behind_any_change_is_replaced_by_the_next, in_a_process)};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 120);
}
