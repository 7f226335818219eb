/* SPDX-License-Identifier: MIT */
/* operations_member.c - observing, producing, consuming, and waiting. */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "suites.h"

#define MILLISECONDS INT64_C(1000000)

/* --- observing ----------------------------------------------------------------------------- */

static int note(const char *name, void *seen) {
  *(unsigned *)seen |= strcmp(name, "q") == 0 ? 1u : strcmp(name, "neighbour") == 0 ? 2u : 0u;
  return 0;
}

static int list(const void *arg) {
  unsigned seen = 0;
  (void)arg;
  const int code = rill_queue_list(context_here(), NULL, note, &seen);
  HOLDS(code < 0 || (code == 2 && seen == 3), "a list that answers %d leaves queues out", code);
  return code;
}

static int stat_queue(const void *arg) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  (void)arg;
  const int code = rill_queue_read_stat(others.queue, &stat);
  HOLDS(code || is_misled() ||
            (stat.producer == RILL_PRODUCER_ALIVE && stat.attached && !stat.removed),
        "a stat that answers 0 takes the living for dead (producer %u, attached %u, removed "
        "%u)",
        stat.producer, stat.attached, stat.removed);
  return code;
}

static int stat_group(const void *arg) {
  struct rill_group_stat stat = {.size = sizeof stat};
  uint32_t index = 0;
  (void)arg;
  const int code = rill_group_read_stat(others.queue, &index, &stat);
  HOLDS(code < 0 || is_misled() || (code == 1 && stat.state == RILL_GROUP_ACTIVE),
        "a stat that answers %d takes the living for dead (%u)", code, stat.state);
  return code;
}

static int stat_placement(const void *arg) {
  struct rill_placement_stat stat = {.size = sizeof stat};
  (void)arg;
  return rill_placement_read_stat(others.queue, &stat);
}

static void no_alarm(const struct rill_finding *finding, void *arg) {
  (void)arg;
  HOLDS(finding->kind == RILL_FINE || is_misled(), "of a sound queue doctor says: %s",
        finding->text);
}

static int examine_it(const void *arg) {
  (void)arg;
  return rill_queue_examine(context_here(), "q", no_alarm, NULL);
}

static int watch_on(const void *arg) {
  const struct rill_consumer_attr attr = {.size = sizeof attr, .flags = RILL_TAIL};
  struct rill_message message;
  rill_consumer *tail = NULL;
  (void)arg;
  int code = rill_consumer_open(others.queue, &attr, &tail);
  CHECK((code == 0) == (tail != NULL));
  while (code == 0)
    code = rill_receive(tail, RILL_NOW, &message);
  rill_consumer_close(tail);
  return code == -EAGAIN ? 0 : code;
}

/* From what is there: the source, and both queues, whatever could not be done. */
static int watch(const void *arg) {
  const struct rill_watch_attr attr = {.size = sizeof attr, .flags = RILL_WATCH_EXISTING};
  struct rill_event event = {.size = sizeof event};
  rill_watch *watch = NULL;
  unsigned seen = 0, sources = 0;
  (void)arg;
  int code = rill_watch_open(context_here(), NULL, &attr, &watch);
  CHECK((code == 0) == (watch != NULL));
  while (code == 0 && (code = rill_watch_next(watch, RILL_NOW, &event)) == 0) {
    sources += event.what == RILL_EVENT_SOURCE;
    CHECK(sources); /* it comes first */
    if (event.what == RILL_EVENT_APPEARED)
      (void)note(event.queue, &seen);
  }
  if (code == -EAGAIN) {
    HOLDS(sources == 1 && (seen == 3 || is_misled()), "a watcher leaves queues out");
    code = rill_watch_next(watch, rill_after(MILLISECONDS), &event);
  }
  if (code == -ETIMEDOUT) {
    CHECK(rill_watch_interrupt(watch) == 0);
    code = rill_watch_next(watch, rill_after(MILLISECONDS), &event);
    code = code == -ECANCELED || code == -ETIMEDOUT ? 0 : code; /* the eventfd may fail */
  }
  rill_watch_close(watch);
  return code;
}

static const struct injection looking_injections[] = {
    {.name = "list", .run = list, .leave = traffic_is_well, .documented = {HOST}},
    {.name = "stat",
     .subject = "'q'",
     .run = stat_queue,
     .leave = traffic_is_well,
     .documented = {HOST}},
    {.name = "group stat",
     .subject = "'q'",
     .run = stat_group,
     .leave = traffic_is_well,
     .documented = {HOST}},
    {.name = "placement stat",
     .subject = "'q'",
     .run = stat_placement,
     .leave = traffic_is_well,
     .documented = {HOST, ENOENT}},
    {.name = "doctor",
     .subject = "'q'",
     .run = examine_it,
     .leave = traffic_is_well,
     .documented = {HOST, ESTALE, EBUSY}},
    {.name = "tail",
     .subject = "'q'",
     .run = watch_on,
     .leave = traffic_is_well,
     .documented = {HOST, ESTALE}},
    {.name = "watch", .run = watch, .leave = traffic_is_well, .documented = {HOST, EBADF}},
};
const struct suite looking = SUITE(looking_injections, others_with_producer);

