/* SPDX-License-Identifier: MIT */
/* gc.c - lists a namespace, and gives back what no process uses any more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "gc.h"
#include "lease.h"
#include "pair.h"
#include "reclaim.h"
#include "unlink.h"

/* All file names of the namespace, in a copy: the directory may change meanwhile. */
struct listing {
  char **names;
  size_t count, room;
};

static void free_listing(struct listing *listing) {
  for (size_t i = 0; i < listing->count; i++)
    free(listing->names[i]);
  free(listing->names);
}

static int append(struct listing *listing, const char *name) {
  if (listing->count == listing->room) {
    const size_t room = listing->room ? 2 * listing->room : 64;
    char **names = realloc(listing->names, room * sizeof *names);
    if (!names)
      return rilli_fail(ENOMEM, "no memory to list the queues");
    listing->names = names;
    listing->room = room;
  }
  char *copy = strdup(name);
  if (!copy)
    return rilli_fail(ENOMEM, "no memory to list the queues");
  listing->names[listing->count++] = copy;
  return 0;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_files(int dir, struct listing *ret) {
  memset(ret, 0, sizeof *ret);
  DIR *entries;
  int code = rilli_directory_list(dir, &entries);
  if (code)
    return code;
  for (const char *name; code == 0 && (code = rilli_directory_next(entries, &name)) > 0;)
    code = name[0] != '.' || name[1] ? append(ret, name) : 0;
  (void)closedir(entries);
  if (code)
    free_listing(ret);
  else if (ret->count)
    qsort(ret->names, ret->count, sizeof *ret->names, by_name);
  return code;
}

/* Moves the names of the matching queues to the front, sorted; returns how many there are. */
static size_t keep_queues(struct listing *files, const char *pattern) {
  size_t count = 0;
  for (size_t i = 0; i < files->count; i++) {
    char name[RILLI_NAME_SIZE];
    char *file = files->names[i];
    if (!rilli_name_of_control(file, name) || (pattern && fnmatch(pattern, name, 0) != 0))
      continue;
    memcpy(file, name, strlen(name) + 1); /* shorter than the file's */
    files->names[i] = files->names[count];
    files->names[count++] = file;
  }
  if (count)
    qsort(files->names, count, sizeof *files->names, by_name);
  return count;
}

int rilli_list(int dir, const char *pattern, int (*visit)(const char *name, void *arg), void *arg) {
  struct listing files;
  int code = list_files(dir, &files);
  if (code)
    return code;
  const size_t count = keep_queues(&files, pattern);
  size_t visited = 0;
  while (code == 0 && visited < count)
    code = visit(files.names[visited++], arg);
  free_listing(&files);
  return code ? code : (int)visited;
}

void rilli_found(struct rilli_collection *gc, const char *name, const char *what, uint64_t bytes) {
  const struct rill_gc_item item = {sizeof item, name, what, bytes};
  gc->count++;
  if (gc->report)
    gc->report(&item, gc->arg);
}

static uint64_t bytes_of(int dir, const char *file) {
  struct stat status;
  return fstatat(dir, file, &status, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)status.st_blocks * 512
                                                               : 0;
}

/* Removes the file, if `still` confirms it under its creation lock. */
static int collect_unlocked(struct rilli_collection *gc, int fd, const char *file, const char *what,
                            int (*still)(int dir, const char *file)) {
  int code = rilli_lock_try(fd, RILLI_LOCK_CREATE, 1, 1);
  if (code)
    return code == -EAGAIN ? 0
                           : rilli_fail(-code, "cannot lock '%s': %s", file, rilli_words(-code));
  code = still(gc->dir, file);
  if (code <= 0)
    return code;
  const uint64_t bytes = bytes_of(gc->dir, file);
  if (!gc->dry && unlinkat(gc->dir, file, 0) != 0)
    return errno == ENOENT ? 0
                           : rilli_fail(errno, "cannot remove '%s': %s", file, rilli_words(errno));
  rilli_found(gc, file, what, bytes);
  return 0;
}

/* A file whose creator died (or that never got its name): its creation lock is free. Returns 0,
 * or a negative errno: it could not be checked or removed. PROTOCOL M9, U10 */
static int collect_orphan(struct rilli_collection *gc, const char *file, const char *what,
                          int (*still)(int dir, const char *file)) {
  struct rilli_file open_file;
  int code = still(gc->dir, file);
  if (code <= 0)
    return code;
  code = rilli_lease_open(gc->dir, file, &open_file);
  if (code)
    return code == -ENOENT || code == -EPROTO ? 0 : code; /* gone; no file of ours */
  code = collect_unlocked(gc, open_file.fd, file, what, still);
  rilli_lease_close(open_file.fd);
  return code;
}

static int unnamed(int dir, const char *file) {
  return faccessat(dir, file, F_OK, 0) == 0;
}

/* Is there no control segment with this data segment's uuid? 1, 0, or a negative errno. */
static int is_orphan(int dir, const char *file) {
  char control_name[RILLI_FILE_NAME], uuid[33], hex[33];
  struct rilli_file control;
  struct rilli_control_geometry geometry;
  uint32_t tombstone;
  if (!rilli_name_of_data(file, control_name, uuid))
    return 0;
  const int code = rilli_segment_open(dir, control_name, 0, &control);
  if (code == -EPROTO) /* a link, or not a file: it does not belong to this one */
    return 0;
  if (code)
    return code == -ENOENT ? 1 : code;
  int other = 0;
  if (rilli_control_check(&control, &geometry, &tombstone) == 0) {
    rilli_hex(geometry.uuid, hex);
    other = strcmp(hex, uuid) != 0;
  }
  (void)close(control.fd);
  return other;
}

int rilli_remove_orphans(int dir, const char *control_name) {
  struct listing files;
  struct rilli_collection gc = {.dir = dir};
  int code = list_files(dir, &files);
  if (code)
    return code;
  for (size_t i = 0; code == 0 && i < files.count; i++) {
    char of[RILLI_FILE_NAME], uuid[33];
    if (rilli_name_of_data(files.names[i], of, uuid) && strcmp(of, control_name) == 0)
      code = collect_orphan(&gc, files.names[i], "data segment without its queue", is_orphan);
  }
  free_listing(&files);
  return code ? code : gc.count;
}

int rilli_remove_orphan(int dir, const char *data_name) {
  struct rilli_collection gc = {.dir = dir};
  const int code = collect_orphan(&gc, data_name, "data segment without its queue", is_orphan);
  return code ? code : gc.count;
}

/* The process that removed it stored the tombstone, and died before it removed the files. */
static int is_buried(const struct rilli_file *control) {
  struct rilli_control_geometry geometry;
  uint32_t tombstone = 0;
  return rilli_control_check(control, &geometry, &tombstone) == 0 && tombstone != 0;
}

/* Removes a queue that no process has open, or whose removal is incomplete; dry: returns
 * whether it would. */
static int remove_idle(struct rilli_collection *gc, const char *file,
                       const struct rilli_file *control) {
  const int buried = is_buried(control);
  if (gc->dry)
    return buried || rilli_lock_held(control->fd, RILLI_LEASE_BASE, RILLI_LEASE_RANGE) == 0;
  return rilli_remove(gc->dir, file, control, !buried) == 0;
}

/* Opens the queue of this name, if its control file is still the same. So the queue that was
 * found is removed, and not the next one of its name. */
static int open_this(struct rilli_collection *gc, const char *file, const char *name,
                     const struct rilli_file *control, struct rilli_pair *ret) {
  const int code = rilli_pair_open(gc->dir, name, 1, ret);
  const int same = rilli_segment_same(gc->dir, file, control);
  if (same > 0)
    return code;
  if (code == 0)
    rilli_pair_close(ret);
  return same < 0 ? same : -EAGAIN;
}

/* A transient queue that no process has open, or a queue that lost its data. */
static void collect_queue(struct rilli_collection *gc, const char *file, const char *name) {
  struct rilli_pair pair;
  struct rilli_file control;
  if (rilli_lease_open(gc->dir, file, &control))
    return;
  const int code = open_this(gc, file, name, &control, &pair);
  uint64_t bytes = bytes_of(gc->dir, file);
  if ((code == -EBADMSG || code == -EINPROGRESS) && remove_idle(gc, file, &control))
    rilli_found(gc, name, "damaged or half queue", bytes);
  if (code == 0)
    bytes += bytes_of(gc->dir, pair.data_name);
  const int removed = code == 0 &&
                      (pair.geometry.lifetime == RILL_TRANSIENT || is_buried(&control)) &&
                      remove_idle(gc, file, &control);
  rilli_lease_close(control.fd); /* and its locks: dead members are searched through another one */
  if (code)
    return;
  if (removed)
    rilli_found(gc, name, "queue that no process has open", bytes);
  else
    for (int dead =
             rilli_reclaim_queue(gc->dir, file, &pair.control, &pair.control_geometry, gc->dry);
         dead > 0; dead--)
      rilli_found(gc, name, "dead consumer", 0);
  rilli_pair_close(&pair);
}

/* Every file that is not a queue's control segment. What cannot be checked is left to the next
 * collection. */
static void collect_file(struct rilli_collection *gc, const char *file) {
  if (rilli_name_is_unfinished(file))
    (void)collect_orphan(gc, file, "unfinished file of a dead creator", unnamed);
  else if (file[0] != '+')
    (void)collect_orphan(gc, file, "data segment without its queue", is_orphan);
}

int rilli_collect(struct rilli_collection *gc, int files_only) {
  struct listing files;
  const int code = list_files(gc->dir, &files);
  if (code)
    return code;
  for (size_t i = 0; i < files.count; i++) {
    char name[RILLI_NAME_SIZE];
    const char *file = files.names[i];
    if (!rilli_name_of_control(file, name))
      collect_file(gc, file);
    else if (!files_only)
      collect_queue(gc, file, name);
  }
  free_listing(&files);
  return 0;
}
