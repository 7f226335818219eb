/* SPDX-License-Identifier: MIT */
/* lease.c - leases as open-file-description locks. See lease.h; keeps promise 3. */
#include "lease.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

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
  const int code = lock(fd, F_OFD_SETLK, exclusive ? F_WRLCK : F_RDLCK, byte, length, &range);
  return code == -EACCES ? -EAGAIN : code;
}

int rilli_lock_drop(int fd, int64_t byte, int64_t length) {
  struct flock range;
  return lock(fd, F_OFD_SETLK, F_UNLCK, byte, length, &range);
}

int rilli_lock_held(int fd, int64_t byte, int64_t length) {
  struct flock range;
  const int code = lock(fd, F_OFD_GETLK, F_WRLCK, byte, length, &range);
  return code ? code : range.l_type != F_UNLCK;
}

int rilli_lease_bind(void *mapping, size_t size) {
  if (madvise(mapping, size, MADV_DONTFORK) == 0)
    return 0;
  return rilli_fail(errno, "cannot keep a lease from forked children: %s", rilli_words(errno));
}