/* --- producing --------------------------------------------------------------------------- */

static rill_producer *open_a_producer(uint32_t wait, int *ret_code) {
  const struct rill_producer_attr attr = {.size = sizeof attr, .wait = wait};
  rill_producer *producer = NULL;
  *ret_code = rill_producer_open(others.queue, &attr, RILL_NOW, &producer);
  CHECK((*ret_code == 0) == (producer != NULL));
  return producer;
}

static int come_and_publish(const void *arg) {
  int code;
  (void)arg;
  rill_producer *producer = open_a_producer(RILL_PARK, &code);
  const uint64_t first = others.due;
  for (uint64_t i = 0; code == 0 && i < 3; i++)
    code = publish_number(producer, first + i, RILL_NOW);
  rill_producer_close(producer);
  return code;
}

/* So that the first publish finds a sleeper's bit. */
static void a_process_slept(void) {
  struct rill_message message;
  CHECK_EQ(rill_receive(others.consumer, rill_after(MILLISECONDS / 10), &message), -ETIMEDOUT);
}

static void publish_and_die(void) {
  rill_producer *producer = open_producer(open_queue(NULL), RILL_PARK, RILL_NOW);
  for (uint64_t i = 0; i < 5; i++)
    CHECK_EQ(publish_number(producer, others.due + i, RILL_NOW), 0);
}

static void leave_a_dead_producer(void) {
  in_a_child(publish_and_die);
  for (int i = 0; i < 5; i++)
    receive_number(others.consumer, others.due++);
}

/* Until it is full; the operation under test is the wait for room. */
static int publish_into_a_full_ring(const void *wait) {
  int code;
  uint64_t number = others.due;
  rill_producer *producer = open_a_producer(*(const uint32_t *)wait, &code);
  while (code == 0)
    code = publish_number(producer, number++, RILL_NOW);
  CHECK_EQ(code, -EAGAIN);
  producer->patience.next_housekeeping = 0; /* a check for dead members is due, as once a slice */
  from_here();
  code = publish_number(producer, number - 1, rill_after(3 * MILLISECONDS));
  to_here();
  rill_producer_close(producer);
  return code;
}

static void makes_room(const struct call *call) {
  if (call_is_a_sleep(call))
    for (int i = 0; i < 40; i++)
      receive_number(others.consumer, others.due++);
}

static int wait_for_the_place(const void *arg) {
  rill_producer *producer = NULL, *second = NULL;
  int code;
  (void)arg;
  producer = open_a_producer(RILL_PARK, &code);
  CHECK_EQ(code, 0);
  from_here();
  code = rill_producer_open(others.queue, NULL, rill_after(3 * MILLISECONDS), &second);
  to_here();
  CHECK(code < 0 && second == NULL);
  rill_producer_close(producer);
  return code;
}

static const uint32_t spin = RILL_SPIN, park = RILL_PARK, adaptive = RILL_ADAPTIVE;
#define PRODUCER_ERRORS                                                                            \
  { HOST, ESTALE, EBUSY, EBADMSG }
#define PUBLISH_ERRORS                                                                             \
  { ETIMEDOUT, ESTALE, EINTR }

static const struct injection producing_injections[] = {
    {.name = "producer",
     .subject = "'q'",
     .enter = a_process_slept,
     .run = come_and_publish,
     .leave = traffic_is_well,
     .documented = PRODUCER_ERRORS},
    {.name = "successor of a dead producer",
     .subject = "'q'",
     .enter = leave_a_dead_producer,
     .run = come_and_publish,
     .leave = traffic_is_well,
     .documented = PRODUCER_ERRORS},
    {.name = "producer waits for the place",
     .subject = "'q'",
     .run = wait_for_the_place,
     .leave = traffic_is_well,
     .documented = {HOST, ETIMEDOUT, ESTALE, EBUSY}},
    {.name = "full ring, spinning",
     .subject = "'q'",
     .run = publish_into_a_full_ring,
     .arg = &spin,
     .leave = traffic_is_well,
     .documented = PUBLISH_ERRORS},
    {.name = "full ring, parked",
     .subject = "'q'",
     .run = publish_into_a_full_ring,
     .arg = &park,
     .leave = traffic_is_well,
     .documented = PUBLISH_ERRORS},
    {.name = "full ring, adaptive",
     .subject = "'q'",
     .run = publish_into_a_full_ring,
     .arg = &adaptive,
     .leave = traffic_is_well,
     .documented = PUBLISH_ERRORS},
    {.name = "full ring, woken",
     .subject = "'q'",
     .run = publish_into_a_full_ring,
     .arg = &park,
     .call = makes_room,
     .leave = traffic_is_well,
     .documented = PUBLISH_ERRORS},
};
const struct suite producing = SUITE(producing_injections, others_alone);

/* --- consuming --------------------------------------------------------------------------- */

