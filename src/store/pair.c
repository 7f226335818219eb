/* SPDX-License-Identifier: MIT */
/* pair.c - the two segment files of a queue: open, checked, attached.
 *
 * First pages are read with pread, not through a mapping, so that a file that is too
 * short is an error and not a signal. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "lease.h"
#include "pair.h"
#include "unlink.h"

#define REMEDY "; rill rm (rill_queue_unlink) removes what there is"

void rilli_pair_init(struct rilli_pair *pair) {
  memset(pair, 0, sizeof *pair);
  pair->control.fd = pair->data.fd = -1;
}

static void close_file(struct rilli_file *file) {
  if (file->fd >= 0)
    rilli_lease_close(file->fd);
  file->fd = -1;
}

void rilli_pair_close(struct rilli_pair *pair) {
  close_file(&pair->control);
  close_file(&pair->data);
}

/* Makes a private copy of the first bytes; behind the end of a short file it is zero. */
static int read_page(int fd, void *ret, size_t size) {
  memset(ret, 0, size);
  for (size_t done = 0; done < size;) {
    const ssize_t got = pread(fd, (char *)ret + done, size - done, (off_t)done);
    if (got == 0)
      return 0;
    if (got < 0 && errno != EINTR)
      return rilli_fail(errno, "cannot read its first page: %s", rilli_words(errno));
    if (got > 0)
      done += (size_t)got;
  }
  return 0;
}

int rilli_control_check(const struct rilli_file *file, struct rilli_control_geometry *ret,
                        uint32_t *ret_tombstone) {
  struct rilli_control copy;
  const char *why = "";
  int code = read_page(file->fd, &copy, sizeof copy);
  if (code)
    return code;
  code = rilli_check_control(&copy, file->size, ret, &why);
  if (code)
    return rilli_fail(-code, "its control segment: %s" REMEDY, why);
  *ret_tombstone = atomic_load_explicit(&copy.tombstone, memory_order_relaxed);
  return 0;
}

int rilli_data_check(const struct rilli_file *file, struct rilli_geometry *ret) {
  struct rilli_identity copy;
  const char *why = "";
  int code = read_page(file->fd, &copy, sizeof copy);
  if (code)
    return code;
  code = rilli_check_identity(&copy, file->size, ret, &why);
  return code ? rilli_fail(-code, "its data segment: %s" REMEDY, why) : 0;
}

/* PROTOCOL U9 */
static int attach(int dir, struct rilli_pair *pair) {
  uint32_t tombstone = 0;
  /* E13, the lease: pairs with bury() in unlink.c. The lease comes before tombstone and name. */
  const int code = rilli_lock_try(pair->control.fd, RILLI_LEASE_ATTACH, 1, 0);
  if (code == -EAGAIN)
    return rilli_fail(EAGAIN, "it is just being removed");
  if (code)
    return rilli_fail(-code, "cannot lock its control segment: %s", rilli_words(-code));
  const int check = rilli_control_check(&pair->control, &pair->control_geometry, &tombstone);
  if (check)
    return check;
  if (tombstone) /* the process that stored it may have died before it removed the files: remove
                    them */
    (void)rilli_remove(dir, pair->control_name, &pair->control, 0);
  const int same = rilli_segment_same(dir, pair->control_name, &pair->control);
  if (tombstone || same == 0)
    return rilli_fail(EAGAIN, "it was just removed");
  return same < 0 ? same : 0;
}

static int belong_together(const struct rilli_pair *pair) {
  if (memcmp(pair->geometry.uuid, pair->control_geometry.uuid, 16) != 0 ||
      pair->geometry.max_groups != pair->control_geometry.max_groups ||
      pair->geometry.max_members != pair->control_geometry.max_members ||
      pair->geometry.max_claims != pair->control_geometry.max_claims)
    return rilli_fail(EBADMSG, "its two segments do not belong together" REMEDY);
  return 0;
}

static int open_data(int dir, const char *name, struct rilli_pair *pair) {
  rilli_name_files(name, pair->control_geometry.uuid, pair->control_name, pair->data_name);
  int code = rilli_segment_open(dir, pair->data_name, 0, &pair->data);
  if (code == -ENOENT) {
    const int same = rilli_segment_same(dir, pair->control_name, &pair->control);
    if (same == 0) /* which begins with the control file */
      return rilli_fail(EAGAIN, "it was just removed");
    return same < 0 ? same : rilli_fail(EBADMSG, "its data segment is missing" REMEDY);
  }
  if (code == 0)
    code = rilli_data_check(&pair->data, &pair->geometry);
  if (code)
    return code;
  return belong_together(pair);
}

