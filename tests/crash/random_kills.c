/* SPDX-License-Identifier: MIT */
/* random_kills.c - producers and consumers killed at random moments, over and over.
 *
 * On a reliable and on an overwrite queue: kept groups go on where they were, nothing comes
 * torn or out of order, every loss of an overwrite group is counted, and at the end nothing
 * is left. RILL_TEST_SECONDS sets how long (the long tier); 8 s without it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "actors.h"

#define GROUPS 3

/* What outlives the actors: how far each group has come, by its members' own word. */
struct progress {
  _Atomic uint64_t done; /* every message below it was handled */
  _Atomic uint64_t lives, lost;
};

struct world {
  struct progress group[2][GROUPS];
  _Atomic uint64_t published[2];
};

static struct world *world;

struct role {
  unsigned queue; /* 0 reliable, 1 overwrite */
  unsigned group;
};

static rill_queue *open_one(unsigned which) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .overflow = which, .max_groups = 4};
  rill_queue *queue = NULL;
  CHECK_CODE(rill_queue_open(context_here(), which ? "overwrite" : "reliable", RILL_CREATE, &attr,
                             RILL_NOW, &queue),
             0);
  return queue;
}

/* Publishes in all the ways there are. */
static void produce(void *arg) {
  const struct role *role = arg;
  rill_queue *queue = open_one(role->queue);
  rill_producer *producer =
      open_producer(queue, (uint32_t)(random_number() % 3), RILL_FOREVER);
  unsigned char bytes[4][MESSAGE_MOST];
  struct rill_item items[4];
  uint64_t number = stat_of(queue).sequence;
  CHECK_THAT(number >= world->published[role->queue], "sequences %llu to %llu were lost",
             (unsigned long long)number, (unsigned long long)world->published[role->queue]);
  for (;;) {
    at("publishing %llu", (unsigned long long)number);
    const unsigned way = (unsigned)(random_number() % 8);
    void *data = NULL;
    size_t n = 1;
    if (way == 0) {
      for (n = 0; n < 4; n++)
        items[n] = (struct rill_item){bytes[n], fill_message(number + n, bytes[n]), NULL};
      const int got = rill_publish_batch(producer, items, n, RILL_FOREVER);
      CHECK_CODE(got, (int)n);
    } else if (way == 1) {
      const size_t size = fill_message(number, bytes[0]);
      CHECK_CODE(rill_reserve(producer, NULL, MESSAGE_MOST, RILL_FOREVER, &data), 0);
      memcpy(data, bytes[0], size);
      CHECK_CODE(rill_commit(producer, size), 0);
    } else if (way == 2) {
      CHECK_CODE(rill_reserve(producer, NULL, MESSAGE_MOST, RILL_FOREVER, &data), 0);
      memset(data, 0xee, MESSAGE_MOST);
      rill_abort(producer);
      n = 0;
    } else
      CHECK_CODE(publish_number(producer, number, RILL_FOREVER), 0);
    number += n;
    atomic_store(&world->published[role->queue], number);
    if (role->queue == 1 && number % 64 == 0)
      breathe(); /* or else overwrite readers see nothing but losses */
  }
}

static void consume(void *arg) {
  const struct role *role = arg;
  struct progress *progress = &world->group[role->queue][role->group];
  char name[2] = {(char)('a' + role->group), 0};
  const struct joining joining = {.group = name,
                                  .wait = (uint32_t)(random_number() % 3),
                                  .flags = RILL_KEEP_GROUP | RILL_FOLLOW};
  rill_consumer *consumer = open_consumer(open_one(role->queue), joining);
  for (int first = 1;; first = 0) {
    struct rill_message message;
    at("receiving behind %llu", (unsigned long long)progress->done);
    CHECK_CODE(rill_receive(consumer, RILL_FOREVER, &message), 0);
    const uint64_t done = progress->done, from = message.sequence - message.lost;
    CHECK_THAT(role->queue == 1 || message.lost == 0, "a reliable group lost messages");
    CHECK_THAT(first ? from <= done : from == done, "group %s of queue %u: from %llu, not %llu",
               name, role->queue, (unsigned long long)from, (unsigned long long)done);
    check_message(&message, message.sequence);
    progress->lost += message.lost;
    if (message.sequence >= done)
      progress->done = message.sequence + 1;
    else /* seen before, by a member that died before its release was published */
      for (uint64_t next = message.sequence + 1; next < done; next++) {
        CHECK_CODE(rill_receive(consumer, RILL_FOREVER, &message), 0);
        if (message.lost == 0)
          CHECK(message.sequence == next);
        else {
          CHECK(role->queue == 1 && message.sequence - message.lost == next);
          next = message.sequence;
        }
        check_message(&message, message.sequence);
        if (message.sequence >= done)
          progress->done = message.sequence + 1;
      }
    if (random_number() % 4 == 0)
      CHECK_CODE(rill_release(consumer, NULL), 0);
    atomic_fetch_add(&me->count[0], 1);
  }
}

