/* SPDX-License-Identifier: MIT */
/* ring.c (stress) - one producer and several consumers in threads over one mapping of the ring:
 * some stay, some join and leave in the middle; all of them park, in both fence modes. The content
 * of each message is a function of its sequence; every sequence is got or counted as lost. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "plain_ring.h"
#include "support.h"

#define STAY 2u   /* consumers from the first message to the last */
#define COME 2u   /* consumers that join and leave */
#define MOST 900u /* bytes of payload */

static struct plain_ring plain;
static struct rill_producer producer;
static uint64_t messages; /* how many are published */
static uint64_t first;    /* sequence */
static uint32_t wait_mode, full_fence, overwrite;

struct worker {
  pthread_t thread;
  uint32_t row;
  struct rill_consumer consumer;
  uint64_t got, lost, joins, parks;
};

/* One of the ways in; returns how many messages it published. */
static uint64_t publish_some(uint64_t sequence, uint64_t random) {
  static uint8_t bytes[3][MOST + 8];
  const size_t size = support_size(sequence, MOST);
  if (random % 8 == 0 && sequence + 3 - first <= messages) {
    struct rill_item items[3];
    for (size_t i = 0; i < 3; i++) {
      items[i] = (struct rill_item){bytes[i], support_size(sequence + i, MOST), NULL};
      support_fill(bytes[i], items[i].size, sequence + i);
    }
    CHECK_EQ(rill_publish_batch(&producer, items, 3, RILL_FOREVER), 3);
    return 3;
  }
  if (random % 8 == 1 && !overwrite) {
    void *data = NULL;
    CHECK_EQ(rill_reserve(&producer, NULL, MOST, RILL_FOREVER, &data), 0);
    if (random % 16 == 1) {
      rill_abort(&producer);
      return 0;
    }
    support_fill(data, size, sequence);
    CHECK_EQ(rill_commit(&producer, size), 0);
    return 1;
  }
  support_fill(bytes[0], size, sequence);
  CHECK_EQ(rill_publish(&producer, bytes[0], size, RILL_FOREVER), 0);
  return 1;
}

static void *produce(void *unused) {
  (void)unused;
  uint64_t seed = 1;
  for (uint64_t sequence = first; sequence != first + messages;) {
    const uint64_t random = support_random(&seed);
    sequence += publish_some(sequence, random >> 32);
    if (random % 512 == 0 || (overwrite && random % 64 == 0)) /* let them run dry */
      for (int i = 0; i < 20; i++)
        (void)sched_yield();
  }
  plain_announce_close(&plain);
  return NULL;
}

static void check(const struct rill_message *message, uint64_t due) {
  CHECK_EQ(message->sequence, due + message->lost);
  CHECK_EQ(message->size, support_size(message->sequence, MOST));
  CHECK(support_is(message->data, message->size, message->sequence));
}

/* Receives up to n messages; returns 0 or -EPIPE. */
static int consume(struct worker *worker, uint64_t n, uint64_t *seed) {
  struct rill_consumer *consumer = &worker->consumer;
  while (n) {
    struct rill_message got[16];
    const uint64_t random = support_random(seed);
    const uint64_t due = consumer->sequence - consumer->lost; /* what it will report */
    int count = 1;
    int code = random % 4
                   ? rill_receive(consumer, RILL_FOREVER, got)
                   : (count = rill_receive_batch(consumer, n < 16 ? n : 16, RILL_FOREVER, got));
    if (code == -EPIPE)
      return code;
    CHECK(code >= 0 && count > 0);
    uint64_t next = due;
    for (int i = 0; i < count; i++) {
      check(&got[i], next);
      worker->lost += got[i].lost;
      next = got[i].sequence + 1;
    }
    worker->got += (uint64_t)count;
    n -= (uint64_t)count;
    if (random % 3)
      CHECK_EQ(rill_release(consumer, random % 2 ? NULL : &got[count - 1]), 0);
    if (random % 1024 == 5 || (overwrite && random % 256 == 5)) /* a slow one */
      for (int i = 0; i < 30; i++)
        (void)sched_yield();
  }
  return 0;
}

static void join(struct worker *worker, uint32_t start, uint32_t flags) {
  CHECK_EQ(plain_consumer(&plain, &worker->consumer, worker->row, start, first, flags), 0);
  atomic_store_explicit(&worker->consumer.slot->parks, 0, memory_order_relaxed);
  worker->consumer.patience.wait = wait_mode;
  worker->consumer.full_fence = full_fence;
  worker->joins++;
}

