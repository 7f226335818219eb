/* SPDX-License-Identifier: MIT */
/* talk.c - requests to rilld. See talk.h. */
#include "talk.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "settings.h"

#define MOMENT 50  /* ms: then it is silent                                            */
#define LONG 20000 /* ms: then it hangs                                                */

/* --- everything must succeed -------------------------------------------------------------- */

static int directory(void) {
  (void)mkdir(namespace_directory(), 0755);
  const int dir = open(namespace_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  CHECK(dir >= 0);
  return dir;
}

int talk_open(void) {
  const int dir = directory();
  int fd;
  while ((fd = rilli_registry_connect(dir, 0)) < 0) {
    CHECK(fd == -ENOENT || fd == -ECONNREFUSED || fd == -EAGAIN);
    breathe();
  }
  (void)close(dir);
  return fd;
}

void talk_send(int fd, const void *message) {
  CHECK_EQ(rilli_registry_send(fd, message), 0);
}

void talk_request(int fd, struct rilli_wire_request *request, struct rilli_wire_answer *ret) {
  static uint32_t serial;
  union rilli_wire_message message;
  request->head.serial = ++serial;
  talk_send(fd, request);
  for (;;) {
    const int type = rilli_registry_receive(fd, &message);
    CHECK(type > 0);
    if (type == RILLI_WIRE_ANSWER)
      break;
  }
  CHECK_EQ(message.answer.head.serial, serial);
  *ret = message.answer;
}

void talk_ask(int fd, enum rilli_wire_type type, const char *name, struct rilli_wire_answer *ret) {
  struct rilli_wire_request request;
  rilli_wire_start(&request, type, 0);
  rilli_wire_name(request.name, name);
  talk_request(fd, &request, ret);
}

struct rill_queue_stat talk_row(const struct rilli_wire_row *row) {
  struct rill_queue_stat stat = RILL_QUEUE_STAT_INIT;
  CHECK_EQ(row->size, sizeof stat);
  memcpy(&stat, row->stat, sizeof stat);
  return stat;
}

void talk_create(int fd, const char *name, const struct rill_queue_attr *attr, uint32_t flags,
                 struct rilli_wire_answer *ret) {
  struct rilli_wire_create create;
  rilli_wire_start(&create, RILLI_WIRE_CREATE, 0);
  rilli_wire_name(create.request.name, name);
  create.request.flags = flags;
  create.value_count = rilli_settings_pack(attr, create.values, RILLI_WIRE_VALUES);
  create.group_count = (uint32_t)attr->group_count;
  for (uint32_t i = 0; i < create.group_count; i++)
    (void)strncpy(create.groups[i], attr->groups[i], sizeof create.groups[i] - 1);
  talk_request(fd, &create.request, ret);
}

struct rill_queue_stat talk_stat(int fd, const char *name) {
  struct rilli_wire_answer answer;
  talk_ask(fd, RILLI_WIRE_STAT, name, &answer);
  CHECK_EQ(answer.code, 0);
  CHECK_EQ(answer.count, 1);
  return talk_row(&answer.rows[0]);
}

int talk_watch(const char *pattern) {
  struct rilli_wire_answer answer;
  const int fd = talk_open();
  talk_ask(fd, RILLI_WIRE_WATCH, pattern, &answer);
  CHECK_EQ(answer.code, 0);
  return fd;
}

struct rilli_wire_event talk_await(int fd, uint32_t what, const char *name) {
  union rilli_wire_message message;
  for (;;) {
    CHECK_EQ(rilli_registry_receive(fd, &message), RILLI_WIRE_EVENT);
    if (message.event.what == what && strcmp(message.event.name, name) == 0)
      return message.event;
  }
}

/* --- it may fail ---------------------------------------------------------------------------- */

void (*talk_when_silent)(void);

int talk_connect(void) {
  return rilli_registry_connect(rilli_context_dir(context_here()), 0);
}

int talk_try_send(int fd, enum rilli_wire_type type, const char *name) {
  struct rilli_wire_create create;
  rilli_wire_start(&create, type, 7);
  rilli_wire_name(create.request.name, name);
  if (type == RILLI_WIRE_CREATE) {
    const struct rill_queue_attr attr = {
        .size = sizeof attr, .capacity = 65536, .max_groups = 4, .lifetime = RILL_KEPT};
    create.value_count = rilli_settings_pack(&attr, create.values, RILLI_WIRE_VALUES);
  }
  const int code = rilli_registry_send(fd, &create);
  CHECK_THAT(code == 0 || code == -EPIPE || code == -ECONNRESET, "cannot ask: %s", rill_error());
  return code ? -EPIPE : 0;
}

int talk_receive(int fd, union rilli_wire_message *ret) {
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  int n = poll(&ready, 1, MOMENT);
  if (n == 0) {
    if (talk_when_silent)
      talk_when_silent();
    n = poll(&ready, 1, LONG);
  }
  CHECK_THAT(n == 1, "the registry neither answers nor hangs up");
  const int type = rilli_registry_receive(fd, ret);
  CHECK_THAT(type > 0 || type == -EPIPE, "%d: %s", type, rill_error());
  return type;
}

int talk_once(enum rilli_wire_type type, const char *name, struct rilli_wire_answer *ret) {
  union rilli_wire_message message;
  const int fd = talk_connect();
  if (fd < 0)
    return fd;
  int code = talk_try_send(fd, type, name);
  if (code == 0)
    code = talk_receive(fd, &message);
  (void)close(fd);
  if (code < 0)
    return code;
  CHECK(code == RILLI_WIRE_ANSWER && message.answer.head.serial <= 7);
  *ret = message.answer;
  CHECK_THAT(ret->code == 0 || ret->text[0], "the registry answers %d without a word", ret->code);
  return ret->code;
}
