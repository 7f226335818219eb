/* SPDX-License-Identifier: MIT */
/* errors.c - the table of system calls and their errors. See errors.h. A sandbox may forbid any
 * call; EPERM and ENOSYS are listed for calls that common sandboxes forbid. */
#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#define KIND(call, ...)                                                                            \
  {                                                                                                \
#call, SYS_##call, {                                                                           \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }

static const struct kind kinds[] = {
    KIND(openat, EMFILE, ENFILE, ENOMEM, EACCES, ENOENT, EINTR),
    KIND(mmap, ENOMEM, EAGAIN, EPERM),
    KIND(ftruncate, ENOSPC, EIO, EINTR),
    KIND(fallocate, ENOSPC, EINTR, EIO, EOPNOTSUPP),
    KIND(pwrite64, ENOSPC, EIO),
    KIND(fcntl, EAGAIN, ENOLCK, EINTR),
    KIND(futex, EINTR, EAGAIN, ENOSYS, EINVAL),
    KIND(futex_waitv, EINTR, EAGAIN, ENOSYS, EINVAL),
    KIND(membarrier, ENOSYS, EPERM),
    KIND(madvise, ENOMEM, EAGAIN),
    KIND(mbind, ENOMEM, EPERM, EIO, ENOSYS),
    KIND(get_mempolicy, ENOSYS, EPERM),
    KIND(move_pages, ENOSYS, ENOMEM, EPERM),
    KIND(mlock, ENOMEM, EPERM, EAGAIN),
    KIND(mincore, EAGAIN, ENOMEM),
    KIND(getrandom, EINTR, ENOSYS, EAGAIN),
    KIND(linkat, ENOSPC, EPERM, EACCES),
    KIND(renameat2, EINVAL, ENOSYS, ENOSPC, EIO, ENOMEM, EACCES),
    KIND(unlinkat, EACCES, EPERM, EIO, ENOMEM),
    KIND(fstat, ENOMEM, EIO),
    KIND(newfstatat, ENOMEM, EIO, EACCES),
    KIND(statx, ENOMEM, EIO, EACCES),
    KIND(fstatfs, EIO, ENOMEM),
    KIND(mkdirat, EACCES, ENOSPC, ENOMEM),
    KIND(fchmod, EPERM, EIO),
    KIND(fchmodat, EPERM, EIO),
    KIND(fchown, EPERM, EIO),
    KIND(pread64, EIO, EINTR, ENOMEM),
    KIND(getdents64, EIO, ENOMEM),
    KIND(faccessat, EACCES, EIO, ENOMEM),
    KIND(faccessat2, EACCES, EIO, ENOSYS),
    KIND(prlimit64, EPERM),
    KIND(nanosleep, EINTR),
    KIND(clock_nanosleep, EINTR),
    KIND(socket, EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES),
    KIND(connect, ECONNREFUSED, EAGAIN, EINTR, ENOENT, EACCES, ENOMEM),
    KIND(bind, EADDRINUSE, EACCES, ENOSPC, ENOMEM),
    KIND(listen, EADDRINUSE, ENOMEM),
    KIND(accept4, EMFILE, ENFILE, ENOMEM, ECONNABORTED, EINTR, EPERM),
    KIND(getsockopt, ENOPROTOOPT, ENOBUFS),
    KIND(getsockname, ENOBUFS),
    KIND(sendto, EAGAIN, ENOBUFS, EPIPE, ECONNRESET, EINTR, ENOMEM),
    KIND(recvfrom, EAGAIN, ECONNRESET, EINTR, ENOMEM),
    KIND(read, EINTR, EAGAIN, EIO),
    KIND(write, EIO, ENOSPC, EPIPE, EINTR),
    KIND(epoll_create1, EMFILE, ENFILE, ENOMEM),
    KIND(epoll_ctl, ENOMEM, ENOSPC),
#ifdef SYS_poll
    KIND(poll, EINTR, ENOMEM),
#endif
#ifdef SYS_epoll_wait
    KIND(epoll_wait, EINTR),
#endif
    KIND(epoll_pwait, EINTR),
    KIND(eventfd2, EMFILE, ENFILE, ENOMEM),
    KIND(signalfd4, EMFILE, ENFILE, ENOMEM),
    KIND(inotify_init1, EMFILE, ENFILE, ENOMEM),
    KIND(inotify_add_watch, ENOSPC, ENOMEM),
    KIND(pidfd_open, EMFILE, ENFILE, ENOSYS),
    KIND(clone, EAGAIN, ENOMEM),
    KIND(clone3, EAGAIN, ENOMEM, ENOSYS),
    KIND(pipe2, EMFILE, ENFILE),
    KIND(chdir, EACCES),
#ifdef SYS_open
    KIND(open, EMFILE, ENFILE, ENOMEM, EACCES, ENOENT),
    KIND(mkdir, EACCES, ENOSPC, ENOMEM),
    KIND(access, EACCES, EIO),
#endif
};

static const struct kind descriptor_again = {"fcntl(F_DUPFD)", SYS_fcntl, {EMFILE, ENOMEM}};
static const struct kind lock_holder = {"fcntl(F_OFD_GETLK)", SYS_fcntl, {ENOLCK, EPERM}};
/* Advice that kernels do not know, or do not follow. */
static const struct kind advice = {"madvise", SYS_madvise, {EINVAL, ENOMEM, EAGAIN, EFAULT}};
/* By a descriptor. */
static const struct kind stat_open = {"fstat", SYS_newfstatat, {ENOMEM, EIO}};

/* Only calls that lock or make a descriptor; an unlock uses the record of the lock. */
static const struct kind *kind_of_fcntl(const struct call *call, const struct kind *locks) {
  switch (call->arguments[1]) {
  case F_OFD_SETLK:
    return locks;
  case F_OFD_GETLK:
    return &lock_holder;
  case F_DUPFD_CLOEXEC:
    return &descriptor_again;
  default:
    return NULL;
  }
}

const struct kind *kind_of(const struct call *call) {
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const struct kind *kind = &kinds[i];
    if (kind->number != call->number)
      continue;
    if (call->number == SYS_fcntl)
      return kind_of_fcntl(call, kind);
    if (call->number == SYS_madvise && call->arguments[2] >= MADV_POPULATE_READ)
      return &advice;
    if (call->number == SYS_newfstatat && (call->arguments[3] & AT_EMPTY_PATH))
      return &stat_open;
    if (call->number == SYS_futex && !call_is_a_sleep(call))
      return NULL; /* a wake fails only without the word; others are libc's and liburcu's own */
    if (call->number == SYS_membarrier && call->arguments[0] != MEMBARRIER_CMD_GLOBAL_EXPEDITED &&
        call->arguments[0] != MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED)
      return NULL; /* liburcu's */
    if (call->number == SYS_write && call->arguments[0] != STDERR_FILENO &&
        call->arguments[0] != STDOUT_FILENO)
      return NULL; /* to an eventfd: it counts */
    if (call->number == SYS_epoll_ctl && call->arguments[1] != EPOLL_CTL_ADD)
      return NULL; /* allocates nothing */
    return kind;
  }
  return NULL;
}

