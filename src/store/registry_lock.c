/* SPDX-License-Identifier: MIT */
/* registry_lock.c - the lock of the namespace's registry. See registry_lock.h. */
#include "registry_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "error.h"
#include "lease.h"
#include "name.h"

int rilli_registry_claim(int dir, int create) {
  for (;;) {
    struct rilli_file file;
    if (create) {
      const int made = openat(dir, RILLI_LOCK_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      if (made < 0 && errno != EEXIST) /* the directory itself may be gone */
        return rilli_fail(errno, "cannot make '%s': %s", RILLI_LOCK_FILE, rilli_words(errno));
      if (made >= 0)
        (void)close(made);
    }
    int code = rilli_segment_open(dir, RILLI_LOCK_FILE, 1, &file);
    if (code == -ENOENT && create)
      continue; /* it was removed just now */
    if (code)
      return code;
    code = rilli_lock_try(file.fd, RILLI_LOCK_CREATE, 1, 1);
    const int same = code ? code : rilli_segment_same(dir, RILLI_LOCK_FILE, &file);
    if (same > 0)
      return file.fd;
    (void)close(file.fd);
    if (same < 0)
      return same;
  }
}

void rilli_registry_unclaim(int lock) {
  (void)rilli_lock_drop(lock, RILLI_LOCK_CREATE, 1);
  (void)close(lock);
}
