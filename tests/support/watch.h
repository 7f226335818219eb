/* SPDX-License-Identifier: MIT */
/* watch.h - short words for tests of watchers: the next event, or the next one of a kind. */
#ifndef RILL_TESTS_WATCH_H
#define RILL_TESTS_WATCH_H

#include "api.h"

static inline rill_watch *open_watch(rill_context *context, const char *pattern, uint32_t flags) {
  const struct rill_watch_attr attr = {.size = sizeof attr, .flags = flags};
  rill_watch *watch = NULL;
  assert_code(rill_watch_open(context, pattern, &attr, &watch), 0);
  return watch;
}

/* The next event, whatever it is: the watchdog ends a wait in vain. */
static inline struct rill_event next_event(rill_watch *watch) {
  struct rill_event event = {.size = sizeof event};
  int code;
  while ((code = rill_watch_next(watch, RILL_FOREVER, &event)) == -EINTR)
    continue;
  assert_code(code, 0);
  return event;
}

/* It must be this one. */
static inline struct rill_event expect_event(rill_watch *watch, uint32_t what, const char *queue) {
  const struct rill_event event = next_event(watch);
  if (event.what != what || strcmp(event.queue, queue) != 0)
    fail_msg("event %u of '%s', not %u of '%s'", event.what, event.queue, what, queue);
  return event;
}

static inline struct rill_event expect_source(rill_watch *watch, uint32_t source, uint64_t lost) {
  const struct rill_event event = expect_event(watch, RILL_EVENT_SOURCE, "");
  assert_code(event.source, source);
  assert_true(event.lost == lost);
  return event;
}

/* The next one of this kind about this queue; others are passed over. */
static inline struct rill_event await_event(rill_watch *watch, uint32_t what, const char *queue) {
  for (;;) {
    const struct rill_event event = next_event(watch);
    if (event.what == what && strcmp(event.queue, queue) == 0)
      return event;
  }
}

static inline struct rill_event await_role(rill_watch *watch, uint32_t what, const char *queue,
                                           uint32_t role) {
  for (;;) {
    const struct rill_event event = await_event(watch, what, queue);
    if (event.role == role)
      return event;
  }
}

static inline void expect_no_event(rill_watch *watch) {
  struct rill_event event = {.size = sizeof event};
  assert_code(rill_watch_next(watch, RILL_NOW, &event), -EAGAIN);
}

/* A queue that only its name stands for: a file in its place, fast to make. */
static inline void touch_queue(const char *name) {
  char path[400];
  (void)snprintf(path, sizeof path, "%s/%s.control", support_directory(), name);
  FILE *file = fopen(path, "we");
  assert_non_null(file);
  (void)fclose(file);
}

static inline void remove_touched(const char *name) {
  char path[400];
  (void)snprintf(path, sizeof path, "%s/%s.control", support_directory(), name);
  assert_code(remove(path), 0);
}

#endif
