/* SPDX-License-Identifier: MIT */
/* segment.c - files of shared memory: make, open safely, map. See segment.h.
 *
 * A file appears complete: made under a random name (O_EXCL), renamed when it is done.
 * Owner and mode are checked before anything in it is trusted. */
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "descriptor.h"
#include "error.h"
#include "layout.h"
#include "lease.h"

static int check_directory(int fd, const char *path, int by_default) {
  struct stat status;
  if (fstat(fd, &status) != 0)
    return rilli_fail(errno, "cannot look at directory '%s': %s", path, rilli_words(errno));
  if (!S_ISDIR(status.st_mode))
    return rilli_fail(ENOTDIR, "'%s' is not a directory: remove it, or set RILL_NAMESPACE", path);
  if ((status.st_mode & S_IWOTH) && !(status.st_mode & S_ISVTX))
    return rilli_fail(EPERM,
                      "directory '%s' may be written by all users, so queues in it cannot be "
                      "trusted: chmod o-w it, or use another RILL_NAMESPACE",
                      path);
  if (by_default && status.st_uid != geteuid() && status.st_uid != 0)
    return rilli_fail(EPERM,
                      "directory '%s' belongs to user %u, who could plant queues in it: have it "
                      "removed, or choose a RILL_NAMESPACE",
                      path, (unsigned)status.st_uid);
  return 0;
}

int rilli_directory_open(const char *directory, const char *name_space, int by_default) {
  char path[4096];
  const int length = snprintf(path, sizeof path, "%s/rill.%s", directory, name_space);
  if (length < 0 || (size_t)length >= sizeof path)
    return rilli_fail(ENAMETOOLONG, "the directory name '%.64s...' is too long", directory);
  if (mkdir(path, 0755) != 0 && errno != EEXIST) {
    const int code = errno;
    return rilli_fail(code,
                      "cannot make directory '%s': %s; set RILL_DIR to a tmpfs that you may write",
                      path, rilli_words(code));
  }
  const int fd = rilli_above_streams(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd < 0)
    return rilli_fail(-fd, "cannot open directory '%s': %s", path, rilli_words(-fd));
  const int bad = check_directory(fd, path, by_default);
  if (bad) {
    (void)close(fd);
    return bad;
  }
  return fd;
}

int rilli_directory_list(int dir, DIR **ret) {
  const int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  *ret = copy < 0 ? NULL : fdopendir(copy);
  if (*ret)
    return 0;
  const int code = errno;
  if (copy >= 0)
    (void)close(copy);
  return rilli_fail(code, "cannot list the namespace: %s", rilli_words(code));
}

int rilli_directory_next(DIR *entries, const char **ret_name) {
  errno = 0;
  const struct dirent *entry = readdir(entries);
  if (entry) {
    *ret_name = entry->d_name;
    return 1;
  }
  return errno ? rilli_fail(errno, "cannot list the namespace: %s", rilli_words(errno)) : 0;
}

int rilli_random(uint8_t ret[16]) {
  ssize_t got;
  do
    got = getrandom(ret, 16, 0);
  while (got < 0 && errno == EINTR);
  if (got != 16)
    return rilli_fail(EIO, "cannot get random bytes from the kernel: %s", rilli_words(errno));
  return 0;
}

void rilli_hex(const uint8_t bytes[16], char ret[33]) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < 16; i++) {
    ret[2 * i] = digits[bytes[i] >> 4];
    ret[2 * i + 1] = digits[bytes[i] & 15];
  }
  ret[32] = 0;
}

static void describe(struct rilli_file *file, const struct stat *status) {
  file->size = (uint64_t)status->st_size;
  file->inode = (uint64_t)status->st_ino;
  file->device = (uint64_t)status->st_dev;
  file->mode = (uint32_t)status->st_mode & 07777u;
  file->uid = (uint32_t)status->st_uid;
  file->gid = (uint32_t)status->st_gid;
}

