/* SPDX-License-Identifier: MIT */
/* changes.c - copies of all files of a namespace, compared with the files of now.
 *
 * A file that was removed is still compared: a process that has it mapped sees it. */
#include "changes.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

#define FILES 32
#define PIECE 4096u

struct file {
  int fd;
  ino_t inode;
  size_t size;
  const char *now;
  char *before;        /* mapped, too, so that the heap, which victims inherit, does not change */
  unsigned char *held; /* pieces that have memory; the others are holes, and zero          */
};

static struct file files[FILES];
static unsigned used;
static uint64_t names; /* a sum over all names and their inodes */

static uint64_t hash(const char *name, uint64_t sum) {
  for (; *name; name++)
    sum = (sum ^ (unsigned char)*name) * 0x100000001b3u;
  return sum;
}

static void *memory(size_t size) {
  void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(map != MAP_FAILED);
  return map;
}

static size_t pieces(const struct file *file) {
  return (file->size + PIECE - 1) / PIECE;
}

static void forget(struct file *file) {
  if (file->size) {
    (void)munmap((void *)(uintptr_t)file->now, file->size);
    (void)munmap(file->before, file->size);
    (void)munmap(file->held, pieces(file));
    (void)close(file->fd);
  }
  memset(file, 0, sizeof *file);
}

static struct file *find(ino_t inode) {
  for (unsigned i = 0; i < used; i++)
    if (files[i].inode == inode)
      return &files[i];
  CHECK(used < FILES);
  files[used] = (struct file){.inode = inode};
  return &files[used++];
}

/* Each time: memory that is reserved counts as a hole until it is touched. */
static void find_pieces(struct file *file) {
  memset(file->held, 0, pieces(file));
  for (off_t from = 0, to; (from = lseek(file->fd, from, SEEK_DATA)) >= 0; from = to) {
    to = lseek(file->fd, from, SEEK_HOLE);
    CHECK(to > from);
    for (size_t i = (size_t)from / PIECE; i < ((size_t)to + PIECE - 1) / PIECE; i++)
      file->held[i] = 1;
  }
}

/* Returns 1 if it has changed; takes the change over. */
static unsigned compare(struct file *file) {
  unsigned changed = 0;
  if (file->size == 0)
    return 0;
  find_pieces(file);
  for (size_t i = 0, left = file->size; left; i++) {
    const size_t from = i * PIECE, size = left < PIECE ? left : PIECE;
    left -= size;
    if (!file->held[i] || memcmp(file->now + from, file->before + from, size) == 0)
      continue;
    memcpy(file->before + from, file->now + from, size);
    changed = 1;
  }
  return changed;
}

/* Takes a file in, or its new size. */
static void look_at(int dir, const char *name, const struct stat *status) {
  struct file *file = find(status->st_ino);
  const size_t size = (size_t)status->st_size;
  if (file->size == size)
    return;
  forget(file);
  file->inode = status->st_ino;
  file->fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
  if (file->fd < 0) /* removed between the two */
    return;
  void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, file->fd, 0);
  CHECK(map != MAP_FAILED);
  file->now = map;
  file->size = size;
  file->before = memory(size);
  file->held = memory(pieces(file));
  (void)compare(file);
}

static uint64_t look_at_directory(void) {
  DIR *entries = opendir(namespace_directory());
  uint64_t sum = 0;
  CHECK(entries);
  for (struct dirent *entry; (entry = readdir(entries));) {
    struct stat status;
    if (fstatat(dirfd(entries), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    sum += hash(entry->d_name, status.st_ino ^ (uint64_t)status.st_mode << 32);
    if (S_ISREG(status.st_mode))
      look_at(dirfd(entries), entry->d_name, &status);
  }
  (void)closedir(entries);
  return sum;
}

void changes_begin(void) {
  names = look_at_directory();
}

unsigned changes_in_words(void) {
  unsigned changed = 0;
  for (unsigned i = 0; i < used; i++)
    changed |= compare(&files[i]);
  return changed;
}

unsigned changes_in_all(void) {
  const unsigned words = changes_in_words();
  const uint64_t last = names;
  names = look_at_directory();
  return words || names != last;
}

void changes_end(void) {
  while (used)
    forget(&files[--used]);
}
