/* SPDX-License-Identifier: MIT */
/* each.c - each call of a program failed in turn. See each.h. */
#include "each.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>

unsigned stride = 1;

/* What rilld reads (signals, events, counters) has no medium that could fail. When a file is not
 * there, or may not be opened, rilld accepts that until something about the file changes. */
static int can_be(const struct kind *kind, int error) {
  switch (kind->number) {
  case SYS_read:
    return error != EIO;
  case SYS_openat:
  case SYS_mmap:
    return error != ENOENT && error != EACCES && error != EPERM;
  default:
    return 1;
  }
}

void fail_each(const char *name, trial *try, const void *arg) {
  static const struct kind *kinds[RECORDED];
  at("%s: unharmed", name);
  try(NULL, arg);
  const unsigned calls = supervisor_recorded(kinds);
  unsigned turn = 0, tries = 0;
  for (unsigned n = 0; n < calls; n++)
    for (unsigned i = 0; i < ERRORS_MOST && kinds[n]->errors[i]; i++)
      for (int for_ever = 0; for_ever < 2; for_ever++) {
        if (turn++ % stride || !can_be(kinds[n], kinds[n]->errors[i]))
          continue;
        const struct plan plan = {n + 1, kinds[n], kinds[n]->errors[i], for_ever};
        at("%s: %s (call %u) fails with %s%s", name, kinds[n]->name, n + 1,
           strerrorname_np(plan.error), for_ever ? ", and all of its kind behind it" : "");
        try(&plan, arg);
        tries++;
      }
  (void)printf("  %-28s %3u calls, %5u tries\n", name, calls, tries);
  (void)fflush(stdout);
}

int run_in_strides(const struct test *tests, size_t n, int argc, char **argv) {
  const unsigned wish = take_option(&argc, &argv, "--stride");
  stride = wish ? wish : 1;
  return run_all_tests(tests, n, argc, argv, 300);
}
