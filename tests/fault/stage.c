/* SPDX-License-Identifier: MIT */
/* stage.c - the other users of the queue, and the neighbour. See stage.h. */
#include "stage.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

struct stage scene;

static const struct rill_queue_attr attr = {
    .size = sizeof attr, .capacity = 65536, .max_groups = 4, .max_message = MESSAGE_MOST};

static void enter_stage(void) {
  scene.queue = open_queue(&attr);
  scene.consumer = open_consumer(
      scene.queue, (struct joining){.group = "other", .wait = RILL_PARK, .flags = RILL_FOLLOW});
}

void stage_without_producer(void) {
  enter_stage();
}

void stage_with_producer(void) {
  enter_stage();
  scene.producer = open_producer(scene.queue, RILL_PARK, RILL_NOW);
}

static void drain(void) {
  struct rill_message message;
  int code;
  while ((code = rill_receive(scene.consumer, RILL_NOW, &message)) == 0) {
    CHECK_THAT(message.sequence == scene.sequence && message.lost == 0, "message %llu, not %llu",
               (unsigned long long)message.sequence, (unsigned long long)scene.sequence);
    check_message(&message, scene.sequence++);
    CHECK_CODE(rill_release(scene.consumer, &message), 0);
  }
  CHECK_CODE(code, -EAGAIN);
}

void traffic_goes_on(int code) {
  (void)code;
  drain();
  rill_producer *producer =
      scene.producer ? scene.producer : open_producer(scene.queue, RILL_PARK, RILL_NOW);
  for (int i = 0; i < 2; i++) {
    CHECK_CODE(publish_number(producer, scene.sequence, RILL_NOW), 0);
    receive_number(scene.consumer, scene.sequence++);
  }
  if (!scene.producer)
    rill_producer_close(producer);
}

int has_files(const char *queue) {
  DIR *entries = opendir(scene_directory());
  const size_t length = strlen(queue);
  int found = 0;
  CHECK(entries);
  for (struct dirent *entry; (entry = readdir(entries));)
    found |= strncmp(entry->d_name, queue, length) == 0 && entry->d_name[length] == '.';
  (void)closedir(entries);
  return found;
}

void remove_if_there(const char *queue) {
  const int code = rill_queue_unlink(context_here(), queue);
  HOLDS(code == 0 || code == -ENOENT, "unlink: %d (%s)", code, rill_error());
  HOLDS(!has_files(queue), "an unlink leaves files of queue '%s'", queue);
}

/* --- the neighbour ------------------------------------------------------------------------ */

static void be_a_neighbour(void *arg) {
  (void)arg;
  rill_queue *queue = NULL;
  CHECK_CODE(rill_queue_open(context_here(), "neighbour", RILL_CREATE, &attr, RILL_NOW, &queue), 0);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
  for (uint64_t number = 0;; number++) {
    at("message %llu", (unsigned long long)number);
    CHECK_CODE(publish_number(producer, number, RILL_FOREVER), 0);
    receive_number(consumer, number);
    atomic_store(&me->count[0], number + 1);
    breathe();
  }
}

struct part {
  const struct group *group;
  const struct tier *tier;
  struct actor *neighbour;
};

static void play_group(void *arg) {
  const struct part *part = arg;
  context_here();
  if (part->group->set)
    part->group->set();
  for (size_t i = 0; i < part->group->count; i++) {
    const uint64_t before = atomic_load(&part->neighbour->count[0]);
    sweep_operation(&part->group->operations[i], part->tier);
    at("waiting for the neighbour's traffic");
    while (atomic_load(&part->neighbour->count[0]) < before + 3)
      breathe();
  }
  if (part->group->unset)
    part->group->unset();
  fail_if_found();
}

void sweep_group(const struct group *group, const struct tier *tier) {
  struct actor *neighbour = spawn("neighbour", be_a_neighbour, NULL);
  await_count(neighbour, 0, 1);
  struct part part = {group, tier, neighbour};
  await_end(spawn("player", play_group, &part));
  fail_if_dead();
  kill_actor(neighbour);
  gc_leaves_nothing();
}
