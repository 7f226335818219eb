/* SPDX-License-Identifier: MIT */
/* operations.c - each call of the interface, done once and undone. See operations.h. */
#include "operations.h"

#include <errno.h>
#include <string.h>

#include "forge.h"

struct operands set;
static uint64_t number;    /* of the next message of "q"                               */
static struct files files; /* of "q"                                                   */

static const struct rill_queue_attr small = {
    .size = sizeof small, .capacity = 65536, .max_groups = 6};

void open_set(void) {
  set.context = context_here();
  set.queue = open_queue(&small);
  set.idle = open_named("idle", &small);
  set.producer = open_producer(set.queue, RILL_PARK, RILL_NOW);
  set.kept = open_consumer(set.queue, (struct joining){.group = "kept", .wait = RILL_PARK});
  set.passing = open_consumer(set.queue, (struct joining){.wait = RILL_ADAPTIVE});
  number = stat_of(set.queue).sequence;
  files = files_of_queue();
}

void close_set(void) {
  rill_consumer_close(set.kept);
  rill_consumer_close(set.passing);
  rill_producer_close(set.producer);
  rill_queue_close(set.queue);
  rill_queue_close(set.idle);
}

/* --- calls that move messages --------------------------------------------------------------- */

static void receive_both(void) {
  receive_number(set.kept, number);
  receive_number(set.passing, number++);
}

static int publish_and_receive(const void *unused) {
  (void)unused;
  const int code = publish_number(set.producer, number, RILL_NOW);
  if (code == 0)
    receive_both();
  return code;
}

