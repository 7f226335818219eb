/* SPDX-License-Identifier: MIT */
/* registry_fails.c - the library beside a registry that fails it: each system call by which they
 * talk failed in the library, and a registry that refuses, hangs up, does not answer, or answers
 * invalid bytes.
 *
 * Queues, producers and consumers do not notice; a process that asks gets an error with a text. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "injector.h"
#include "mute.h"

/* From the first call to the last. */
static int live(const void *arg) {
  const struct rill_consumer_attr attr = {.size = sizeof attr, .group = "named"};
  rill_context *context = NULL;
  rill_queue *queue = NULL;
  rill_consumer *consumer = NULL;
  (void)arg;
  int code = rill_context_open(NULL, &context);
  if (code == 0)
    code = rill_queue_open(context, "q", 0, NULL, RILL_NOW, &queue);
  if (code == 0)
    code = rill_consumer_open(queue, &attr, &consumer);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context);
  return code;
}

static int ask(const void *arg) {
  struct rilli_wire_request request;
  union rilli_wire_message message;
  (void)arg;
  const int fd = rilli_registry_connect(rilli_context_dir(context_here()), 0);
  if (fd < 0)
    return fd;
  rilli_wire_start(&request, RILLI_WIRE_LIST, 7);
  int code = rilli_registry_send(fd, &request);
  if (code == 0)
    code = rilli_registry_receive(fd, &message);
  (void)close(fd);
  return code;
}

/* --- a registry that works ------------------------------------------------------------------ */

static pid_t daemon_pid;

static void beside_a_registry(void) {
  others_with_producer();
  mute(context_here());
  daemon_pid = fork();
  CHECK(daemon_pid >= 0);
  if (daemon_pid == 0)
    serve(NULL);
  at("waiting for rilld");
  while (ask(NULL) < 0)
    breathe();
}

static void registry_is_well(int code) {
  CHECK_THAT(ask(NULL) == RILLI_WIRE_ANSWER, "rilld does not answer");
  traffic_is_well(code);
}

static void end_of_the_registry(void) {
  int status = 0;
  CHECK(kill(daemon_pid, SIGTERM) == 0);
  CHECK(waitpid(daemon_pid, &status, 0) == daemon_pid && status == 0);
}

#define HOST ENOMEM, EMFILE, ENFILE, ENOLCK, EIO, EACCES, EPERM, EINTR, ENOENT
/* Whatever fails, the queue is reported once. */
static int watch(const void *arg) {
  const struct rill_watch_attr attr = {.size = sizeof attr, .flags = RILL_WATCH_EXISTING};
  struct rill_event event = {.size = sizeof event};
  rill_watch *watch = NULL;
  unsigned appeared = 0;
  (void)arg;
  int code = rill_watch_open(context_here(), "q", &attr, &watch);
  CHECK((code == 0) == (watch != NULL));
  while (code == 0 && (code = rill_watch_next(watch, RILL_NOW, &event)) == 0)
    appeared += event.what == RILL_EVENT_APPEARED;
  rill_watch_close(watch);
  HOLDS(code != -EAGAIN || appeared == 1 || is_misled(), "a watcher reports a queue %u times",
        appeared);
  return code == -EAGAIN ? 0 : code;
}

static const struct injection talks[] = {
    {.name = "a life beside a registry",
     .run = live,
     .leave = registry_is_well,
     .documented = {HOST, ESTALE, EBUSY, EBADMSG, EUSERS, ENOSPC, ENOSYS, EINVAL}},
    {.name = "a watcher", .run = watch, .leave = registry_is_well, .documented = {HOST, EBADF}},
};
static const struct suite talking = {"talking", talks, sizeof talks / sizeof *talks,
                                     beside_a_registry, end_of_the_registry};

static void each_call_by_which_they_talk_may_fail(void) {
  static const struct tier all = {.stride = 1};
  inject(&talking, &all);
}

/* --- one that does not
 * ----------------------------------------------------------------------------
 */

enum manner {
  REFUSES,
  LISTENS_ONLY,
  IS_FULL,
  HANGS_UP,
  TALKS_NONSENSE,
  SAYS_NO,
  SAYS_NOTHING_VALID, /* but for the answer to a watcher                                */
  REPORTS_NO_NAMES,
  IS_SILENT,
  MANNERS
};
static const char *const words[MANNERS] = {
    "refuses", "listens only",       "is full",          "hangs up", "talks nonsense",
    "says no", "says nothing valid", "reports no names", "is silent"};

