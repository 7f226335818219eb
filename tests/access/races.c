/* SPDX-License-Identifier: MIT */
/* races.c - three processes make, use, remove and collect one name at the same time.
 *
 * Each sees a queue that works, or one of the errors that the headers name. */
#include <errno.h>

#include "actors.h"

#define ROUNDS (SUPPORT_SANITIZED ? 400u : 1500u)

static const struct rill_queue_attr attr = {
    .size = sizeof attr, .capacity = 65536, .max_groups = 4};

static int one_of(int code, int a, int b, int c) {
  return code == 0 || code == a || code == b || code == c;
}

static void use(rill_queue *queue) {
  rill_producer *producer = NULL;
  rill_consumer *consumer = NULL;
  struct rill_message message;
  int code = rill_consumer_open(queue, NULL, &consumer);
  CHECK_THAT(one_of(code, -ESTALE, -EUSERS, 0), "consumer: %d (%s)", code, rill_error());
  code = rill_producer_open(queue, NULL, RILL_NOW, &producer);
  CHECK_THAT(one_of(code, -ESTALE, -EBUSY, 0), "producer: %d (%s)", code, rill_error());
  const uint64_t first = producer ? stat_of(queue).sequence : 0;
  for (uint64_t i = first; producer && i < first + 4; i++) {
    code = publish_number(producer, i, RILL_NOW);
    CHECK_THAT(one_of(code, -ESTALE, -EAGAIN, 0), "publish: %d (%s)", code, rill_error());
    if (code)
      break;
  }
  for (unsigned i = 0; consumer && i < 8; i++) {
    code = rill_receive(consumer, RILL_NOW, &message);
    CHECK_THAT(one_of(code, -ESTALE, -EAGAIN, -EPIPE), "receive: %d (%s)", code, rill_error());
    if (code)
      break;
    check_message(&message, message.sequence);
  }
  rill_consumer_close(consumer);
  rill_producer_close(producer);
}

static void race(void *arg) {
  (void)arg;
  reached();
  await_cue();
  for (unsigned round = 0; round < ROUNDS; round++) {
    rill_queue *queue = NULL;
    int code = 0;
    const unsigned way = (unsigned)(random_number() % 8);
    at("round %u, way %u", round, way);
    if (way < 3)
      code = rill_queue_open(context_here(), "q", RILL_CREATE, &attr, RILL_NOW, &queue);
    else if (way == 3) {
      code = rill_queue_open(context_here(), "q", RILL_CREATE | RILL_EXCLUSIVE, &attr, RILL_NOW,
                             &queue);
      CHECK_THAT(one_of(code, -EEXIST, 0, 0), "exclusive: %d (%s)", code, rill_error());
      code = 0;
    } else if (way == 4) {
      code = rill_queue_open(context_here(), "q", random_number() % 2 ? RILL_OBSERVE : 0, NULL,
                             RILL_NOW, &queue);
      CHECK_THAT(one_of(code, -ENOENT, 0, 0), "open: %d (%s)", code, rill_error());
      rill_queue_close(queue);
      queue = NULL;
      code = 0;
    } else if (way == 5 || way == 6) {
      code = rill_queue_unlink(context_here(), "q");
      CHECK_THAT(one_of(code, -ENOENT, 0, 0), "unlink: %d (%s)", code, rill_error());
      code = 0;
    } else
      CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
    CHECK_THAT(code == 0, "way %u: %d (%s)", way, code, rill_error());
    if (queue) {
      use(queue);
      atomic_fetch_add(&me->count[0], 1);
    }
    rill_queue_close(queue);
  }
  const unsigned left = mappings_of_segments();
  CHECK_THAT(left == 0, "%u mappings are left", left);
}

static void racing_creators_and_removers_see_a_queue_or_a_documented_error(void) {
  struct actor *racers[3];
  (void)context_here();
  for (int i = 0; i < 3; i++)
    racers[i] = spawn("racer", race, NULL);
  for (int i = 0; i < 3; i++)
    meet(racers[i]);
  for (int i = 0; i < 3; i++)
    cue(racers[i]);
  for (int i = 0; i < 3; i++) {
    await_end(racers[i]);
    CHECK(racers[i]->count[0] > 0);
  }
  gc_leaves_nothing();
}

static const struct test tests[] = {
    {"racing_creators_and_removers_see_a_queue_or_a_documented_error",
     racing_creators_and_removers_see_a_queue_or_a_documented_error},
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