/* Without the right to open the control segment, the data segment is found by its name. */
static int find_data(int dir, struct rilli_pair *pair) {
  char of[RILLI_FILE_NAME], uuid[33];
  DIR *entries;
  const int bad = rilli_directory_list(dir, &entries);
  if (bad)
    return bad;
  int code = rilli_fail(EBADMSG, "its data segment is missing"), more;
  for (const char *file; code && (more = rilli_directory_next(entries, &file));) {
    if (more < 0) {
      code = more;
      break;
    }
    if (!rilli_name_of_data(file, of, uuid) || strcmp(of, pair->control_name) != 0)
      continue;
    memcpy(pair->data_name, file, strlen(file) + 1);
    code = rilli_segment_open(dir, pair->data_name, 0, &pair->data);
    if (code == 0 && (code = rilli_data_check(&pair->data, &pair->geometry)))
      close_file(&pair->data);
  }
  (void)closedir(entries);
  return code;
}

/* What any user sees of the control file, and the geometry that a new one would have. */
static int describe_control(int dir, struct rilli_pair *pair) {
  struct stat status;
  struct rilli_control plan;
  const char *why;
  if (fstatat(dir, pair->control_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
    return rilli_fail(errno, "its control segment: %s", rilli_words(errno));
  pair->control = (struct rilli_file){.fd = -1,
                                      .inode = (uint64_t)status.st_ino,
                                      .device = (uint64_t)status.st_dev,
                                      .mode = (uint32_t)status.st_mode & 07777u,
                                      .uid = (uint32_t)status.st_uid,
                                      .gid = (uint32_t)status.st_gid};
  rilli_plan_control(&plan, pair->geometry.max_groups, pair->geometry.max_members,
                     pair->geometry.max_claims);
  atomic_init(&plan.magic, RILLI_CONTROL_MAGIC);
  rilli_seal_control(&plan);
  pair->control.size = plan.file_size;
  pair->limited = 1;
  return rilli_check_control(&plan, plan.file_size, &pair->control_geometry, &why);
}

static int open_limited(int dir, struct rilli_pair *pair) {
  int code = find_data(dir, pair);
  if (code == 0)
    code = describe_control(dir, pair);
  if (code)
    rilli_pair_close(pair);
  return code;
}

int rilli_pair_open(int dir, const char *name, int observe, struct rilli_pair *ret) {
  uint32_t tombstone = 0;
  rilli_pair_init(ret);
  rilli_name_files(name, NULL, ret->control_name, NULL);
  int code = observe ? rilli_segment_open(dir, ret->control_name, 0, &ret->control)
                     : rilli_lease_open(dir, ret->control_name, &ret->control);
  if (code == -EACCES && observe)
    return open_limited(dir, ret);
  if (code)
    return code;
  code = rilli_control_check(&ret->control, &ret->control_geometry, &tombstone);
  if (code == 0 && !observe)
    code = attach(dir, ret);
  if (code == 0)
    code = open_data(dir, name, ret);
  if (code)
    rilli_pair_close(ret);
  return code;
}

/* Opens a segment by its path; its directory is opened as well. */
static int open_path(const char *path, struct rilli_file *ret) {
  char directory[PATH_MAX];
  const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
  const size_t length = slash ? (size_t)(slash - path) + 1 : 1;
  if (length >= sizeof directory)
    return rilli_fail(ENAMETOOLONG, "the path '%.64s...' is too long", path);
  memcpy(directory, slash ? path : ".", length);
  directory[length] = 0;
  const int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  int code = dir < 0 ? -errno : rilli_segment_open(dir, file, 0, ret);
  if (dir >= 0)
    (void)close(dir);
  if (dir < 0 || code == -ENOENT)
    code = rilli_fail(-code, "'%s': %s", path, rilli_words(-code));
  return code;
}

int rilli_pair_open_files(const char *control_path, const char *data_path, struct rilli_pair *ret) {
  uint32_t tombstone = 0;
  rilli_pair_init(ret);
  ret->copied = 1;
  int code = open_path(control_path, &ret->control);
  if (code == 0)
    code = rilli_control_check(&ret->control, &ret->control_geometry, &tombstone);
  if (code == 0)
    code = open_path(data_path, &ret->data);
  if (code == 0)
    code = rilli_data_check(&ret->data, &ret->geometry);
  if (code == 0)
    code = belong_together(ret);
  if (code)
    rilli_pair_close(ret);
  return code;
}
