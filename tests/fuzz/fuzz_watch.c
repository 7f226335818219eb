/* SPDX-License-Identifier: MIT */
/* fuzz_watch.c - a watcher beside a registry that sends what the input says, while names come and
 * go: what it reports is valid, and each name appears and is removed in turn. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "forged.h"
#include "support.h"

#define NAMES 4u
#define EVENTS_MOST 4096u

static const char *const names[NAMES] = {"orders", "md/eurex", "a", "b"};
static const char *const files[NAMES] = {"orders.control", "md+eurex.control", "a.control",
                                         "b.control"};
static struct input *script; /* of the registry                                          */
static int registry = -1;    /* its end                                                  */

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  forged_open();
  return 0;
}

/* --- the registry ------------------------------------------------------------------------- */

/* A valid message, some bytes changed. */
static void say(uint32_t type, struct input *input) {
  union rilli_wire_message message;
  const size_t size = rilli_wire_size(type);
  const uint8_t how = take_byte(input);
  rilli_wire_start(&message, type, 1);
  if (type == RILLI_WIRE_EVENT) {
    message.event.what = 1 + (how & 7u) % 6;
    message.event.kind = how >> 3 & 3u;
    message.event.lost = how >> 5;
    rilli_wire_name(message.event.name, names[how % NAMES]);
  }
  for (unsigned changes = take_byte(input) & 3u; changes; changes--) {
    const size_t at = take(input, 2) % size;
    ((uint8_t *)&message)[at] = take_byte(input);
  }
  (void)!send(registry, &message, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void say_something(struct input *input) {
  const uint8_t what = take_byte(input);
  if (what < 224) {
    say(what < 192 ? RILLI_WIRE_EVENT : RILLI_WIRE_ANSWER, input);
    return;
  }
  size_t size = what - 224u;
  size = size < input->left ? size : input->left;
  (void)!send(registry, input->at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  input->at += size;
  input->left -= size;
}

int __wrap_rilli_registry_connect(int dir, int flags);

/* In place of a connection: one that has said something already, so that none is waited for. */
int __wrap_rilli_registry_connect(int dir, int flags) {
  int ends[2];
  (void)dir;
  if (registry >= 0 || take_byte(script) % 8 == 0)
    return -ECONNREFUSED;
  CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0, ends) == 0);
  registry = ends[1];
  say(RILLI_WIRE_ANSWER, script);
  for (unsigned more = take_byte(script) % 8; more; more--)
    say_something(script);
  return ends[0];
}

static void hang_up(void) {
  if (registry >= 0)
    (void)close(registry);
  registry = -1;
}

/* --- names -------------------------------------------------------------------------------- */

static void change_name(uint8_t how) {
  const char *file = files[how % NAMES];
  if (how & 4u) {
    (void)unlinkat(forged_directory(), file, 0);
    return;
  }
  const int fd = openat(forged_directory(), file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(fd >= 0 && close(fd) == 0);
}

static int is_there(unsigned n) {
  return faccessat(forged_directory(), files[n], F_OK, 0) == 0;
}

/* --- what is reported ----------------------------------------------------------------------- */

static void check_event(const struct rill_event *event, int there[NAMES]) {
  CHECK(event->what >= RILL_EVENT_APPEARED && event->what <= RILL_EVENT_SOURCE);
  CHECK(event->role <= RILL_ROLE_CONSUMER && event->after >= 0);
  CHECK(event->source == RILL_SOURCE_REGISTRY || event->source == RILL_SOURCE_DIRECTORY);
  CHECK(event->role == RILL_ROLE_CONSUMER || (!event->group && !event->slot));
  if (event->what == RILL_EVENT_SOURCE) {
    CHECK(!event->queue[0]);
    return;
  }
  CHECK_EQ(rilli_name_check(event->queue), 0);
  for (unsigned n = 0; event->what <= RILL_EVENT_REMOVED && n < NAMES; n++)
    if (strcmp(event->queue, names[n]) == 0) {
      CHECK_EQ(there[n], event->what == RILL_EVENT_REMOVED);
      there[n] = event->what == RILL_EVENT_APPEARED;
    }
}

static void drain(rill_watch *watch, int there[NAMES]) {
  struct rill_event event = {.size = sizeof event};
  int code = 0;
  for (unsigned n = 0; code == 0; n++) {
    CHECK(n < EVENTS_MOST);
    code = rill_watch_next(watch, RILL_NOW, &event);
    if (code == 0)
      check_event(&event, there);
  }
  CODES("rill_watch_next", code, EAGAIN);
}

static int lowest_descriptor(void) {
  const int fd = dup(STDERR_FILENO);
  CHECK(fd >= 0 && close(fd) == 0);
  return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static const char *const patterns[] = {NULL, "*", "[a-z]*", "md/*"};
  struct input input = {bytes, size};
  struct rill_watch_attr attr = {.size = sizeof attr};
  rill_watch *watch = NULL;
  int there[NAMES] = {0};
  const int lowest = lowest_descriptor();
  script = &input;
  const uint8_t first = take_byte(&input);
  const char *pattern = patterns[first & 3u];
  attr.flags = first & 4u ? RILL_WATCH_EXISTING : 0;
  for (unsigned n = first >> 5; n; n--)
    change_name(take_byte(&input));
  for (unsigned n = 0; n < NAMES && !attr.flags; n++)
    there[n] = is_there(n);
  CHECK_EQ(rill_watch_open(forged_context(), pattern, &attr, &watch), 0);
  for (unsigned step = 0; input.left && step < SCRIPT_MOST; step++) {
    const uint8_t op = take_byte(&input);
    if (op < 96)
      change_name(op);
    else if (op < 192 && registry >= 0)
      say_something(&input);
    else if (op < 200)
      hang_up();
    else
      drain(watch, there);
  }
  drain(watch, there);
  for (unsigned n = 0; n < NAMES; n++)
    CHECK((n != 1 && (first & 3u) == 3) || there[n] == is_there(n));
  rill_watch_close(watch);
  hang_up();
  for (unsigned n = 0; n < NAMES; n++)
    (void)unlinkat(forged_directory(), files[n], 0);
  CHECK_EQ(lowest_descriptor(), lowest);
  return 0;
}
