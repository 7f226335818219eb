/* SPDX-License-Identifier: MIT */
/* triggers.c - what clients do with a registry. See triggers.h. */
#include "triggers.h"
#include "mute.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

struct process *rilld;

static void ask(enum rilli_wire_type type, const char *name) {
  struct rilli_wire_answer answer;
  (void)talk_once(type, name, &answer);
}

static void ask_stat(void) {
  ask(RILLI_WIRE_STAT, "q");
}
static void ask_open(void) {
  ask(RILLI_WIRE_OPEN, "q");
}
static void ask_list(void) {
  ask(RILLI_WIRE_LIST, "");
}
static void ask_create(void) {
  struct rilli_wire_answer answer;
  const int code = talk_once(RILLI_WIRE_CREATE, "new", &answer);
  CHECK_THAT(code != 0 || has_files("new"), "a creation that is answered 0 made nothing");
}
static void ask_unlink(void) {
  struct rilli_wire_answer answer;
  const int code = talk_once(RILLI_WIRE_CREATE, "new", &answer);
  if (code == 0)
    ask(RILLI_WIRE_UNLINK, "new");
}
static void new_goes(void) {
  ask(RILLI_WIRE_UNLINK, "new"); /* behind a creation that is still to come */
  remove_if_there("new");
}

/* Watches a queue that comes and goes; a reported queue is not lost when descriptors run out. */
static void watch(void) {
  union rilli_wire_message message;
  const int fd = talk_connect();
  if (fd < 0)
    return;
  if (talk_try_send(fd, RILLI_WIRE_WATCH, "") == 0 && talk_receive(fd, &message) > 0 &&
      message.answer.code == 0) {
    rill_queue *queue = NULL;
    const struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536};
    CHECK_EQ(rill_queue_open(context_here(), "new", RILL_CREATE, &attr, RILL_NOW, &queue), 0);
    rill_queue_close(queue);
    CHECK_EQ(rill_queue_unlink(context_here(), "new"), 0);
    (void)talk_try_send(fd, RILLI_WIRE_STAT, "q");
    int type; /* events, or their loss, come before the answer */
    do
      type = talk_receive(fd, &message);
    while (type == RILLI_WIRE_EVENT);
  }
  (void)close(fd);
}

static void attach_and_detach_here(void) {
  rill_context *context = NULL;
  rill_queue *queue = NULL;
  rill_consumer *consumer = NULL;
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  CHECK_EQ(rill_queue_open(context, "q", 0, NULL, RILL_NOW, &queue), 0);
  CHECK_EQ(rill_consumer_open(queue, NULL, &consumer), 0);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context);
}

static void attach_here(void) {
  (void)open_consumer(open_queue(NULL), (struct joining){.group = "dead"});
}

/* A client of its own, which ends afterwards. */
static void be_a_client(void (*what)(void)) {
  in_a_child(what);
  ask_stat(); /* read after all of that */
}

static void attach_and_detach(void) {
  be_a_client(attach_and_detach_here);
}
static void die(void) {
  be_a_client(attach_here);
}

static void dead_member_is_reclaimed(void) {
  struct patience patience = {0};
  while (stat_of(others.queue).group_count != 1)
    look_again(&patience, "the dead member is not reclaimed");
}

static void hang_up_signal(void) {
  CHECK(kill(rilld->pid, SIGHUP) == 0);
  ask_stat();
}

const struct trigger triggers[] = {
    {"stat", ask_stat, NULL, 1},
    {"open", ask_open, NULL, 1},
    {"list", ask_list, NULL, 1},
    {"create", ask_create, new_goes, 1},
    {"unlink", ask_unlink, new_goes, 1},
    {"watch", watch, NULL, 1},
    {"attach and detach", attach_and_detach, NULL, 0},
    {"death of a client", die, dead_member_is_reclaimed, 0},
    {"SIGHUP", hang_up_signal, NULL, 0},
};
const size_t trigger_count = sizeof triggers / sizeof *triggers;

/* --- until everything works again ------------------------------------------------------------ */

#define LOOKS 100000u /* of 0.2 ms: then it hangs                                         */

void look_again(struct patience *patience, const char *what) {
  CHECK_THAT(patience->looks++ < LOOKS, "waited too long: %s", what);
  breathe();
}

void await_queues(unsigned count) {
  struct rilli_wire_answer answer;
  struct patience patience = {0};
  while (talk_once(RILLI_WIRE_LIST, "", &answer) != 0 || answer.count != count ||
         talk_once(RILLI_WIRE_OPEN, "q", &answer) != 0 || /* which checks again */
         talk_once(RILLI_WIRE_STAT, "q", &answer) != 0)
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
  CHECK(fd >= 0 && talk_try_send(fd, RILLI_WIRE_STAT, "q") == 0 && talk_receive(fd, &message) > 0);
  const unsigned count = descriptors_of(pid) - OF_A_CLIENT;
  (void)close(fd);
  return count;
}

void await_descriptors(pid_t pid, unsigned count) {
  struct patience patience = {0};
  while (descriptors_of(pid) != count)
    look_again(&patience, "the registry does not close what it opened");
}

static void run(void *arg) {
  void (*part)(void) = *(void (**)(void))arg;
  mute(context_here()); /* its own client must not do another one's work */
  part();
}

void in_a_process(void (*part)(void)) {
  await_end(spawn("client", run, (void *)&part));
  gc_leaves_nothing();
}