static int give(int fd, const struct rilli_access *access) {
  const uid_t uid = access->uid ? (uid_t)access->uid : (uid_t)-1;
  const gid_t gid = access->gid ? (gid_t)access->gid : (gid_t)-1;
  if ((access->uid || access->gid) && fchown(fd, uid, gid) != 0)
    return -1;
  return fchmod(fd, (mode_t)access->mode);
}

/* PROTOCOL M1 */
int rilli_segment_make(int dir, const char *prefix, uint64_t size,
                       const struct rilli_access *access, char *ret_name, struct rilli_file *ret) {
  uint8_t random[16];
  char hex[33];
  int code = rilli_random(random);
  if (code)
    return code;
  rilli_hex(random, hex);
  (void)snprintf(ret_name, 64, "%s%s", prefix, hex);
  const int fd = openat(dir, ret_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    code = errno;
    return rilli_fail(code, "cannot make a file for the queue: %s", rilli_words(code));
  }
  struct stat status;
  code = rilli_lock_try(fd, RILLI_LOCK_CREATE, 1, 1);
  if (code == 0 &&
      (give(fd, access) != 0 || ftruncate(fd, (off_t)size) != 0 || fstat(fd, &status) != 0))
    code = -errno;
  /* Before the lock, gc took it for the file of a dead creator. */
  if (code == 0 && status.st_nlink == 0)
    code = -EAGAIN;
  if (code) {
    (void)unlinkat(dir, ret_name, 0);
    (void)close(fd);
    return rilli_fail(-code, "cannot prepare a file of %" PRIu64 " bytes for the queue: %s", size,
                      rilli_words(-code));
  }
  ret->fd = fd;
  describe(ret, &status);
  return 0;
}

int rilli_segment_reserve(int fd, uint64_t offset, uint64_t size) {
  int code;
  do
    code = posix_fallocate(fd, (off_t)offset, (off_t)size);
  while (code == EINTR);
  if (code == 0)
    return 0;
  struct statvfs fs;
  uint64_t left = 0;
  if (fstatvfs(fd, &fs) == 0)
    left = (uint64_t)fs.f_bavail * (uint64_t)fs.f_frsize;
  return rilli_fail(
      code,
      "cannot reserve %" PRIu64 " bytes of shared memory: %s; %" PRIu64
      " bytes are free there: enlarge the file system (mount -o remount,size=...), remove queues "
      "(rill gc, rill rm), or make smaller ones",
      size, rilli_words(code), left);
}

