/* SPDX-License-Identifier: MIT */
/* forge.h - the two files of the queue "q", to be read and damaged. */
#ifndef RILL_TEST_FORGE_H
#define RILL_TEST_FORGE_H

#include "layout.h"
#include "rows.h"
#include "oracle.h"

struct files {
  char control[600], data[600];
};

struct files files_of_queue(void); /* data "": there is none */

/* One file mapped as it is, writable. */
struct view {
  void *base;
  size_t size;
};
struct view view_file(const char *path);
void close_view(struct view *view);

static inline struct rilli_control *control_of(const struct view *control) {
  return control->base;
}
static inline struct rilli_identity *identity_of(const struct view *data) {
  return data->base;
}
static inline void *part_of(const struct view *view, uint64_t offset) {
  return (uint8_t *)view->base + offset;
}
static inline struct rilli_producer_page *page_of(const struct view *data) {
  return part_of(data, identity_of(data)->producer_offset);
}
static inline struct rilli_index *index_of(const struct view *data) {
  return part_of(data, identity_of(data)->index_offset);
}
static inline uint8_t *ring_of(const struct view *data) {
  return part_of(data, identity_of(data)->ring_offset);
}
static inline struct rilli_hints *hints_of(const struct view *control) {
  return part_of(control, control_of(control)->hints_offset);
}
static inline struct rilli_group *group_of(const struct view *control, uint32_t row) {
  struct rilli_control *page = control_of(control);
  rilli_row_exists(page->rows, row); /* or no process reads it */
  return part_of(control, page->group_offset + row * page->group_stride);
}
void random_bytes(void *at, size_t size);

#endif
