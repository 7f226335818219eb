/* SPDX-License-Identifier: MIT */
/* talk.c - requests to rilld. See talk.h. */
#include "talk.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MOMENT 50     /* ms: then the fault is over                                    */
#define LONG 20000    /* ms: then it hangs                                             */
#define LOOKS 100000u /* of 0.2 ms: the same                                           */

int talk_connect(void) {
  return rilli_registry_connect(rilli_context_dir(context_here()), 0);
}

int talk_send(int fd, enum rilli_wire_type type, const char *name) {
  struct rilli_wire_request request;
  rilli_wire_start(&request, type, 7);
  rilli_wire_name(request.name, name);
  if (type == RILLI_WIRE_CREATE) {
    request.capacity = CAPACITY;
    request.max_groups = 4;
    request.lifetime = RILL_KEPT;
  }
  const int code = rilli_registry_send(fd, &request);
  CHECK_THAT(code == 0 || code == -EPIPE || code == -ECONNRESET, "cannot ask: %s", rill_error());
  return code ? -EPIPE : 0;
}

int talk_receive(int fd, union rilli_wire_message *ret) {
  struct pollfd ready = {.fd = fd, .events = POLLIN};
  int n = poll(&ready, 1, MOMENT);
  if (n == 0) {
    warden_lift();
    n = poll(&ready, 1, LONG);
  }
  CHECK_THAT(n == 1, "the registry neither answers nor hangs up");
  const int type = rilli_registry_receive(fd, ret);
  CHECK_THAT(type > 0 || type == -EPIPE, "%d: %s", type, rill_error());
  return type;
}

int talk_ask(enum rilli_wire_type type, const char *name, struct rilli_wire_answer *ret) {
  union rilli_wire_message message;
  const int fd = talk_connect();
  if (fd < 0)
    return fd;
  int code = talk_send(fd, type, name);
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

void look_again(struct patience *patience, const char *what) {
  CHECK_THAT(patience->looks++ < LOOKS, "waited too long: %s", what);
  breathe();
}

void await_queues(unsigned count) {
  struct rilli_wire_answer answer;
  struct patience patience = {0};
  while (talk_ask(RILLI_WIRE_LIST, "", &answer) != 0 || answer.count != count ||
         talk_ask(RILLI_WIRE_OPEN, "q", &answer) != 0 || /* which looks anew */
         talk_ask(RILLI_WIRE_STAT, "q", &answer) != 0)
    look_again(&patience, "the registry does not know the queues there are");
}

static unsigned descriptors_of(pid_t pid) {
  char path[64];
  unsigned count = 0;
  (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  DIR *entries = opendir(path);
  CHECK_THAT(entries, "cannot list %s", path);
  while (readdir(entries))
    count++;
  (void)closedir(entries);
  return count;
}

unsigned descriptors_at_rest(pid_t pid) {
  enum { OF_A_CLIENT = 2 }; /* its socket, and its process */
  union rilli_wire_message message;
  const int fd = talk_connect();
  CHECK(fd >= 0 && talk_send(fd, RILLI_WIRE_STAT, "q") == 0 && talk_receive(fd, &message) > 0);
  const unsigned count = descriptors_of(pid) - OF_A_CLIENT;
  (void)close(fd);
  return count;
}

void await_descriptors(pid_t pid, unsigned count) {
  struct patience patience = {0};
  while (descriptors_of(pid) != count)
    look_again(&patience, "the registry does not close what it opened");
}