static void leave(struct worker *worker) {
  worker->parks += atomic_load_explicit(&worker->consumer.slot->parks, memory_order_relaxed);
  plain_leave(&worker->consumer);
}

/* Sees everything (its group is there before the first message). */
static void *stay(void *arg) {
  struct worker *worker = arg;
  uint64_t seed = worker->row;
  CHECK_EQ(consume(worker, UINT64_MAX, &seed), -EPIPE);
  CHECK_EQ(rill_release(&worker->consumer, NULL), 0);
  CHECK_EQ(worker->consumer.sequence, first + messages);
  CHECK_EQ(worker->got + worker->lost, messages);
  CHECK(overwrite || worker->lost == 0);
  leave(worker);
  return NULL;
}

/* A tenancy begins anywhere, and then has no gap; a kept group goes on where it was. */
static void *come_and_go(void *arg) {
  struct worker *worker = arg;
  uint64_t seed = worker->row, due = 0;
  const uint32_t flags = worker->row % 2 ? RILLI_GROUP_KEEP : 0;
  for (;;) {
    const uint64_t random = support_random(&seed);
    join(worker, (uint32_t)(random % 3), flags);
    if (flags && worker->joins > 1)
      CHECK_EQ(worker->consumer.sequence, due);
    const int code = consume(worker, random % 3000, &seed);
    if (random % 2 && code == 0)
      CHECK_EQ(rill_release(&worker->consumer, NULL), 0);
    struct rilli_place place;
    rilli_publish_cursor(&worker->consumer);
    CHECK_EQ(rilli_noted_place(worker->consumer.group, worker->consumer.released, &place), 0);
    due = place.sequence;
    leave(worker);
    if (code)
      return NULL;
  }
}

static void run(uint64_t factor) {
  struct worker workers[STAY + COME];
  pthread_t thread;
  memset(workers, 0, sizeof workers);
  messages = (SUPPORT_SANITIZED ? 40000 : 100000) * factor;
  first = 0 - messages / 2; /* positions and sequences wrap on the way */
  plain_open(&plain, &(struct plain_options){.overwrite = overwrite,
                                             .base_position = first * 16,
                                             .base_sequence = first});
  plain_producer(&plain, &producer, wait_mode, full_fence);
  for (uint32_t i = 0; i < STAY + COME; i++) {
    workers[i].row = i;
    if (i < STAY)
      join(&workers[i], RILL_OLDEST, 0);
    CHECK_EQ(pthread_create(&workers[i].thread, NULL, i < STAY ? stay : come_and_go, &workers[i]),
             0);
  }
  CHECK_EQ(pthread_create(&thread, NULL, produce, NULL), 0);
  uint64_t parks = 0, lost = 0, joins = 0;
  (void)pthread_join(thread, NULL);
  for (uint32_t i = 0; i < STAY + COME; i++) {
    (void)pthread_join(workers[i].thread, NULL);
    parks += workers[i].parks;
    lost += i < STAY ? workers[i].lost : 0;
    joins += workers[i].joins;
  }
  (void)printf("%s, %s, %s: %llu messages, %llu lost, %llu joins, parked: producer %llu, "
               "consumers %llu\n",
               overwrite ? "overwrite" : "reliable", wait_mode == RILL_PARK ? "park" : "adaptive",
               full_fence ? "full fence" : "membarrier", (unsigned long long)messages,
               (unsigned long long)lost, (unsigned long long)joins,
               (unsigned long long)atomic_load(&plain.ring.page->parks), (unsigned long long)parks);
  CHECK(wait_mode != RILL_PARK || parks > 0);
  plain_close(&plain);
}

int main(int argc, char **argv) {
  CHECK(argc > 1);
  overwrite = strcmp(argv[1], "overwrite") == 0;
  const uint64_t factor = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  support_begin("stress/ring");
  support_watchdog((unsigned)(120 * factor));
  for (full_fence = 0; full_fence < 2; full_fence++)
    for (wait_mode = RILL_ADAPTIVE; wait_mode <= RILL_PARK; wait_mode += RILL_PARK)
      run(factor);
  support_end();
  return 0;
}