/* To a watcher: an answer, and an event that must not be reported. */
static void say(int client, enum manner manner) {
  struct rilli_wire_request request;
  struct rilli_wire_answer answer;
  struct rilli_wire_event event;
  if (recv(client, &request, sizeof request, 0) <= 0) /* else it might not get to ask */
    return;
  rilli_wire_start(&answer, RILLI_WIRE_ANSWER, 1);
  answer.code = manner == SAYS_NO ? -EBUSY : 0;
  (void)send(client, &answer, sizeof answer, MSG_NOSIGNAL | MSG_DONTWAIT);
  rilli_wire_start(&event, RILLI_WIRE_EVENT, 0);
  event.what = RILLI_EVENT_DIED;
  event.kind = RILLI_KIND_CONSUMER;
  rilli_wire_name(event.name, manner == REPORTS_NO_NAMES ? "../\033[31m" : "q");
  if (manner == SAYS_NOTHING_VALID)
    event.kind = RILLI_KINDS;
  (void)send(client, &event, sizeof event, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int bound_socket(enum manner manner) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/" RILLI_SOCKET_FILE,
                 namespace_directory());
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  CHECK(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0);
  if (manner != REFUSES)
    CHECK(listen(fd, manner == IS_FULL ? 0 : 64) == 0);
  return fd;
}

static void be_a_bad_registry(void *arg) {
  const enum manner manner = *(const enum manner *)arg;
  const int fd = bound_socket(manner);
  report_ready();
  if (manner < HANGS_UP) {
    await_proceed();
    return;
  }
  for (;;) {
    const int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
    CHECK(client >= 0);
    if (manner == TALKS_NONSENSE)
      (void)send(client, "nonsense", 8, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (manner == SAYS_NO || manner == SAYS_NOTHING_VALID || manner == REPORTS_NO_NAMES)
      say(client, manner);
    if (manner != IS_SILENT) /* a silent one keeps the connection, and never reads */
      (void)close(client);
  }
}

static void check_request(enum manner manner) {
  if (manner == LISTENS_ONLY || manner == IS_FULL || manner >= SAYS_NO)
    return; /* a client waits for it, as it says */
  const int code = ask(NULL);
  CHECK_THAT(code == (manner == REFUSES ? -ECONNREFUSED : -EPIPE) ||
                 (manner == TALKS_NONSENSE && code == -EPROTO),
             "a request to a registry that %s answers %d", words[manner], code);
}

/* It reports queues by the directory, and nothing of what this registry says. */
static void check_watcher(enum manner manner) {
  enum { SOURCES = 2 };
  struct rill_event event = {.size = sizeof event};
  rill_watch *watch = NULL;
  char path[600];
  unsigned sources = 0, appeared = 0;
  at("a watcher beside a registry that %s", words[manner]);
  CHECK_EQ(rill_watch_open(context_here(), NULL, NULL, &watch), 0);
  (void)snprintf(path, sizeof path, "%s/watched.control", namespace_directory());
  const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  CHECK(file >= 0 && close(file) == 0);
  const int lies = manner == SAYS_NOTHING_VALID || manner == REPORTS_NO_NAMES;
  while (!appeared || (lies && sources < SOURCES)) {
    CHECK_EQ(rill_watch_next(watch, RILL_FOREVER, &event), 0);
    CHECK(event.what == RILL_EVENT_SOURCE || event.what == RILL_EVENT_APPEARED);
    CHECK(event.what == RILL_EVENT_SOURCE || strcmp(event.queue, "watched") == 0);
    sources += event.what == RILL_EVENT_SOURCE;
    appeared += event.what == RILL_EVENT_APPEARED;
  }
  CHECK(appeared == 1 && (lies || sources == 1));
  rill_watch_close(watch);
  CHECK(unlink(path) == 0);
}

static void be_a_client(void *arg) {
  enum { LIVES = 200 }; /* more than a backlog and a socket's buffer hold                  */
  const enum manner manner = *(const enum manner *)arg;
  others_with_producer();
  for (unsigned i = 0; i < LIVES; i++) {
    at("a registry that %s, life %u", words[manner], i);
    CHECK_EQ(live(NULL), 0);
    check_traffic();
  }
  check_request(manner);
  check_watcher(manner);
}

static void bad_registry_harms_no_client(void) {
  (void)context_here(); /* and there is a directory */
  for (enum manner manner = 0; manner < MANNERS; manner++) {
    struct process *registry = spawn("bad registry", be_a_bad_registry, &manner);
    await_ready(registry);
    await_end(spawn("client", be_a_client, &manner));
    kill_process(registry);
    char path[600];
    (void)snprintf(path, sizeof path, "%s/" RILLI_SOCKET_FILE, namespace_directory());
    CHECK(unlink(path) == 0);
    gc_leaves_nothing();
  }
}

static const struct test tests[] = {
    NAMED(each_call_by_which_they_talk_may_fail),
    NAMED(bad_registry_harms_no_client),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 120);
}
