/* SPDX-License-Identifier: MIT */
/* files.h - the two files of the scene's queue "q", to be looked at and damaged. */
#ifndef RILL_TEST_FILES_H
#define RILL_TEST_FILES_H

#include "actors.h"
#include "layout.h"

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
static inline struct rilli_control *control_of(const struct view *view) {
  return view->base;
}
static inline struct rilli_identity *identity_of(const struct view *view) {
  return view->base;
}
struct rilli_group *group_of(const struct view *control, uint32_t index);
void random_bytes(void *at, size_t size);

#endif
