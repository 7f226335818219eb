/* SPDX-License-Identifier: MIT */
/* failed_calls.c - each system call, or each allocation, of each operation of the library failed,
 * with each error that the kernel may give, once, and from there on for ever.
 *
 *   fault_failed_calls [--stride N] [--allocations] [TEST...]
 *
 * Each time: a documented error whose text names its subject, nothing leaked, the queue as before
 * or as after, all other processes undisturbed, and the next try succeeds. injector.h says how. */
#include <stdlib.h>
#include <string.h>

#include "suites.h"

static struct tier tier = {.stride = 1};

#define SWEEP(behaviour, group)                                                                    \
  static void behaviour(void) {                                                                    \
    inject(&(group), &tier);                                                                       \
  }
SWEEP(a_queue_is_made_whole_or_not_at_all, making)
SWEEP(an_open_that_fails_leaves_no_trace, opening)
SWEEP(what_is_told_is_true_or_an_error, looking)
SWEEP(a_removal_is_done_or_can_be_done_again, removing)
SWEEP(a_producer_takes_the_place_or_leaves_it_free, producing)
SWEEP(a_consumer_joins_or_leaves_no_group, consuming)
SWEEP(a_wait_ends_with_its_message_or_its_deadline, waiting)

static const struct test tests[] = {
    NAMED(a_queue_is_made_whole_or_not_at_all),
    NAMED(an_open_that_fails_leaves_no_trace),
    NAMED(what_is_told_is_true_or_an_error),
    NAMED(a_removal_is_done_or_can_be_done_again),
    NAMED(a_producer_takes_the_place_or_leaves_it_free),
    NAMED(a_consumer_joins_or_leaves_no_group),
    NAMED(a_wait_ends_with_its_message_or_its_deadline),
};

int main(int argc, char **argv) {
  int used = 1;
  for (; used < argc && strncmp(argv[used], "--", 2) == 0; used++)
    if (strcmp(argv[used], "--allocations") == 0)
      tier.allocations = 1;
    else if (strcmp(argv[used], "--stride") == 0 && used + 1 < argc)
      tier.stride = (unsigned)atoi(argv[++used]);
  argv[used - 1] = argv[0];
  return RUN_TESTS(argc - used + 1, argv + used - 1, 300);
}
