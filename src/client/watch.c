/* SPDX-License-Identifier: MIT */
/* watch.c - rill_watch: waiting for events, and the registry as their source. See watcher.h.
 *
 * The directory is always the source of names, so what is reported of them does not depend on
 * whether a registry starts or ends. A registry is asked to report roles, and becomes their source
 * when it has answered; if it does not answer, disconnects or sends anything invalid, it is not
 * used. Only poll(2) in wait_for_event() waits here, and, for a moment, rill_watch_open. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "descriptor.h"
#include "error.h"
#include "sized.h"
#include "watcher.h"

#define ROUND INT64_C(1000000000)  /* between two rounds                                  */
#define ANSWER INT64_C(1000000000) /* for the answer of a registry, at the beginning     */
#define TRIES 16 /* to receive the answer                                              */
#define MESSAGES_A_TURN 64
#define CHANGES_A_TURN 1024

_Static_assert(RILL_EVENT_APPEARED == (int)RILLI_EVENT_APPEARED, "as on the wire");
_Static_assert(RILL_EVENT_ATTACHED == (int)RILLI_EVENT_ATTACHED, "as on the wire");
_Static_assert(RILL_EVENT_DETACHED == (int)RILLI_EVENT_DETACHED, "as on the wire");
_Static_assert(RILL_EVENT_DIED == (int)RILLI_EVENT_DIED, "as on the wire");
_Static_assert(RILL_EVENT_RECLAIMED == (int)RILLI_EVENT_RECLAIMED, "as on the wire");
_Static_assert(RILL_ROLE_OPEN == (int)RILLI_KIND_OPEN, "as on the wire");
_Static_assert(RILL_ROLE_PRODUCER == (int)RILLI_KIND_PRODUCER, "as on the wire");
_Static_assert(RILL_ROLE_CONSUMER == (int)RILLI_KIND_CONSUMER, "as on the wire");
_Static_assert(sizeof(((struct rill_event *)0)->queue) == RILLI_WIRE_NAME, "a whole name");

/* --- the list of events ----------------------------------------------------------------- */

int rilli_watch_room(struct rill_watch *watch, size_t count) {
  if (watch->first == watch->last)
    watch->first = watch->last = 0;
  if (watch->room - watch->last >= count)
    return 0;
  const size_t room = 2 * (watch->last + count);
  struct rill_event *events = realloc(watch->events, room * sizeof *events);
  if (!events)
    return -ENOMEM;
  watch->events = events;
  watch->room = room;
  return 0;
}

struct rill_event *rilli_watch_put(struct rill_watch *watch, uint32_t what, const char *queue) {
  struct rill_event *event = &watch->events[watch->last++];
  memset(event, 0, sizeof *event);
  event->size = sizeof *event;
  event->what = what;
  event->source = watch->source;
  event->time = rilli_wall_clock();
  event->lost = watch->lost;
  watch->lost = 0;
  rilli_wire_name(event->queue, queue);
  return event;
}

void rilli_watch_source(struct rill_watch *watch, uint32_t source) {
  if (watch->source != source)
    rilli_roles_forget(watch);
  watch->source = source;
  (void)rilli_watch_put(watch, RILL_EVENT_SOURCE, "");
}

static int no_memory_for_event(void) {
  return rilli_fail(ENOMEM, "no memory for an event");
}

/* --- the registry -------------------------------------------------------------------------- */

static int is_source(const struct rill_watch *watch) {
  return watch->source == RILL_SOURCE_REGISTRY;
}

/* Shut down, since a forked child has the socket as well. */
static void leave_registry(struct rill_watch *watch) {
  if (rilli_is_still(watch->registry, &watch->registry_id))
    (void)shutdown(watch->registry, SHUT_RDWR);
  rilli_close_still(&watch->registry, &watch->registry_id);
}

/* Patterns with sets of characters are matched here, by fnmatch(3); the registry matches only plain
 * patterns. */
static const char *pattern_for_registry(const struct rill_watch *watch) {
  return watch->pattern && !strpbrk(watch->pattern, "[\\") &&
                 strlen(watch->pattern) < RILLI_WIRE_NAME
             ? watch->pattern
             : "";
}

static void ask_registry(struct rill_watch *watch) {
  struct rilli_wire_request request;
  watch->registry = rilli_registry_connect(rilli_context_dir(watch->context), SOCK_NONBLOCK);
  if (watch->registry < 0)
    return;
  if (rilli_file_id_of(watch->registry, &watch->registry_id)) {
    (void)close(watch->registry); /* the next round tries again */
    watch->registry = -1;
    return;
  }
  rilli_wire_start(&request, RILLI_WIRE_WATCH, 1);
  rilli_wire_name(request.name, pattern_for_registry(watch));
  if (rilli_registry_send(watch->registry, &request))
    leave_registry(watch);
}

