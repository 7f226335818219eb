/* SPDX-License-Identifier: MIT */
/* guard.c - a user with write access to a queue can truncate its file, and an access beyond the
 * new end raises SIGBUS. The registry serves all queues, so SIGBUS must not end it: the page is
 * replaced by a page of zeros, and what is read is checked like any other bytes. */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server.h"

static uintptr_t page_size;

static void replace_page(int number, siginfo_t *info, void *context) {
  (void)context;
  const uintptr_t at = (uintptr_t)info->si_addr & ~(page_size - 1);
  if (info->si_code == BUS_ADRERR &&
      mmap((void *)at, page_size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS,
           -1, 0) != MAP_FAILED)
    return;
  (void)signal(number, SIG_DFL); /* a real fault: it comes again, and ends the process */
}

void guard_install(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = replace_page;
  action.sa_flags = SA_SIGINFO;
  page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  (void)sigaction(SIGBUS, &action, NULL);
}