#define IN_A_ROW 5u /* failures of what passes by itself, instead of "for ever"           */

/* A ready descriptor does not stay "not ready" for ever, and no kernel interrupts for ever. */
static int is_of_the_moment(const struct plan *plan) {
  return plan->error == EINTR || (plan->error == EAGAIN && (plan->kind->number == SYS_read ||
                                                            plan->kind->number == SYS_recvfrom));
}

int plan_hits(const struct plan *plan, const struct kind *kind, unsigned n, unsigned failed) {
  if (!plan->at || n < plan->at)
    return 0;
  if (plan->error == 0)
    return !failed;
  if (kind != plan->kind || (failed && !plan->for_ever))
    return 0;
  return !is_of_the_moment(plan) || failed < IN_A_ROW;
}

const char *kind_name(const struct kind *kind) {
  return kind ? kind->name : "a call";
}

int call_is_a_nap(const struct call *call) {
  return call->number == SYS_clock_nanosleep || call->number == SYS_nanosleep;
}

int call_is_a_sleep(const struct call *call) {
  const uint64_t operation = call->arguments[1] & (FUTEX_PRIVATE_FLAG | 127u);
  return call->number == SYS_futex_waitv ||
         (call->number == SYS_futex && operation == FUTEX_WAIT_BITSET);
}