int rilli_segment_name(int dir, const char *made, const char *name) {
  if (renameat2(dir, made, dir, name, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno == EINVAL || errno == ENOSYS) { /* a file system without that flag */
    if (linkat(dir, made, dir, name, 0) == 0) {
      (void)unlinkat(dir, made, 0);
      return 0;
    }
  }
  return -errno;
}

/* If only its owner may write a directory, a file in it is the owner's work. If other users may
 * write it, the file must belong to the directory's owner, to root or to this user. */
static int trusted(const struct stat *file, const struct stat *directory) {
  return !(directory->st_mode & (S_IWGRP | S_IWOTH)) || file->st_uid == geteuid() ||
         file->st_uid == 0 || file->st_uid == directory->st_uid;
}

static int not_regular(const char *name) {
  return rilli_fail(EPROTO, "'%s' is not a regular file, so not a rill segment: rill rm removes it",
                    name);
}

int rilli_segment_open(int dir, const char *name, int writable, struct rilli_file *ret) {
  const int access = writable ? O_RDWR : O_RDONLY;
  const int fd = openat(dir, name, access | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) {
    const int code = errno;
    if (code == ENOENT) /* callers that wait for a queue poll, and -ETIMEDOUT has no text */
      return -ENOENT;
    if (code == ELOOP)
      return rilli_fail(EPROTO, "'%s' is a symbolic link, not a rill segment: rill rm removes it",
                        name);
    if (code == EISDIR || code == ENXIO) /* a directory, a socket */
      return not_regular(name);
    return rilli_fail(code, "cannot open segment '%s': %s", name, rilli_words(code));
  }
  struct stat status, parent;
  int code = 0;
  if (fstat(fd, &status) != 0 || fstat(dir, &parent) != 0)
    code = rilli_fail(errno, "cannot look at segment '%s': %s", name, rilli_words(errno));
  else if (!S_ISREG(status.st_mode))
    code = not_regular(name);
  else if (!trusted(&status, &parent))
    code =
        rilli_fail(EPERM,
                   "segment '%s' belongs to user %u, and more than one user may make files in its "
                   "directory: it cannot be trusted",
                   name, (unsigned)status.st_uid);
  else if (status.st_mode & S_IWOTH)
    code = rilli_fail(EPERM, "segment '%s' may be written by all users: chmod o-w it", name);
  if (code) {
    (void)close(fd);
    return code;
  }
  ret->fd = fd;
  describe(ret, &status);
  return 0;
}

int rilli_segment_same(int dir, const char *name, const struct rilli_file *file) {
  struct stat status;
  if (fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? 0
                           : rilli_fail(errno, "cannot look at '%s': %s", name, rilli_words(errno));
  return (uint64_t)status.st_ino == file->inode && (uint64_t)status.st_dev == file->device;
}

/* Here EAGAIN means that too much memory is locked; to the callers it would mean "try again". */
static int map_failed(size_t size) {
  const int code = errno == EAGAIN ? ENOMEM : errno;
  const char *remedy = code == ENOMEM
                           ? "; a process has limits on its mappings (vm.max_map_count), its "
                             "address space (ulimit -v) and its locked memory (ulimit -l)"
                           : "";
  return rilli_fail(code, "cannot map %zu bytes of a segment: %s%s", size, rilli_words(code),
                    remedy);
}

int rilli_map(int fd, uint64_t offset, size_t size, int writable, struct rilli_mapping *ret) {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void *base = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)offset);
  if (base == MAP_FAILED)
    return map_failed(size);
  ret->base = base;
  ret->size = size;
  return 0;
}

int rilli_map_nothing(size_t size, struct rilli_mapping *ret) {
  void *base = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED)
    return map_failed(size);
  ret->base = base;
  ret->size = size;
  return 0;
}

/* Address space for `size` bytes, at a multiple of `align`; NULL: there is none. */
static uint8_t *reserve_addresses(size_t size, size_t align) {
  const size_t more = align > RILLI_PAGE ? align : 0;
  void *base =
      mmap(NULL, size + more, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED)
    return NULL;
  const size_t before = more ? (align - (uintptr_t)base % align) % align : 0;
  if (before)
    (void)munmap(base, before);
  if (more > before)
    (void)munmap((uint8_t *)base + before + size, more - before);
  return (uint8_t *)base + before;
}

int rilli_map_ring(int fd, uint64_t ring_offset, uint64_t capacity, int writable,
                   struct rilli_mapping *ret) {
  const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  const size_t once = ring_offset + capacity, all = once + capacity;
  const size_t align = ring_offset % RILLI_HUGE_PAGE == 0 ? RILLI_HUGE_PAGE : RILLI_PAGE;
  uint8_t *base = reserve_addresses(all, align);
  if (!base)
    return map_failed(all);
  void *second = base + once;
  if (mmap(base, once, protection, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
      mmap(second, capacity, protection, MAP_SHARED | MAP_FIXED, fd, (off_t)ring_offset) ==
          MAP_FAILED) {
    const int code = map_failed(all);
    (void)munmap(base, all);
    return code;
  }
  ret->base = base;
  ret->size = all;
  return 0;
}

void rilli_unmap(struct rilli_mapping *mapping) {
  /* E10, the kernel: pairs with rilli_lock_try() and rilli_lock_held() in lease.c. A lease ends
   * with its last mapping, here or with the process, behind all stores to it. */
  if (mapping->base)
    (void)munmap(mapping->base, mapping->size);
  mapping->base = NULL;
  mapping->size = 0;
}