static void add_lost(struct rill_watch *watch, uint64_t lost) {
  watch->lost = lost > RILL_LOST_UNKNOWN - watch->lost ? RILL_LOST_UNKNOWN : watch->lost + lost;
}

/* A role is reported after what the directory says of its queue. */
static int take_role(struct rill_watch *watch, const struct rilli_wire_event *message) {
  int code = 1;
  for (int n = 0; n < CHANGES_A_TURN && code == 1 && !rilli_names_find(watch, message->name); n++)
    code = rilli_names_step(watch);
  if (rilli_watch_room(watch, 1)) {
    add_lost(watch, 1);
    return rilli_fail(ENOMEM, "no memory for an event of queue '%s'", message->name);
  }
  struct rill_event *event = rilli_watch_put(watch, message->what, message->name);
  event->role = message->kind;
  event->group = message->group;
  event->slot = message->slot;
  event->pid = message->pid;
  event->time = message->time;
  event->after = message->after > 0 ? message->after : 0;
  return code < 0 ? code : 0;
}

/* 0 or -ENOMEM, ...; -EPROTO: the other end is not a registry. */
static int take_event(struct rill_watch *watch, const struct rilli_wire_event *message) {
  if (rilli_name_check(message->name))
    return -EPROTO;
  add_lost(watch, message->lost);
  if (!rilli_names_match(watch, message->name))
    return 0;
  if (message->what >= RILLI_EVENT_ATTACHED)
    return take_role(watch, message);
  return watch->changes < 0 ? rilli_names_check(watch, message->name) : 0;
}

/* It listens and has answered: from now on it reports. */
static int take_answer(struct rill_watch *watch, const struct rilli_wire_answer *answer) {
  if (is_source(watch) || answer->code || answer->head.serial != 1)
    return -EPROTO;
  if (rilli_watch_room(watch, 1)) {
    leave_registry(watch); /* the next round asks again */
    return no_memory_for_event();
  }
  if (watch->source)
    watch->lost = RILL_LOST_UNKNOWN;
  rilli_watch_source(watch, RILL_SOURCE_REGISTRY);
  return 0;
}

static int take_message(struct rill_watch *watch, int type,
                        const union rilli_wire_message *message) {
  if (type == RILLI_WIRE_ANSWER)
    return take_answer(watch, &message->answer);
  return is_source(watch) ? take_event(watch, &message->event) : -EPROTO;
}

/* The queues are probed from now on, starting from their present state. */
static int lose_registry(struct rill_watch *watch) {
  if (is_source(watch) && rilli_watch_room(watch, 1))
    return no_memory_for_event();
  leave_registry(watch);
  if (!is_source(watch))
    return 0;
  watch->lost = RILL_LOST_UNKNOWN;
  watch->next_round = 0;
  rilli_watch_source(watch, RILL_SOURCE_DIRECTORY);
  return 0;
}

/* Takes what the registry has sent. *ret_all: no more is there. */
static int listen_to_registry(struct rill_watch *watch, int *ret_all) {
  union rilli_wire_message message;
  *ret_all = 1;
  if (is_source(watch) && !rilli_is_still(watch->registry, &watch->registry_id))
    return lose_registry(watch); /* the program has closed it */
  for (int n = 0; n < MESSAGES_A_TURN && watch->registry >= 0; n++) {
    const int type = rilli_registry_receive(watch->registry, &message);
    if (type == -EAGAIN || type == -EINTR)
      return 0;
    if (type == -ENOMEM || type == -ENOBUFS)
      return rilli_fail(ENOMEM, "cannot receive from the registry: %s", rilli_words(-type));
    const int code = type < 0 ? -EPROTO : take_message(watch, type, &message);
    if (code == -EPROTO)
      return lose_registry(watch);
    if (code)
      return code;
  }
  *ret_all = watch->registry < 0;
  return 0;
}

/* --- what there is to report ------------------------------------------------------------------ */

static int is_gone(const struct rill_watch *watch) {
  struct stat status;
  const int dir = rilli_context_dir(watch->context);
  return dir < 0 || (fstat(dir, &status) == 0 && status.st_nlink == 0);
}

static int has_rounds(const struct rill_watch *watch) {
  return !is_source(watch) || watch->registry < 0 || watch->changes < 0 || watch->rescan;
}