static int reserve_and_commit(const void *unused) {
  (void)unused;
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

static int batch(const void *unused) {
  (void)unused;
  unsigned char bytes[4][MESSAGE_MOST];
  struct rill_item items[4];
  for (unsigned i = 0; i < 4; i++)
    items[i] = (struct rill_item){bytes[i], fill_message(number + i, bytes[i]), NULL};
  const int code = rill_publish_batch(set.producer, items, 4, RILL_NOW);
  for (int i = 0; i < code; i++)
    receive_both();
  return code < 0 ? code : 0;
}

static int wait_for_message(const void *unused) {
  (void)unused;
  struct rill_message message;
  const int code = rill_receive(set.kept, rill_after(1500000), &message);
  return code == -ETIMEDOUT ? 0 : code;
}

static int wait_for_room(const void *unused) {
  (void)unused;
  uint64_t end = number;
  int code;
  while ((code = publish_number(set.producer, end, rill_after(1500000))) == 0)
    end++;
  while (number != end)
    receive_both();
  return code == -ETIMEDOUT ? 0 : code;
}

static int wait_for_queue(const void *unused) {
  (void)unused;
  rill_queue *none = NULL;
  const int code = rill_queue_open(set.context, "none", 0, NULL, rill_after(1500000), &none);
  return code == -ETIMEDOUT ? 0 : code;
}

static int wait_for_place(const void *unused) {
  (void)unused;
  rill_producer *none = NULL;
  const int code = rill_producer_open(set.queue, NULL, rill_after(1500000), &none);
  return code == -ETIMEDOUT ? 0 : code;
}

/* --- calls that make and remove --------------------------------------------------------------- */

int operate_context(const void *unused) {
  (void)unused;
  rill_context *another = NULL;
  const int code = rill_context_open(NULL, &another);
  CHECK((code == 0) == (another != NULL));
  rill_context_close(another);
  return code;
}

/* A kept queue with a group, so that only the removal removes it. */
static int create_and_remove(const void *unused) {
  (void)unused;
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

static int open_and_close(int code, rill_queue *opened) {
  CHECK((code == 0) == (opened != NULL));
  rill_queue_close(opened);
  return code;
}

int operate_open(const void *flags) {
  rill_queue *second = NULL;
  const int code =
      rill_queue_open(context_here(), "q", *(const unsigned *)flags, NULL, RILL_NOW, &second);
  return open_and_close(code, second);
}

int operate_files(const void *of) {
  const struct files *copy = of;
  rill_queue *opened = NULL;
  const int code = rill_queue_open_files(context_here(), copy->control, copy->data, &opened);
  return open_and_close(code, opened);
}

static int produce(const void *unused) {
  (void)unused;
  rill_producer *producer = NULL;
  const int code = rill_producer_open(set.idle, NULL, RILL_NOW, &producer);
  CHECK((code == 0) == (producer != NULL));
  rill_producer_close(producer);
  return code;
}

static int join(const void *attr) {
  rill_consumer *consumer = NULL;
  const int code = rill_consumer_open(set.idle, attr, &consumer);
  CHECK((code == 0) == (consumer != NULL));
  rill_consumer_close(consumer);
  return code;
}

static const struct rill_consumer_attr keeping = {
    .size = sizeof keeping, .group = "g", .flags = RILL_KEEP_GROUP};
static const struct rill_consumer_attr tail = {.size = sizeof tail, .flags = RILL_TAIL};

static int keep_and_remove(const void *unused) {
  (void)unused;
  const int code = join(&keeping);
  return code ? code : rill_group_unlink(set.idle, "g");
}

/* --- calls that observe and collect ------------------------------------------------------- */

static int stat_queue(const void *unused) {
  (void)unused;
  struct rill_queue_stat stat = {.size = sizeof stat};
  return rill_queue_read_stat(set.queue, &stat);
}

static int stat_groups(const void *unused) {
  (void)unused;
  struct rill_group_stat stat = {.size = sizeof stat};
  int code = 0;
  for (uint32_t index = 0; (code = rill_group_read_stat(set.queue, &index, &stat)) == 1;)
    ;
  return code;
}

static int stat_placement(const void *unused) {
  (void)unused;
  struct rill_placement_stat stat = {.size = sizeof stat};
  return rill_placement_read_stat(set.queue, &stat);
}

static int no_visit(const char *name, void *arg) {
  (void)name;
  (void)arg;
  return 0;
}

static int list(const void *unused) {
  (void)unused;
  const int count = rill_queue_list(set.context, NULL, no_visit, NULL);
  return count > 0 ? 0 : count;
}

static int collect(const void *unused) {
  (void)unused;
  const int count = rill_queue_gc(set.context, 0, NULL, NULL);
  return count > 0 ? 0 : count;
}

static int watch(const void *unused) {
  (void)unused;
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

static const unsigned attach = 0, either = RILL_CREATE, observe = RILL_OBSERVE;

const struct operation operations[] = {
    {"publish", publish_and_receive, NULL},
    {"reserve, abort, commit", reserve_and_commit, NULL},
    {"a batch", batch, NULL},
    {"a wait for a message", wait_for_message, NULL},
    {"a wait for room", wait_for_room, NULL},
    {"a wait for a queue", wait_for_queue, NULL},
    {"a wait for the producer's place", wait_for_place, NULL},
    {"rill_context_open", operate_context, NULL},
    {"creation and removal", create_and_remove, NULL},
    {"rill_queue_open", operate_open, &attach},
    {"rill_queue_open to create", operate_open, &either},
    {"rill_queue_open to look", operate_open, &observe},
    {"rill_queue_open_files", operate_files, &files},
    {"rill_producer_open", produce, NULL},
    {"rill_consumer_open", join, NULL},
    {"a kept group, and its removal", keep_and_remove, NULL},
    {"a tail", join, &tail},
    {"rill_queue_stat", stat_queue, NULL},
    {"rill_group_stat", stat_groups, NULL},
    {"rill_placement_stat", stat_placement, NULL},
    {"rill_queue_list", list, NULL},
    {"rill_queue_gc", collect, NULL},
    {"a watcher", watch, NULL},
};
const size_t operation_count = sizeof operations / sizeof *operations;

int operate(const struct operation *operation) {
  return operation->run(operation->arg);
}
