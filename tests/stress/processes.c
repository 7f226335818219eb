/* SPDX-License-Identifier: MIT */
/* processes.c (stress) - processes through the public interface: two that hand the producer's
 * place to each other, two groups that see every message (reliable), consumers that come late and
 * leave, and one that looks at the numbers all the time. The content of each message is a function
 * of its sequence. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plain_ring.h"
#include "support.h"

#define MOST 900u

static uint64_t total;
static uint32_t overwrite;

/* Small ones when overwriting: then the head runs away from a walk behind it. */
static size_t most(void) {
  return overwrite ? 8 : MOST;
}

static uint64_t head_of(rill_queue *queue) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  CHECK_EQ(rill_queue_read_stat(queue, &stat), 0);
  return stat.sequence;
}

static int produce(void *which) {
  rill_queue *queue = support_queue("stress");
  uint64_t seed = (uintptr_t)which;
  uint8_t bytes[MOST + 8];
  for (uint64_t sequence = 0; sequence < total;) {
    rill_producer *producer = NULL;
    CHECK_EQ(rill_producer_open(queue, NULL, RILL_FOREVER, &producer), 0);
    sequence = head_of(queue); /* no other process publishes now */
    for (uint64_t n = support_random(&seed) % 4000; n && sequence < total; n--, sequence++) {
      const size_t size = support_size(sequence, most());
      support_fill(bytes, size, sequence);
      CHECK_EQ(rill_publish(producer, bytes, size, RILL_FOREVER), 0);
    }
    rill_producer_close(producer);
  }
  rill_queue_close(queue);
  return 0;
}

static void check(const struct rill_message *message) {
  CHECK_EQ(message->size, support_size(message->sequence, most()));
  CHECK(support_is(message->data, message->size, message->sequence));
}

/* The whole stream, in several tenancies of a declared group. */
static int see_everything(void *group) {
  rill_queue *queue = support_queue("stress");
  uint64_t seed = 3, due = 0;
  while (due < total) {
    const struct rill_consumer_attr attr = {
        .size = sizeof attr, .group = group, .flags = RILL_FOLLOW, .wait = RILL_PARK * (due % 2)};
    rill_consumer *consumer = NULL;
    CHECK_EQ(rill_consumer_open(queue, &attr, &consumer), 0);
    for (uint64_t n = support_random(&seed) % 20000; n && due < total; n--, due++) {
      struct rill_message message;
      CHECK_EQ(rill_receive(consumer, RILL_FOREVER, &message), 0);
      CHECK_EQ(message.sequence, due);
      check(&message);
      CHECK_EQ(rill_release(consumer, &message), 0);
    }
    rill_consumer_close(consumer);
  }
  rill_queue_close(queue);
  return 0;
}

/* Joins anywhere; from there on there is no gap, for a tail none that is not counted. */
static int come_and_go(void *which) {
  rill_queue *queue = support_queue("stress");
  uint64_t seed = 100 + (uintptr_t)which, sequence = 0;
  while (sequence < total) {
    const uint64_t random = support_random(&seed);
    const struct rill_consumer_attr attr = {.size = sizeof attr,
                                            .start = random % 2,
                                            .flags = RILL_FOLLOW | (random % 8 ? 0 : RILL_TAIL)};
    rill_consumer *consumer = NULL;
    CHECK_EQ(rill_consumer_open(queue, &attr, &consumer), 0);
    sequence = 0;
    for (uint64_t n = random % 3000; n; n--) {
      struct rill_message message;
      const int code = rill_receive(consumer, rill_after(100000000), &message);
      if (code == -ETIMEDOUT) { /* perhaps it is over */
        sequence = head_of(queue);
        break;
      }
      CHECK_EQ(code, 0);
      CHECK(sequence == 0 || message.sequence == sequence + message.lost);
      CHECK(message.lost == 0 || overwrite || (attr.flags & RILL_TAIL));
      check(&message);
      sequence = message.sequence + 1;
      if (n % 5 == 0)
        CHECK_EQ(rill_release(consumer, NULL), 0);
    }
    rill_consumer_close(consumer);
  }
  rill_queue_close(queue);
  return 0;
}

/* Its numbers are never nonsense, while everything moves. */
static int watch_on(void *unused) {
  (void)unused;
  rill_queue *queue = support_queue("stress");
  for (uint64_t before = 0, now = 0; now < total; before = now) {
    struct rill_group_stat group = {.size = sizeof group};
    int code;
    now = head_of(queue);
    CHECK(now >= before && now <= total);
    for (uint32_t index = 0; (code = rill_group_read_stat(queue, &index, &group)) == 1;)
      CHECK(group.sequence <= total && group.lag_messages <= total);
    CHECK_EQ(code, 0);
  }
  rill_queue_close(queue);
  return 0;
}

int main(int argc, char **argv) {
  static const char *const groups[] = {"first", "second"};
  CHECK(argc > 1);
  overwrite = strcmp(argv[1], "overwrite") == 0;
  const uint64_t factor = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
  total = (SUPPORT_SANITIZED ? 100000 : overwrite ? 5000000 : 300000) * factor;
  support_begin("stress/processes");
  support_watchdog((unsigned)(120 * factor));
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = 65536,
                                       .overflow = overwrite,
                                       .groups = groups,
                                       .group_count = overwrite ? 0 : 2};
  rill_context *context = NULL;
  rill_queue *queue = NULL;
  CHECK_EQ(rill_context_open(NULL, &context), 0);
  CHECK_EQ(rill_queue_open(context, "stress", RILL_CREATE, &attr, RILL_NOW, &queue), 0);
  pid_t children[7];
  int n = 0, bad = 0;
  for (int i = 0; i < 2; i++) {
    children[n++] = support_child(produce, (void *)(uintptr_t)(i + 1));
    children[n++] = support_child(come_and_go, (void *)(uintptr_t)(i + 1));
    if (!overwrite)
      children[n++] = support_child(see_everything, (void *)(uintptr_t)groups[i]);
  }
  children[n++] = support_child(watch_on, NULL);
  while (n)
    bad |= support_reap(children[--n]);
  CHECK_EQ(bad, 0);
  CHECK_EQ(head_of(queue), total);
  rill_queue_close(queue);
  rill_context_close(context);
  support_end();
  return 0;
}