static int join(const void *arg) {
  rill_consumer *consumer = NULL;
  struct rill_message message;
  int code = rill_consumer_open(others.queue, arg, &consumer);
  CHECK((code == 0) == (consumer != NULL));
  while (code == 0)
    code = rill_receive(consumer, RILL_NOW, &message);
  if (code == -EAGAIN)
    code = rill_release(consumer, NULL);
  rill_consumer_close(consumer);
  return code;
}

static void group_left(int code) {
  (void)code;
  HOLDS(stat_of(others.queue).group_count == 1, "a group is left of a consumer that went");
  traffic_is_well(code);
}

static void group_can_be_removed(int code) {
  const int removed = rill_group_unlink(others.queue, "kept");
  HOLDS(removed == 0 || (removed == -ENOENT && code != 0), "group unlink: %d behind %d (%s)",
        removed, code, rill_error());
  group_left(code);
}

#define JOIN(...)                                                                                  \
  (&(const struct rill_consumer_attr){.size = sizeof(struct rill_consumer_attr), __VA_ARGS__})
#define CONSUMER(title, left, ...)                                                                 \
  {                                                                                                \
    .name = "consumer: " title, .subject = "'q'", .run = join, .arg = JOIN(__VA_ARGS__),           \
    .leave = left, .documented = {                                                                 \
      HOST,                                                                                        \
      ENOSPC,                                                                                      \
      ESTALE,                                                                                      \
      EBUSY,                                                                                       \
      EUSERS,                                                                                      \
      ERANGE                                                                                       \
    }                                                                                              \
  }

static void join_kept_and_die(void) {
  (void)open_consumer(open_queue(NULL),
                      (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP});
}

static void leave_a_dead_kept_member(void) {
  in_a_child(join_kept_and_die);
}

static const struct injection consuming_injections[] = {
    CONSUMER("oldest", group_left, .start = RILL_OLDEST),
    CONSUMER("latest, parks", group_left, .start = RILL_LATEST, .wait = RILL_PARK),
    CONSUMER("from a sequence", group_left, .start = RILL_SEQUENCE, .sequence = 1),
    CONSUMER("named group", group_left, .group = "named"),
    CONSUMER("kept group", group_can_be_removed, .group = "kept", .flags = RILL_KEEP_GROUP),
    {.name = "consumer: of a dead one's kept group",
     .subject = "'q'",
     .enter = leave_a_dead_kept_member,
     .run = join,
     .arg = JOIN(.group = "kept", .flags = RILL_KEEP_GROUP),
     .leave = group_can_be_removed,
     .documented = {HOST, ENOSPC, ESTALE, EBUSY, EUSERS}},
};
const struct suite consuming = SUITE(consuming_injections, others_with_producer);

/* --- waiting ----------------------------------------------------------------------------- */

static rill_consumer *waiter; /* the target's, while it waits                            */

static int receive(const struct rill_consumer_attr *attr) {
  struct rill_message message;
  CHECK_EQ(rill_consumer_open(others.queue, attr, &waiter), 0);
  from_here();
  int code = rill_receive(waiter, rill_after(3 * MILLISECONDS), &message);
  if (code == 0)
    code = rill_release(waiter, NULL);
  to_here();
  rill_consumer_close(waiter);
  return code;
}

static int wait_for_a_message(const void *wait) {
  return receive(JOIN(.start = RILL_LATEST, .wait = *(const uint32_t *)wait));
}

static int tail_waits(const void *wait) {
  return receive(JOIN(.start = RILL_LATEST, .flags = RILL_TAIL, .wait = *(const uint32_t *)wait));
}

static void publishes(const struct call *call) {
  if (!call_is_a_sleep(call))
    return;
  CHECK_EQ(publish_number(others.producer, others.due, RILL_NOW), 0);
  receive_number(others.consumer, others.due++);
}

static void interrupts(const struct call *call) {
  if (call_is_a_sleep(call))
    CHECK_EQ(rill_consumer_interrupt(waiter), 0);
}

#define RECEIVE_ERRORS                                                                             \
  { ETIMEDOUT, ESTALE, ECANCELED, EINTR }
#define WAIT(title, how, strategy, meanwhile)                                                      \
  {                                                                                                \
    .name = title, .subject = "'q'", .run = how, .arg = &(strategy), .call = meanwhile,            \
    .leave = group_left, .documented = RECEIVE_ERRORS                                              \
  }

static const struct injection waiting_injections[] = {
    WAIT("receive, spinning", wait_for_a_message, spin, NULL),
    WAIT("receive, parked", wait_for_a_message, park, NULL),
    WAIT("receive, adaptive", wait_for_a_message, adaptive, NULL),
    WAIT("receive, woken", wait_for_a_message, park, publishes),
    WAIT("receive, interrupted", wait_for_a_message, park, interrupts),
    WAIT("tail waits", tail_waits, adaptive, NULL),
    WAIT("tail is interrupted", tail_waits, park, interrupts),
};
const struct suite waiting = SUITE(waiting_injections, others_with_producer);