/* Once a second, for what is not reported by inotify or a registry. */
static int round_of(struct rill_watch *watch) {
  int code = 0;
  if (is_gone(watch)) {
    watch->gone = 1;
    return rilli_names_all_gone(watch);
  }
  if (watch->changes < 0 || watch->rescan)
    code = rilli_names_scan(watch, 0);
  if (watch->registry < 0)
    ask_registry(watch);
  if (code == 0 && !is_source(watch))
    code = rilli_roles_probe(watch);
  return code;
}

/* What happened since the last time: the registry first, so that a queue's end comes after what
 * happened to it. */
static int collect(struct rill_watch *watch, int64_t now) {
  int all, code = listen_to_registry(watch, &all);
  for (int n = 0, more = all; code == 0 && more && n < CHANGES_A_TURN; n++) {
    more = rilli_names_step(watch);
    code = more < 0 ? more : 0;
  }
  if (code == 0 && has_rounds(watch) && now >= watch->next_round) {
    watch->next_round = now + ROUND;
    code = round_of(watch);
  }
  return code;
}

/* --- the public calls ---------------------------------------------------------------------- */

/* *attr: its defaults; then what the caller asked for. */
static int check_watch_attr(const struct rill_watch_attr *asked, struct rill_watch_attr *attr) {
  const int code = asked ? rilli_sized_in("rill_watch_attr", asked, attr, sizeof *attr) : 0;
  if (code)
    return code;
  if ((attr->flags & ~(uint32_t)RILL_WATCH_EXISTING) || attr->reserved0)
    return rilli_fail(EINVAL,
                      "rill_watch_attr: unknown flags %x, or a reserved field that is not zero",
                      attr->flags);
  return 0;
}

static void free_watch(struct rill_watch *watch) {
  rilli_names_close(watch);
  leave_registry(watch);
  rilli_close_still(&watch->wake, &watch->wake_id);
  free(watch->events);
  free(watch->pattern);
  free(watch);
}

/* The first event says what the source is; a registry has a second to answer. */
static int find_source(struct rill_watch *watch) {
  const int64_t until = rill_clock() + ANSWER;
  int all, code = 0;
  ask_registry(watch);
  for (int n = 0; n < TRIES && code == 0 && watch->registry >= 0 && !is_source(watch); n++) {
    const int64_t now = rill_clock();
    struct pollfd answer = {.fd = watch->registry, .events = POLLIN};
    if (now >= until || poll(&answer, 1, (int)((until - now) / 1000000) + 1) < 0)
      break;
    code = listen_to_registry(watch, &all);
  }
  if (code || watch->source) /* it may have answered and then ended */
    return code;
  if (rilli_watch_room(watch, 1))
    return no_memory_for_event();
  rilli_watch_source(watch, RILL_SOURCE_DIRECTORY);
  return 0;
}

