/* SPDX-License-Identifier: MIT */
/* heap_preload.c - loaded into rilld before libc: of its allocations from the beginning of main()
 * on, the n-th fails, and that number after it (FAULT_ALLOCATIONS=N,MANY). It says so on standard
 * error, from which the test knows that the failure was reached. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#pragma GCC visibility push(default)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_uint calls;
static unsigned first, many;
static atomic_int begun;

static int fails(void) {
  static const char text[] = "an allocation failed\n";
  if (!atomic_load(&begun))
    return 0;
  const unsigned call = atomic_fetch_add(&calls, 1) + 1;
  if (call < first || call >= first + many)
    return 0;
  if (call == first && write(STDERR_FILENO, text, sizeof text - 1) < 0)
    return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) {
  return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  return fails() ? NULL : __libc_realloc(old, size);
}

/* main() begins by ignoring SIGPIPE. */
sighandler_t signal(int number, sighandler_t handler) {
  struct sigaction action = {.sa_flags = SA_RESTART}, before;
  const char *wish = getenv("FAULT_ALLOCATIONS");
  action.sa_handler = handler;
  if (wish && sscanf(wish, "%u,%u", &first, &many) == 2)
    atomic_store(&begun, 1);
  return sigaction(number, &action, &before) == 0 ? before.sa_handler : SIG_ERR;
}

#pragma GCC visibility pop
