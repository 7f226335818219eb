/* SPDX-License-Identifier: MIT */
/* lease.c - leases as open-file-description locks. See lease.h; keeps promise 3. */
#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"

static int lock(int fd, int command, short type, int64_t byte, int64_t length, struct flock *ret) {
  *ret = (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = length};
  int result;
  do
    result = fcntl(fd, command, ret);
  while (result != 0 && errno == EINTR);
  return result == 0 ? 0 : -errno;
}

int rilli_lock_try(int fd, int64_t byte, int64_t length, int exclusive) {
  struct flock range;
  /* E10, the kernel: pairs with rilli_unmap() in segment.c */
  const int code = lock(fd, F_OFD_SETLK, exclusive ? F_WRLCK : F_RDLCK, byte, length, &range);
  return code == -EACCES ? -EAGAIN : code;
}

int rilli_lock_drop(int fd, int64_t byte, int64_t length) {
  struct flock range;
  return lock(fd, F_OFD_SETLK, F_UNLCK, byte, length, &range);
}

int rilli_lock_held(int fd, int64_t byte, int64_t length) {
  struct flock range;
  /* E10, the kernel: pairs with rilli_unmap() in segment.c */
  const int code = lock(fd, F_OFD_GETLK, F_WRLCK, byte, length, &range);
  return code ? code : range.l_type != F_UNLCK;
}

int rilli_keep_from_children(const struct rilli_mapping *mapping) {
  if (madvise(mapping->base, mapping->size, MADV_DONTFORK) == 0)
    return 0;
  const int code = errno == EAGAIN ? ENOMEM : errno; /* EAGAIN would mean "try again" to callers */
  return rilli_fail(code, "cannot keep a mapping from forked children: %s", rilli_words(errno));
}

/* --- no open file description is inherited by a child --------------------------------- */

#define MOST_NOTED 256

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int noted[MOST_NOTED]; /* descriptor + 1; 0: free                            */

static void before_fork(void) {
  (void)pthread_mutex_lock(&guard);
}

static void in_parent(void) {
  (void)pthread_mutex_unlock(&guard);
}

static void in_child(void) {
  for (int i = 0; i < MOST_NOTED; i++)
    if (noted[i]) {
      (void)close(noted[i] - 1);
      noted[i] = 0;
    }
  (void)pthread_mutex_unlock(&guard);
}

static void watch_forks(void) {
  (void)pthread_atfork(before_fork, in_parent, in_child);
}

void rilli_hold_forks(void) {
  (void)pthread_once(&once, watch_forks);
  (void)pthread_mutex_lock(&guard);
}

void rilli_let_forks(void) {
  (void)pthread_mutex_unlock(&guard);
}

int rilli_lease_note(int fd) {
  for (int i = 0; i < MOST_NOTED; i++)
    if (!noted[i]) {
      noted[i] = fd + 1;
      return 0;
    }
  return rilli_fail(EMFILE, "more than %d leases are being taken at the same time", MOST_NOTED);
}

int rilli_lease_open(int dir, const char *name, struct rilli_file *ret) {
  rilli_hold_forks();
  int code = rilli_segment_open(dir, name, 1, ret);
  if (code == 0) {
    code = rilli_lease_note(ret->fd);
    if (code)
      (void)close(ret->fd);
  }
  rilli_let_forks();
  return code;
}

void rilli_lease_close(int fd) {
  rilli_hold_forks();
  for (int i = 0; i < MOST_NOTED; i++)
    if (noted[i] == fd + 1)
      noted[i] = 0;
  (void)close(fd);
  rilli_let_forks();
}

int rilli_lease_map(int fd, uint64_t offset, size_t size, int writable, struct rilli_mapping *ret) {
  rilli_hold_forks(); /* no fork between mapping and madvise */
  int code = rilli_map(fd, offset, size, writable, ret);
  if (code == 0)
    code = rilli_keep_from_children(ret);
  if (code)
    rilli_unmap(ret);
  rilli_let_forks();
  return code;
}