/* The first event comes before those of the queues that are there. */
static int begin_watching(struct rill_watch *watch, const struct rill_watch_attr *attr) {
  watch->wake = rilli_above_streams(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (watch->wake < 0)
    return rilli_fail(-watch->wake, "cannot make an eventfd: %s", rilli_words(-watch->wake));
  const int unknown = rilli_file_id_of(watch->wake, &watch->wake_id);
  if (unknown) {
    (void)close(watch->wake);
    return rilli_fail(-unknown, "cannot examine an eventfd: %s", rilli_words(-unknown));
  }
  if (is_gone(watch))
    return rilli_fail(ENOENT, "the directory of the namespace was removed");
  rilli_names_open(watch);
  const int existing = (attr->flags & RILL_WATCH_EXISTING) != 0;
  int code = existing ? 0 : rilli_names_scan(watch, 1);
  if (code == 0)
    code = find_source(watch);
  if (code == 0 && existing) {
    code = rilli_names_scan(watch, 0);
    rilli_roles_forget(watch);
  }
  if (code == 0 && !is_source(watch))
    code = rilli_roles_probe(watch);
  watch->next_round = rill_clock() + ROUND;
  return code;
}

static int open_watch(rill_context *context, const char *pattern,
                      const struct rill_watch_attr *asked, rill_watch **ret_watch) {
  struct rill_watch_attr attr = RILL_WATCH_ATTR_INIT;
  int code = rilli_context_check(context);
  if (code == 0)
    code = check_watch_attr(asked, &attr);
  if (code)
    return code;
  struct rill_watch *watch = calloc(1, sizeof *watch);
  if (watch && pattern)
    watch->pattern = strdup(pattern);
  if (!watch || (pattern && !watch->pattern)) {
    free(watch);
    return rilli_fail(ENOMEM, "no memory for a watcher");
  }
  watch->context = context;
  watch->wake = watch->changes = watch->registry = -1;
  code = begin_watching(watch, &attr);
  if (code) {
    free_watch(watch);
    return rilli_fail_in(-code, "cannot watch the namespace");
  }
  rilli_context_hold(context);
  *ret_watch = watch;
  return 0;
}

int rill_watch_open(rill_context *context, const char *pattern, const struct rill_watch_attr *attr,
                    rill_watch **ret_watch) {
  char text[RILLI_ERROR_SIZE];
  int cancel_state;
  rilli_error_keep(text);
  (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  const int code = open_watch(context, pattern, attr, ret_watch);
  (void)pthread_setcancelstate(cancel_state, NULL);
  if (code == 0)
    rilli_error_restore(text);
  return code;
}

void rill_watch_close(rill_watch *watch) {
  if (!watch || !*watch->context->alive)
    return;
  rill_context *context = watch->context;
  int cancel_state;
  (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
  free_watch(watch);
  rill_context_close(context);
  (void)pthread_setcancelstate(cancel_state, NULL);
}

/* Until something can be read, the next round, or the deadline. */
static int wait_for_event(const struct rill_watch *watch, int64_t now, rill_time deadline) {
  struct pollfd files[] = {{.fd = watch->wake, .events = POLLIN},
                           {.fd = watch->changes, .events = POLLIN},
                           {.fd = watch->registry, .events = POLLIN}};
  const int64_t round = has_rounds(watch) ? watch->next_round : RILL_FOREVER;
  const int64_t until = round < deadline ? round : deadline;
  const int64_t span = until <= now ? 0 : (until - now) / 1000000 + 1; /* ms */
  (void)pthread_setcancelstate(watch->cancel_state, NULL);             /* only here */
  const int code = poll(files, 3,
                        until == RILL_FOREVER ? -1
                        : span > INT_MAX      ? INT_MAX
                                              : (int)span);
  const int error = errno;
  (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
  if (code < 0)
    return error == EINTR ? rilli_fail(EINTR, "a signal came while waiting for an event")
                          : rilli_fail(error, "cannot wait for an event: %s", rilli_words(error));
  return files[0].revents & POLLNVAL
             ? rilli_fail(EBADF, "the descriptors of a watcher were closed: close it, open another")
             : 0;
}

static int interrupted(const struct rill_watch *watch) {
  uint64_t count;
  if (!rilli_is_still(watch->wake, &watch->wake_id))
    return rilli_fail(EBADF, "the descriptors of a watcher were closed: close it, open another");
  if (read(watch->wake, &count, sizeof count) != (ssize_t)sizeof count)
    return 0;
  return rilli_fail(ECANCELED, "the watcher was interrupted (rill_watch_interrupt)");
}

static int next_event(struct rill_watch *watch, rill_time deadline, struct rill_event *ret) {
  for (;;) {
    const int64_t now = rill_clock();
    int code = watch->first == watch->last ? collect(watch, now) : 0;
    /* An error of collect() after the event is met again by the next call, or is gone by then. */
    if (watch->first < watch->last) {
      *ret = watch->events[watch->first++];
      return 0;
    }
    if (code == 0 && watch->gone)
      code = rilli_fail(ENOENT, "the directory of the namespace was removed");
    if (code == 0)
      code = interrupted(watch);
    if (code)
      return code;
    if (deadline == RILL_NOW)
      return -EAGAIN;
    if (now >= deadline)
      return -ETIMEDOUT;
    code = wait_for_event(watch, now, deadline);
    if (code)
      return code;
  }
}

int rill_watch_next(rill_watch *watch, rill_time deadline, struct rill_event *ret_event) {
  char text[RILLI_ERROR_SIZE];
  if (rilli_context_check(watch->context))
    return -ECHILD;
  struct rill_event event;
  if (rilli_sized_check("rill_event", ret_event))
    return -EINVAL;
  rilli_error_keep(text);
  (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &watch->cancel_state);
  const int code = next_event(watch, deadline, &event);
  (void)pthread_setcancelstate(watch->cancel_state, NULL);
  if (code == 0)
    rilli_sized_out(ret_event, &event, sizeof event);
  if (code == 0 || code == -EAGAIN || code == -ETIMEDOUT)
    rilli_error_restore(text);
  return code;
}

int rill_watch_interrupt(rill_watch *watch) {
  static const uint64_t one = 1;
  if (!*watch->context->alive)
    return -ECHILD;
  const int error = errno;
  if (rilli_is_still(watch->wake, &watch->wake_id))
    (void)!write(watch->wake, &one, sizeof one); /* full: it is interrupted already */
  errno = error;
  return 0;
}
