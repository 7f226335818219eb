/* SPDX-License-Identifier: MIT */
/* descriptor.c - descriptors above the standard streams. See descriptor.h. */
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

int rilli_above_streams(int fd) {
  if (fd < 0)
    return -errno;
  if (fd > STDERR_FILENO)
    return fd;
  const int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int code = above < 0 ? -errno : above;
  (void)close(fd);
  return code;
}

int rilli_file_id_of(int fd, struct rilli_file_id *ret) {
  struct stat status;
  if (fstat(fd, &status) != 0)
    return -errno;
  *ret = (struct rilli_file_id){status.st_dev, status.st_ino};
  return 0;
}

int rilli_is_still(int fd, const struct rilli_file_id *id) {
  struct rilli_file_id now;
  if (fd < 0)
    return 0;
  const int code = rilli_file_id_of(fd, &now);
  return code ? code != -EBADF : now.device == id->device && now.inode == id->inode;
}

void rilli_close_still(int *fd, const struct rilli_file_id *id) {
  if (rilli_is_still(*fd, id))
    (void)close(*fd);
  *fd = -1;
}
