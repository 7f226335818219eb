/* SPDX-License-Identifier: MIT */
/* pair.c - the two segment files of a queue: open, checked, attached.
 *
 * First pages are read with pread, not through a mapping, so that a file that is too
 * short is an error and not a signal. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "error.h"

void rilli_pair_init(struct rilli_pair *pair) {
  memset(pair, 0, sizeof *pair);
  pair->control.fd = pair->data.fd = -1;
}

static void close_file(struct rilli_file *file) {
  if (file->fd >= 0)
    (void)close(file->fd);
  file->fd = -1;
}

void rilli_pair_close(struct rilli_pair *pair) {
  close_file(&pair->control);
  close_file(&pair->data);
}

/* A private copy of the first bytes; what the file does not have is zero. */
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
    return rilli_fail(-code, "its control segment: %s", why);
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
  return code ? rilli_fail(-code, "its data segment: %s", why) : 0;
}

/* E13: the lease first, then the look whether the queue is still there. */
static int attach(int dir, struct rilli_pair *pair) {
  uint32_t tombstone = 0;
  const int code = rilli_lock_try(pair->control.fd, RILLI_LEASE_ATTACH, 1, 0);
  if (code == -EAGAIN)
    return rilli_fail(EAGAIN, "it is just being removed");
  if (code)
    return rilli_fail(-code, "cannot lock its control segment: %s", rilli_words(-code));
  const int check = rilli_control_check(&pair->control, &pair->control_geometry, &tombstone);
  if (check)
    return check;
  if (tombstone || !rilli_segment_same(dir, pair->control_name, &pair->control))
    return rilli_fail(EAGAIN, "it was just removed");
  return 0;
}

static int open_data(int dir, const char *name, struct rilli_pair *pair) {
  rilli_name_files(name, pair->control_geometry.uuid, pair->control_name, pair->data_name);
  int code = rilli_segment_open(dir, pair->data_name, 0, &pair->data);
  if (code == -ENOENT) /* whoever removes a queue unlinks its control segment first */
    return rilli_segment_same(dir, pair->control_name, &pair->control)
               ? rilli_fail(EBADMSG, "its data segment is missing")
               : rilli_fail(EAGAIN, "it was just removed");
  if (code == 0)
    code = rilli_data_check(&pair->data, &pair->geometry);
  if (code)
    return code;
  if (memcmp(pair->geometry.uuid, pair->control_geometry.uuid, 16) != 0 ||
      pair->geometry.max_groups != pair->control_geometry.max_groups)
    return rilli_fail(EBADMSG, "its two segments do not belong together");
  return 0;
}

int rilli_pair_open(int dir, const char *name, int observe, struct rilli_pair *ret) {
  uint32_t tombstone = 0;
  rilli_pair_init(ret);
  rilli_name_files(name, NULL, ret->control_name, NULL);
  int code = rilli_segment_open(dir, ret->control_name, !observe, &ret->control);
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

int rilli_control_open(const rill_queue *queue, int writable, struct rilli_file *ret) {
  const int code = rilli_segment_open(queue->context->dir, queue->control_name, writable, ret);
  if (code && code != -ENOENT)
    return code;
  if (code == 0 && ret->inode == queue->control_file.inode &&
      ret->device == queue->control_file.device)
    return 0;
  if (code == 0)
    (void)close(ret->fd);
  return rilli_fail(ESTALE, "queue '%s' was removed: open it again", queue->name);
}
