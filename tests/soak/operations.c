/* SPDX-License-Identifier: MIT */
/* operations.c - each call of the interface, done once and undone. See operations.h. */
#include "operations.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

struct stage_set set;
static uint64_t number;    /* of the next message of "q"                               */
static char paths[2][800]; /* of its control, of its data segment                      */

static const struct rill_queue_attr small = {
    .size = sizeof small, .capacity = 65536, .max_groups = 6};

/* The segments of "q" by their paths; the data's name has the uuid in it. */
static void find_paths(void) {
  DIR *entries = opendir(scene_directory());
  CHECK(entries);
  for (struct dirent *entry; (entry = readdir(entries));)
    if (strncmp(entry->d_name, "q.", 2) == 0)
      (void)snprintf(paths[strlen(entry->d_name) > 20], sizeof paths[0], "%s/%s", scene_directory(),
                     entry->d_name);
  (void)closedir(entries);
}

void open_set(void) {
  set.context = context_here();
  set.queue = open_queue(&small);
  CHECK_CODE(rill_queue_open(set.context, "idle", RILL_CREATE, &small, RILL_NOW, &set.idle), 0);
  set.producer = open_producer(set.queue, RILL_PARK, RILL_NOW);
  set.kept = open_consumer(set.queue, (struct joining){.group = "kept", .wait = RILL_PARK});
  set.passing = open_consumer(set.queue, (struct joining){.wait = RILL_ADAPTIVE});
  number = stat_of(set.queue).sequence;
  find_paths();
}

void close_set(void) {
  rill_consumer_close(set.kept);
  rill_consumer_close(set.passing);
  rill_producer_close(set.producer);
  rill_queue_close(set.queue);
  rill_queue_close(set.idle);
}

/* --- what moves messages --------------------------------------------------------------- */

static void receive_both(void) {
  receive_number(set.kept, number);
  receive_number(set.passing, number++);
}

static int publish_and_receive(void) {
  const int code = publish_number(set.producer, number, RILL_NOW);
  if (code == 0)
    receive_both();
  return code;
}

static int reserve_and_commit(void) {
  unsigned char bytes[MESSAGE_MOST];
  const size_t size = fill_message(number, bytes);
  void *place = NULL;
  int code = rill_reserve(set.producer, NULL, MESSAGE_MOST, RILL_NOW, &place);
  if (code)
    return code;
  memset(place, 0xee, MESSAGE_MOST);
  rill_abort(set.producer);
  code = rill_reserve(set.producer, NULL, size, RILL_NOW, &place);
  if (code)
    return code;
  memcpy(place, bytes, size);
  code = rill_commit(set.producer, size);
  if (code == 0)
    receive_both();
  return code;
}

static int batch(void) {
  unsigned char bytes[4][MESSAGE_MOST];
  struct rill_item items[4];
  for (unsigned i = 0; i < 4; i++)
    items[i] = (struct rill_item){bytes[i], fill_message(number + i, bytes[i]), NULL};
  const int code = rill_publish_batch(set.producer, items, 4, RILL_NOW);
  for (int i = 0; i < code; i++)
    receive_both();
  return code < 0 ? code : 0;
}

static int wait_for_message(void) {
  struct rill_message message;
  const int code = rill_receive(set.kept, rill_after(1500000), &message);
  return code == -ETIMEDOUT ? 0 : code;
}

static int wait_for_room(void) {
  uint64_t end = number;
  int code;
  while ((code = publish_number(set.producer, end, rill_after(1500000))) == 0)
    end++;
  while (number != end)
    receive_both();
  return code == -ETIMEDOUT ? 0 : code;
}

static int wait_for_queue(void) {
  rill_queue *none = NULL;
  const int code = rill_queue_open(set.context, "none", 0, NULL, rill_after(1500000), &none);
  return code == -ETIMEDOUT ? 0 : code;
}

static int wait_for_place(void) {
  rill_producer *none = NULL;
  const int code = rill_producer_open(set.queue, NULL, rill_after(1500000), &none);
  return code == -ETIMEDOUT ? 0 : code;
}

/* --- what comes and goes --------------------------------------------------------------- */

static int context(void) {
  rill_context *another = NULL;
  const int code = rill_context_open(NULL, &another);
  CHECK((code == 0) == (another != NULL));
  rill_context_close(another);
  return code;
}

/* A kept one with a group, so that only the removal takes it away. */
static int create_and_remove(void) {
  static const char *const groups[] = {"a"};
  struct rill_queue_attr attr = small;
  rill_queue *made = NULL;
  attr.lifetime = RILL_KEPT;
  attr.groups = groups;
  attr.group_count = 1;
  int code =
      rill_queue_open(set.context, "new", RILL_CREATE | RILL_EXCLUSIVE, &attr, RILL_NOW, &made);
  if (code == -EEXIST) /* it could not be removed the last time */
    return rill_queue_unlink(set.context, "new");
  CHECK((code == 0) == (made != NULL));
  rill_queue_close(made);
  return code ? code : rill_queue_unlink(set.context, "new");
}

