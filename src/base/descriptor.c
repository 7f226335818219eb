/* SPDX-License-Identifier: MIT */
/* descriptor.c - descriptors above the standard streams. See descriptor.h. */
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
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
