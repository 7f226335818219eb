/* SPDX-License-Identifier: MIT */
/* segments.c - a queue that is open. See segments.h. */
#include "segments.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "lease.h"
#include "placement.h"

static const struct rilli_control *control_page(const struct rilli_segments *segments) {
  return (const struct rilli_control *)(const void *)segments->control.base;
}

void rilli_ring_at(const struct rilli_segments *segments, uint8_t *data, struct rilli_ring *ret) {
  const struct rilli_geometry *geometry = &segments->geometry;
  *ret = (struct rilli_ring){.base = data + geometry->ring_offset,
                             .capacity = geometry->capacity,
                             .quantum = geometry->quantum,
                             .max_message = geometry->max_message,
                             .overwrite = geometry->overflow == RILL_OVERWRITE,
                             .max_groups = geometry->max_groups,
                             .evict_after = geometry->evict_after,
                             .page = (void *)(data + geometry->producer_offset),
                             .seen = (void *)(data + geometry->view_offset),
                             .index = (void *)(data + geometry->index_offset),
                             .tombstone = &control_page(segments)->tombstone,
                             .group_stride = segments->control_geometry.group_stride,
                             .name = segments->name};
}

int rilli_is_removed(const struct rilli_segments *segments) {
  return atomic_load_explicit(&control_page(segments)->tombstone, memory_order_acquire) != 0;
}

void rilli_segments_close(struct rilli_segments *segments) {
  rilli_unmap(&segments->control);
  rilli_unmap(&segments->data);
}

int rilli_segments_map(const char *name, const struct rilli_pair *pair, int observe,
                       struct rilli_segments *ret) {
  const size_t size = pair->control_geometry.file_size;
  memset(ret, 0, sizeof *ret);
  (void)snprintf(ret->name, sizeof ret->name, "%s", name);
  memcpy(ret->control_name, pair->control_name, sizeof ret->control_name);
  memcpy(ret->data_name, pair->data_name, sizeof ret->data_name);
  ret->control_file = pair->control;
  ret->control_file.fd = -1;
  ret->geometry = pair->geometry;
  ret->control_geometry = pair->control_geometry;
  ret->limited = pair->limited;
  ret->copied = pair->copied;
  ret->data_mode = pair->data.mode;
  int code = ret->limited ? rilli_map_nothing(size, &ret->control)
                          : rilli_lease_map(pair->control.fd, 0, size, 0, &ret->control);
  if (code == 0)
    code = rilli_map_ring(pair->data.fd, pair->geometry.ring_offset, pair->geometry.capacity, 0,
                          &ret->data);
  if (code == 0)
    code = rilli_place(&ret->data, &ret->geometry, !observe);
  if (code) {
    rilli_segments_close(ret);
    return code;
  }
  rilli_ring_at(ret, ret->data.base, &ret->ring);
  ret->ring.groups = ret->control.base + ret->control_geometry.group_offset;
  ret->ring.rows = rilli_rows_at(ret->control.base);
  ret->ring.names = (const char *)ret->control.base + ret->control_geometry.names_offset;
  return 0;
}

/* For a process that may only look: does the name still mean this file, as far as is known? */
static int still_there(int dir, const struct rilli_segments *segments) {
  return rilli_segment_same(dir, segments->control_name, &segments->control_file);
}

/* The same file as when the queue was opened? Closes it if not. */
static int compare_control(int dir, const struct rilli_segments *segments, int code,
                           const struct rilli_file *opened) {
  if (code && code != -ENOENT && !(segments->limited && !still_there(dir, segments)))
    return code;
  if (code == 0 && opened->inode == segments->control_file.inode &&
      opened->device == segments->control_file.device) {
    if (opened->size == segments->control_file.size)
      return 0;
    rilli_lease_close(opened->fd);
    return rilli_fail(EBADMSG, "the control segment of queue '%s' was truncated or grown",
                      segments->name);
  }
  if (code == 0)
    rilli_lease_close(opened->fd);
  return rilli_fail(ESTALE, "queue '%s' was removed: open it again", segments->name);
}

int rilli_control_open(int dir, const struct rilli_segments *segments, int writable,
                       struct rilli_file *ret) {
  if (segments->copied)
    return rilli_fail(ENOLCK, "queue '%s' is a pair of copied files: they carry no leases",
                      segments->name);
  return compare_control(dir, segments,
                         rilli_segment_open(dir, segments->control_name, writable, ret), ret);
}

int rilli_control_open_for_lease(int dir, const struct rilli_segments *segments,
                                 struct rilli_file *ret) {
  return compare_control(dir, segments, rilli_lease_open(dir, segments->control_name, ret), ret);
}
