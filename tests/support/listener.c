/* SPDX-License-Identifier: MIT */
/* listener.c - seccomp user notifications. See listener.h and seccomp_unotify(2). */
#include "listener.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

/* Linux 6.6: the one that answers and the one that is answered share a CPU. */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1u
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t)
#endif

#define LET(name)                                                                                  \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),                                           \
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int listener_install(void) {
  static struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      LET(rt_sigreturn), /* these end or go back, and cannot fail                          */
      LET(exit),
      LET(exit_group),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
  };
  const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -errno;
  const long listener =
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  return listener < 0 ? -errno : (int)listener;
}

static void keep_on_one_cpu(int listener) {
  (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

int listener_of(pid_t pid, const _Atomic uint64_t *number) {
  while (atomic_load(number) == 0) {
    fail_if_dead();
    breathe();
  }
  const int there = (int)(int64_t)atomic_load(number);
  CHECK_THAT(there > 0, "no seccomp listener: %s", strerror(-there));
  const int process = (int)syscall(SYS_pidfd_open, pid, 0);
  CHECK_THAT(process >= 0, "pidfd_open: %s", strerror(errno));
  const int listener = (int)syscall(SYS_pidfd_getfd, process, there, 0);
  CHECK_THAT(listener >= 0, "pidfd_getfd: %s", strerror(errno));
  (void)close(process);
  keep_on_one_cpu(listener);
  return listener;
}

int listener_next(int listener, int timeout, struct call *ret) {
  struct seccomp_notif notice;
  for (;;) {
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    const int n = poll(&ready, 1, timeout);
    if (n == 0)
      return 0;
    if (n > 0 && !(ready.revents & POLLIN))
      return -1;
    memset(&notice, 0, sizeof notice);
    if (n > 0 && ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) == 0)
      break;
    CHECK_THAT(errno == EINTR || errno == ENOENT, "seccomp listener: %s", strerror(errno));
  }
  ret->id = notice.id;
  ret->thread = (pid_t)notice.pid;
  ret->number = notice.data.nr;
  for (int i = 0; i < 6; i++)
    ret->arguments[i] = notice.data.args[i];
  return 1;
}

/* Its caller may have been killed, or run a signal's handler, meanwhile. */
static void answer(int listener, const struct call *call, int error, int64_t value,
                   uint32_t flags) {
  struct seccomp_notif_resp response = {
      .id = call->id, .val = value, .error = -error, .flags = flags};
  while (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response) != 0)
    if (errno != EINTR) {
      CHECK_THAT(errno == ENOENT, "cannot answer a system call: %s", strerror(errno));
      return;
    }
}

void call_let(int listener, const struct call *call) {
  answer(listener, call, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

void call_fail(int listener, const struct call *call, int error) {
  answer(listener, call, error, 0, 0);
}

void call_skip(int listener, const struct call *call, int64_t value) {
  answer(listener, call, 0, value, 0);
}