static int open_with(const char *name, unsigned flags) {
  rill_queue *second = NULL;
  const int code = rill_queue_open(set.context, name, flags, NULL, RILL_NOW, &second);
  CHECK((code == 0) == (second != NULL));
  rill_queue_close(second);
  return code;
}

static int open_again(void) {
  return open_with("q", 0);
}

static int open_or_create(void) {
  return open_with("q", RILL_CREATE);
}

static int observe(void) {
  return open_with("q", RILL_OBSERVE);
}

static int open_files(void) {
  rill_queue *copy = NULL;
  const int code = rill_queue_open_files(set.context, paths[0], paths[1], &copy);
  CHECK((code == 0) == (copy != NULL));
  rill_queue_close(copy);
  return code;
}

static int produce(void) {
  rill_producer *producer = NULL;
  const int code = rill_producer_open(set.idle, NULL, RILL_NOW, &producer);
  CHECK((code == 0) == (producer != NULL));
  rill_producer_close(producer);
  return code;
}

static int join(const struct rill_consumer_attr *attr) {
  rill_consumer *consumer = NULL;
  const int code = rill_consumer_open(set.idle, attr, &consumer);
  CHECK((code == 0) == (consumer != NULL));
  rill_consumer_close(consumer);
  return code;
}

static int join_and_leave(void) {
  return join(NULL);
}

static int keep_and_remove(void) {
  const struct rill_consumer_attr attr = {
      .size = sizeof attr, .group = "g", .flags = RILL_KEEP_GROUP};
  const int code = join(&attr);
  return code ? code : rill_group_unlink(set.idle, "g");
}

static int look_on(void) {
  const struct rill_consumer_attr attr = {.size = sizeof attr, .flags = RILL_TAIL};
  return join(&attr);
}

/* --- what looks, and what collects ------------------------------------------------------- */

static int stat_queue(void) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  return rill_queue_stat(set.queue, &stat);
}

static int stat_groups(void) {
  struct rill_group_stat stat = {.size = sizeof stat};
  int code = 0;
  for (uint32_t index = 0; (code = rill_group_stat(set.queue, &index, &stat)) == 1;)
    ;
  return code;
}

static int stat_placement(void) {
  struct rill_placement_stat stat = {.size = sizeof stat};
  return rill_placement_stat(set.queue, &stat);
}

static int no_visit(const char *name, void *arg) {
  (void)name;
  (void)arg;
  return 0;
}

static int list(void) {
  const int count = rill_queue_list(set.context, NULL, no_visit, NULL);
  return count > 0 ? 0 : count;
}

static int collect(void) {
  const int count = rill_queue_gc(set.context, 0, NULL, NULL);
  return count > 0 ? 0 : count;
}

static int watch(void) {
  struct rill_event event = {.size = sizeof event};
  rill_watch *watch = NULL;
  int code = rill_watch_open(set.context, NULL, NULL, &watch);
  CHECK((code == 0) == (watch != NULL));
  for (int first = 1; code == 0; first = 0) {
    code = rill_watch_next(watch, RILL_NOW, &event);
    CHECK(!first || (code == 0 && event.what == RILL_EVENT_SOURCE));
  }
  rill_watch_close(watch);
  return code == -EAGAIN ? 0 : code;
}

const struct operation operations[] = {
    {"publish", publish_and_receive, 0},
    {"reserve, abort, commit", reserve_and_commit, 0},
    {"a batch", batch, 0},
    {"a wait for a message", wait_for_message, 0},
    {"a wait for room", wait_for_room, 0},
    {"a wait for a queue", wait_for_queue, 1},
    {"a wait for the producer's place", wait_for_place, 1},
    {"rill_context_open", context, 1},
    {"creation and removal", create_and_remove, 1},
    {"rill_queue_open", open_again, 1},
    {"rill_queue_open to create", open_or_create, 1},
    {"rill_queue_open to look", observe, 1},
    {"rill_queue_open_files", open_files, 1},
    {"rill_producer_open", produce, 1},
    {"rill_consumer_open", join_and_leave, 1},
    {"a kept group, and its removal", keep_and_remove, 1},
    {"a tail", look_on, 0},
    {"rill_queue_stat", stat_queue, 1},
    {"rill_group_stat", stat_groups, 1},
    {"rill_placement_stat", stat_placement, 1},
    {"rill_queue_list", list, 1},
    {"rill_queue_gc", collect, 1},
    {"a watcher", watch, 1},
};
const size_t operation_count = sizeof operations / sizeof *operations;