static void wait_a_random_while(void) {
  const struct timespec span = {.tv_nsec = (long)(random_number() % 4000000)};
  (void)nanosleep(&span, NULL);
}

static int64_t span_of_the_test(void) {
  const char *wish = getenv("RILL_TEST_SECONDS");
  return (wish ? strtoll(wish, NULL, 10) : 8) * INT64_C(1000000000);
}

#define CAST (2 * (1 + GROUPS))

static struct actor *enter(struct role *role) {
  if (role->group == GROUPS)
    return spawn(role->queue ? "overwriting producer" : "producer", produce, role);
  atomic_fetch_add(&world->group[role->queue][role->group].lives, 1);
  return spawn(role->queue ? "overwrite consumer" : "consumer", consume, role);
}

/* The last act: what is in the queues now is taken to the end. */
static void drain(unsigned which) {
  rill_queue *queue = open_one(which);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  const uint64_t end = stat_of(queue).sequence;
  CHECK(end >= world->published[which]);
  rill_producer_close(producer);
  for (unsigned group = 0; group < GROUPS; group++) {
    const struct joining joining = {.group = (char[2]){(char)('a' + group), 0}};
    struct progress *progress = &world->group[which][group];
    rill_consumer *consumer = open_consumer(queue, joining);
    struct rill_message message;
    uint64_t next = 0;
    int code, first = 1;
    while ((code = rill_receive(consumer, RILL_FOREVER, &message)) == 0) {
      const uint64_t from = message.sequence - message.lost;
      CHECK(first ? from <= progress->done : from == next);
      check_message(&message, message.sequence);
      next = message.sequence + 1;
      first = 0;
    }
    CHECK_CODE(code, -EPIPE);
    CHECK(first ? progress->done == end : next == end);
    rill_consumer_close(consumer);
  }
  rill_queue_close(queue);
}

static void kept_groups_lose_nothing_under_random_kills(void) {
  struct role roles[CAST];
  struct actor *cast[CAST];
  world = mmap(NULL, sizeof *world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(world != MAP_FAILED);
  (void)alarm(60 + (unsigned)(span_of_the_test() / 1000000000));
  rill_queue *queues[2] = {open_one(0), open_one(1)};
  /* All groups exist before the first message, so that each sees all of them. */
  for (unsigned i = 0; i < 2 * GROUPS; i++)
    rill_consumer_close(open_consumer(
        queues[i / GROUPS], (struct joining){.group = (char[2]){(char)('a' + i % GROUPS), 0},
                                             .flags = RILL_KEEP_GROUP}));
  for (unsigned i = 0; i < CAST; i++) {
    roles[i] = (struct role){i / (1 + GROUPS), i % (1 + GROUPS)};
    cast[i] = enter(&roles[i]);
  }
  const rill_time end = rill_after(span_of_the_test());
  uint64_t kills = 0;
  while (rill_clock() < end) {
    wait_a_random_while();
    const unsigned victims = 1 + (unsigned)(random_number() % 3);
    unsigned who[3];
    for (unsigned i = 0; i < victims; i++) {
      who[i] = (unsigned)(random_number() % CAST);
      if (cast[who[i]]) {
        kill_actor(cast[who[i]]);
        kills++;
      }
      cast[who[i]] = NULL;
    }
    check_invariants(queues[0]);
    check_invariants(queues[1]);
    if (random_number() % 8 == 0)
      CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
    for (unsigned i = 0; i < victims; i++)
      if (!cast[who[i]])
        cast[who[i]] = enter(&roles[who[i]]);
  }
  for (unsigned i = 0; i < CAST; i++)
    kill_actor(cast[i]);
  for (unsigned which = 0; which < 2; which++) {
    CHECK(world->published[which] > 0);
    drain(which);
    rill_queue_close(queues[which]);
    (void)printf("  queue %u: %llu messages, groups at", which,
                 (unsigned long long)world->published[which]);
    for (unsigned group = 0; group < GROUPS; group++)
      (void)printf(" %llu (%llu lives, %llu lost)",
                   (unsigned long long)world->group[which][group].done,
                   (unsigned long long)world->group[which][group].lives,
                   (unsigned long long)world->group[which][group].lost);
    (void)printf("\n");
  }
  (void)printf("  %llu kills\n", (unsigned long long)kills);
  gc_leaves_nothing();
  CHECK(munmap(world, sizeof *world) == 0);
}

static const struct test tests[] = {
    {"kept_groups_lose_nothing_under_random_kills", kept_groups_lose_nothing_under_random_kills},
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
