/* SPDX-License-Identifier: MIT */
/* claim.c - one registry a namespace. See claim.h.
 *
 * The lock decides: it is a kernel lock that ends with the process. A socket file alone proves
 * nothing. `rill gc` takes the lock briefly to remove what a dead registry left, so a taken
 * lock is tried again a few times. */
#include "claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "name.h"
#include "protocol.h"
#include "registry_lock.h"

#define TRIES 20
#define BACKLOG 1024

static int take_lock(int dir) {
  static const struct timespec span = {.tv_nsec = 10000000};
  int lock = rilli_registry_claim(dir, 1);
  for (int tries = 1; lock == -EAGAIN && tries < TRIES; tries++) {
    (void)nanosleep(&span, NULL);
    lock = rilli_registry_claim(dir, 1);
  }
  if (lock == -EAGAIN)
    return rilli_fail(EBUSY, "another registry serves this namespace already");
  return lock < 0 ? rilli_fail_in(-lock, "cannot lock the namespace") : lock;
}

/* Called under the lock, so a socket that is there already was left by a dead registry. */
static int listen_there(int dir) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/" RILLI_SOCKET_FILE,
                 dir);
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return rilli_fail(errno, "cannot make a socket: %s", rilli_words(errno));
  (void)unlinkat(dir, RILLI_SOCKET_FILE, 0);
  /* Every process that reaches the directory may connect; its user decides what it may do. */
  if (bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
      fchmodat(dir, RILLI_SOCKET_FILE, 0666, 0) == 0 && listen(fd, BACKLOG) == 0)
    return fd;
  const int code =
      rilli_fail(errno, "cannot listen on %s: %s", RILLI_SOCKET_FILE, rilli_words(errno));
  (void)close(fd);
  return code;
}

int claim_take(int dir, int given, struct claim *ret) {
  *ret = (struct claim){.lock = take_lock(dir), .listener = given, .given = given >= 0};
  if (ret->lock < 0)
    return ret->lock;
  if (!ret->given)
    ret->listener = listen_there(dir);
  if (ret->listener >= 0)
    return 0;
  const int code = ret->listener;
  claim_release(dir, ret);
  return code;
}

void claim_release(int dir, struct claim *claim) {
  if (!claim->given && claim->listener >= 0)
    (void)unlinkat(dir, RILLI_SOCKET_FILE, 0);
  if (claim->listener >= 0)
    (void)close(claim->listener);
  (void)unlinkat(dir, RILLI_LOCK_FILE, 0);
  /* Last: a process that waits for it finds another file, and tries again. */
  (void)close(claim->lock);
}

static int value_of(const char *variable) {
  const char *text = getenv(variable);
  return text ? atoi(text) : 0;
}

int claim_given(void) {
  enum { FIRST = 3 };
  if (value_of("LISTEN_PID") != getpid() || value_of("LISTEN_FDS") < 1)
    return -1;
  int type = 0, listens = 0;
  struct sockaddr_storage address;
  socklen_t size = sizeof type, listens_size = sizeof listens, address_size = sizeof address;
  if (value_of("LISTEN_FDS") > 1 || getsockopt(FIRST, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      type != SOCK_SEQPACKET ||
      getsockopt(FIRST, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) != 0 || !listens ||
      getsockname(FIRST, (struct sockaddr *)&address, &address_size) != 0 ||
      address.ss_family != AF_UNIX || fcntl(FIRST, F_SETFD, FD_CLOEXEC) != 0 ||
      fcntl(FIRST, F_SETFL, O_NONBLOCK) != 0)
    return rilli_fail(EINVAL, "LISTEN_FDS does not pass one listening SOCK_SEQPACKET Unix socket");
  return FIRST;
}
