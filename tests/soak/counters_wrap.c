/* SPDX-License-Identifier: MIT */
/* counters_wrap.c - queues whose positions, sequences, generations and futex words pass 2^16,
 * 2^32 and 2^64: nothing is lost, nothing comes twice, no group is refused, and doctor and stat
 * report nothing wrong. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "forge.h"
#include "oracle.h"

#define MESSAGES 400u /* more than one lap of the ring                                 */
#define BEFORE 120u   /* of them come before the sequence wraps                        */
#define HALF 40000u   /* bytes before the position wraps                               */

static const uint64_t limits[] = {UINT64_C(1) << 16, UINT64_C(1) << 32, 0};
#define LIMITS (sizeof limits / sizeof *limits)

/* --- queues that seem to be old -------------------------------------------------------- */

/* There is no public way to choose where a new queue begins: a wrapper of rilli_plan_identity does
 * it (the linker's --wrap). */
struct age {
  uint64_t position, sequence; /* of the first message                                */
};
static struct age aged; /* of the queue that is made next                              */

void __real_rilli_plan_identity(struct rilli_identity *ret, uint64_t capacity, uint64_t max_message,
                                uint32_t max_groups);
void __wrap_rilli_plan_identity(struct rilli_identity *ret, uint64_t capacity, uint64_t max_message,
                                uint32_t max_groups);
void __wrap_rilli_plan_identity(struct rilli_identity *ret, uint64_t capacity, uint64_t max_message,
                                uint32_t max_groups) {
  __real_rilli_plan_identity(ret, capacity, max_message, max_groups);
  ret->base_position = aged.position;
  ret->base_sequence = aged.sequence;
}

/* "q", reliable or not, with groups "kept" and "other" from the start. */
static rill_queue *open_aged(struct age age, uint32_t overflow) {
  static const char *const groups[] = {"kept", "other"};
  const struct rill_queue_attr attr = {.size = sizeof attr,
                                       .capacity = 65536,
                                       .overflow = overflow,
                                       .max_groups = 4,
                                       .groups = groups,
                                       .group_count = 2};
  aged = age;
  rill_queue *queue = open_queue(&attr);
  const struct rill_queue_stat stat = stat_of(queue);
  CHECK(stat.position == age.position && stat.sequence == age.sequence);
  CHECK(stat.group_count == 2 && stat.depth_messages == 0 && stat.depth_bytes == 0);
  return queue;
}

/* Of every position and sequence that is about to wrap. */
static void at_each_age(void (*run)(struct age age)) {
  for (size_t p = 0; p < LIMITS; p++)
    for (size_t s = 0; s < LIMITS; s++)
      run((struct age){limits[p] - HALF, limits[s] - BEFORE});
}

/* No process has it open any more. */
static void end_queue(rill_queue *queue) {
  rill_queue_close(queue);
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
}

static rill_consumer *open_kept(rill_queue *queue, const char *group) {
  return open_consumer(queue,
                       (struct joining){.group = group, .flags = RILL_KEEP_GROUP | RILL_FOLLOW});
}

static int try_start(rill_queue *queue, uint32_t start, uint64_t sequence, rill_consumer **ret) {
  const struct rill_consumer_attr attr = {
      .size = sizeof attr, .start = start, .sequence = sequence};
  return rill_consumer_open(queue, &attr, ret);
}

/* --- a stream --------------------------------------------------------------------------- */

static void publish_in_turn(rill_producer *producer, uint64_t number, unsigned way) {
  unsigned char bytes[MESSAGE_MOST];
  const size_t size = fill_message(number, bytes);
  void *place = NULL;
  const struct rill_item item = {bytes, size, NULL};
  if (way == 0)
    CHECK_EQ(rill_publish_batch(producer, &item, 1, RILL_NOW), 1);
  else if (way == 1) {
    CHECK_EQ(rill_reserve(producer, NULL, size, RILL_NOW, &place), 0);
    for (size_t i = 0; i < size; i++)
      ((unsigned char *)place)[i] = bytes[i];
    CHECK_EQ(rill_commit(producer, size), 0);
  } else
    CHECK_EQ(rill_publish(producer, bytes, size, RILL_NOW), 0);
}

static void check_numbers(rill_queue *queue, uint64_t next, uint64_t behind) {
  const struct rill_queue_stat stat = stat_of(queue);
  struct rill_group_stat group = {.size = sizeof group};
  CHECK_THAT(stat.sequence == next, "the next message is %llu, not %llu",
             (unsigned long long)stat.sequence, (unsigned long long)next);
  CHECK(stat.oldest == next - behind && stat.depth_messages == behind);
  CHECK(stat.depth_bytes <= stat.capacity && stat.limit - stat.position <= stat.capacity);
  for (uint32_t index = 0; rill_group_read_stat(queue, &index, &group) == 1;)
    CHECK(group.lag_messages <= behind && group.lag_bytes <= stat.capacity &&
          group.state != RILL_GROUP_VOID && next - group.sequence <= behind);
}

static void stream_at(struct age age) {
  rill_queue *queue = open_aged(age, RILL_RELIABLE);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  rill_consumer *kept = open_kept(queue, "kept"), *other = open_kept(queue, "other");
  for (uint64_t i = 0, behind = 0; i < MESSAGES; i++) {
    at("message %llu of the stream at %llx, %llx", (unsigned long long)i,
       (unsigned long long)age.position, (unsigned long long)age.sequence);
    publish_in_turn(producer, age.sequence + i, (unsigned)(i % 4));
    receive_number(kept, age.sequence + i);
    if (++behind == 20)
      for (; behind; behind--)
        receive_number(other, age.sequence + i + 1 - behind);
    struct rill_message none; /* an empty poll publishes the cursor */
    CHECK_EQ(rill_receive(kept, RILL_NOW, &none), -EAGAIN);
    if (behind == 0) {
      CHECK_EQ(rill_receive(other, RILL_NOW, &none), -EAGAIN);
      check_numbers(queue, age.sequence + i + 1, 0);
    }
    if (behind == 0 || i % 8 == 0)
      check_sound(RILL_NOTE, "in a stream");
  }
  rill_consumer_close(kept);
  rill_consumer_close(other);
  rill_producer_close(producer);
  end_queue(queue);
}

static void streams_go_on_when_counters_wrap(void) {
  at_each_age(stream_at);
}

/* --- joining --------------------------------------------------------------------------- */

static void check_first(rill_consumer *consumer, uint64_t number, uint64_t lost) {
  struct rill_message message;
  CHECK_EQ(rill_receive(consumer, RILL_NOW, &message), 0);
  CHECK_THAT(message.sequence == number && message.lost == lost,
             "begins with %llu (%llu lost), not %llu (%llu)", (unsigned long long)message.sequence,
             (unsigned long long)message.lost, (unsigned long long)number,
             (unsigned long long)lost);
  check_message(&message, number);
  rill_consumer_close(consumer);
}

/* At the oldest, the latest, each sequence that exists, and some that do not. */
static void join_everywhere(rill_queue *queue, struct age age, uint64_t next, uint32_t tail) {
  rill_consumer *consumer = NULL;
  struct rill_message message;
  const struct joining latest = {.start = RILL_LATEST, .flags = tail};
  consumer = open_consumer(queue, latest);
  CHECK_EQ(rill_receive(consumer, RILL_NOW, &message), -EAGAIN);
  rill_consumer_close(consumer);
  check_first(open_consumer(queue, (struct joining){.start = RILL_OLDEST, .flags = tail}),
              age.sequence, 0);
  for (uint64_t wish = age.sequence; wish != next; wish++) {
    CHECK_EQ(try_start(queue, RILL_SEQUENCE, wish, &consumer), 0);
    check_first(consumer, wish, 0);
  }
  CHECK_EQ(try_start(queue, RILL_SEQUENCE, next, &consumer), 0);
  rill_consumer_close(consumer);
  CHECK_EQ(try_start(queue, RILL_SEQUENCE, next + 1, &consumer), -ERANGE);
  CHECK_EQ(try_start(queue, RILL_SEQUENCE, next + 1000000, &consumer), -ERANGE);
  CHECK_EQ(try_start(queue, RILL_SEQUENCE, age.sequence - 5, &consumer), 0);
  check_first(consumer, age.sequence, 5);
}

/* All of them fit into the ring: small positions, so that both wrap. */
static void join_at(struct age age) {
  age.position += HALF - 8000;
  age.sequence += BEFORE - 20;
  rill_queue *queue = open_aged(age, RILL_RELIABLE);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  for (uint64_t i = 0; i < 40; i++) {
    CHECK_EQ(publish_number(producer, age.sequence + i, RILL_NOW), 0);
    if (i % 13 == 12)
      join_everywhere(queue, age, age.sequence + i + 1, i % 2 ? RILL_TAIL : 0);
  }
  check_sound(RILL_NOTE, "after joining");
  rill_producer_close(producer);
  end_queue(queue);
}

static void joiners_begin_where_they_wish_when_counters_wrap(void) {
  at_each_age(join_at);
}

/* --- losses ----------------------------------------------------------------------------- */

/* A slow group, a kept group without a member, and a tail. */
static void lose_at(struct age age) {
  rill_queue *queue = open_aged(age, RILL_OVERWRITE);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  rill_consumer *slow = open_kept(queue, "kept");
  rill_consumer *tail = open_consumer(queue, (struct joining){.flags = RILL_TAIL});
  uint64_t next[2] = {age.sequence, age.sequence}, lost = 0, number = age.sequence;
  for (unsigned round = 0; round < 40; round++) {
    const unsigned burst = (unsigned)(random_number() % 200);
    for (unsigned i = 0; i < burst; i++, number++)
      publish_in_turn(producer, number, i % 4);
    if (round % 3 == 2) {
      rill_consumer_close(slow);
      slow = open_kept(queue, "kept");
    }
    rill_consumer *const readers[2] = {slow, tail};
    for (unsigned who = 0; who < 2; who++) {
      struct rill_message message;
      unsigned take = (unsigned)(random_number() % 100);
      int code = 0;
      for (; take && (code = rill_receive(readers[who], RILL_NOW, &message)) == 0; take--) {
        CHECK_THAT(message.sequence - message.lost == next[who], "%llu (%llu lost), not %llu",
                   (unsigned long long)message.sequence, (unsigned long long)message.lost,
                   (unsigned long long)next[who]);
        check_message(&message, message.sequence);
        next[who] = message.sequence + 1;
        lost += message.lost;
      }
      CHECK(code == 0 || (code == -EAGAIN && next[who] == number));
    }
    CHECK_EQ(rill_release(slow, NULL), 0);
    check_sound(RILL_NOTE, "after losses");
  }
  CHECK(lost > 0);
  rill_consumer_close(slow);
  rill_consumer_close(tail);
  rill_producer_close(producer);
  end_queue(queue);
}

static void losses_are_counted_when_counters_wrap(void) {
  at_each_age(lose_at);
}

/* --- successors, full rings --------------------------------------------------------------- */

static void publish_until_killed(void *arg) {
  const uint64_t first = *(const uint64_t *)arg;
  rill_queue *queue = open_queue(NULL);
  rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
  for (uint64_t number = first;; number++) {
    CHECK_EQ(publish_number(producer, number, RILL_FOREVER), 0); /* until it is full */
    atomic_store(&me->count[0], number - first + 1);
  }
}

/* The ring is full again and again; its producer waits and dies, and a successor comes. */
static void succeed_at(struct age age) {
  rill_queue *queue = open_aged(age, RILL_RELIABLE);
  uint64_t next = age.sequence;
  for (unsigned turn = 0; turn < 6; turn++) {
    uint64_t first = stat_of(queue).sequence;
    CHECK(first - next <= MESSAGES);
    struct process *producer = spawn("producer", publish_until_killed, &first);
    const unsigned enough = 1 + (unsigned)(random_number() % 80);
    rill_consumer *kept = open_kept(queue, "kept"), *other = open_kept(queue, "other");
    for (unsigned i = 0; i < enough; i++) {
      at("message %u of producer %u", i, turn);
      receive_number(kept, next);
      receive_number(other, next++);
    }
    if (turn % 2)
      while (!stat_of(queue).waiting) /* it is full */
        breathe();
    kill_process(producer);
    CHECK(stat_of(queue).producer == RILL_PRODUCER_DEAD);
    rill_consumer_close(kept);
    rill_consumer_close(other);
  }
  const uint64_t end = stat_of(queue).sequence;
  rill_consumer *kept = open_kept(queue, "kept"), *other = open_kept(queue, "other");
  for (; next != end; next++) {
    receive_number(kept, next);
    receive_number(other, next);
  }
  rill_consumer_close(kept);
  rill_consumer_close(other);
  rill_producer_close(open_producer(queue, RILL_PARK, RILL_NOW));
  check_sound(RILL_NOTE, "behind the last producer");
  check_numbers(queue, end, 0);
  end_queue(queue);
}

static void successors_go_on_when_counters_wrap(void) {
  at_each_age(succeed_at);
}

/* --- kept groups, latencies ----------------------------------------------------------------- */

/* A member for one message each, and one that dies before it releases. */
static void take_one_and_die(void *arg) {
  const uint64_t number = *(const uint64_t *)arg;
  rill_consumer *consumer = open_kept(open_queue(NULL), "kept");
  struct rill_message message;
  CHECK_EQ(rill_receive(consumer, RILL_NOW, &message), 0);
  CHECK(message.sequence == number && message.lost == 0);
  report_ready();
  await_proceed();
}

static void keep_at(struct age age) {
  rill_queue *queue = open_aged(age, RILL_RELIABLE);
  const struct rill_producer_attr stamping = {.size = sizeof stamping, .stamp = 1};
  rill_producer *producer = NULL;
  CHECK_EQ(rill_producer_open(queue, &stamping, RILL_NOW, &producer), 0);
  CHECK_EQ(rill_group_unlink(queue, "other"), 0);
  for (uint64_t i = 0; i < MESSAGES / 2; i++) {
    uint64_t number = age.sequence + i;
    CHECK_EQ(publish_number(producer, number, RILL_NOW), 0);
    if (number % 32 == 0) {
      struct process *process = spawn("member", take_one_and_die, &number);
      await_ready(process);
      kill_process(process);
    }
    rill_consumer *consumer = open_kept(queue, "kept");
    receive_number(consumer, number);
    struct rill_group_stat group = {.size = sizeof group};
    uint32_t index = 0;
    CHECK_EQ(rill_group_read_stat(queue, &index, &group), 1);
    CHECK(group.latency_count == 0 || group.latency_count == 16);
    CHECK(group.latency_p50 >= 0 && group.latency_p50 <= group.latency_max);
    CHECK(group.lag_messages <= 1 && group.lag_age >= 0);
    rill_consumer_close(consumer);
    check_numbers(queue, number + 1, 0);
  }
  check_sound(RILL_NOTE, "between two members");
  rill_producer_close(producer);
  end_queue(queue);
}

static void kept_groups_go_on_when_counters_wrap(void) {
  at_each_age(keep_at);
}

/* --- what counts in the segments themselves ---------------------------------------------- */

static void wait_for_messages(void *arg) {
  const uint64_t first = *(const uint64_t *)arg;
  rill_consumer *consumer = open_consumer(
      open_queue(NULL), (struct joining){.group = "kept", .wait = RILL_PARK, .flags = RILL_FOLLOW});
  for (uint64_t number = first; number != first + 20; number++) {
    receive_number(consumer, number);
    atomic_store(&me->count[0], number - first + 1);
  }
  rill_consumer_close(consumer);
}

static void age_files(uint64_t least) {
  const struct files files = files_of_queue();
  struct view data = view_file(files.data), control = view_file(files.control);
  struct rilli_producer_page *page = page_of(&data);
  struct rilli_index *index = index_of(&data);
  for (uint32_t i = 0; i < RILLI_BELLS; i++)
    atomic_store(&page->bell[i], UINT32_MAX - 3);
  atomic_store(&hints_of(&control)->room, UINT32_MAX - 3);
  atomic_store(&page->generation, least - 3);
  atomic_store(&page->wakes, least - 3);
  atomic_store(&page->parks, least - 3);
  for (uint32_t i = 0; i < 4; i++) {
    struct rilli_group *group = group_of(&control, i);
    const uint64_t state = atomic_load(&group->state);
    atomic_store(&group->kick, UINT32_MAX - 3);
    atomic_store(&group->state,
                 RILLI_STATE(UINT32_MAX - 3, RILLI_STATE_FLAGS(state), RILLI_STATE_STATE(state)));
  }
  /* As if that many checkpoints had been pushed: all of them where the queue begins. */
  const uint64_t pushed = (least ? least : UINT64_C(1) << 40) - 3;
  for (uint32_t i = 0; i < RILLI_INDEX_COUNT; i++) {
    atomic_store(&index[i].position, identity_of(&data)->base_position);
    atomic_store(&index[i].sequence, identity_of(&data)->base_sequence);
    atomic_store(&index[i].time, rill_clock());
  }
  atomic_store(&page->index_head, pushed);
  close_view(&data);
  close_view(&control);
}

/* Sleepers are woken, members come, go and die, producers follow each other. */
static void come_and_go_at(struct age age) {
  rill_queue *queue = open_aged(age, RILL_RELIABLE);
  age_files(age.sequence + BEFORE);
  CHECK_EQ(rill_group_unlink(queue, "other"), 0);
  uint64_t next = age.sequence;
  for (unsigned turn = 0; turn < 8; turn++) {
    uint64_t first = next;
    struct process *consumer = spawn("consumer", wait_for_messages, &first);
    rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
    for (unsigned i = 0; i < 20; i++) {
      CHECK_EQ(publish_number(producer, next++, RILL_NOW), 0);
      if (i % 2)
        await_count(consumer, 0, i + 1);
    }
    await_end(consumer);
    rill_consumer *passing = open_consumer(queue, (struct joining){.start = RILL_LATEST});
    CHECK_EQ(publish_number(producer, next, RILL_NOW), 0);
    receive_number(passing, next);
    rill_consumer_close(passing);
    rill_consumer *kept = open_kept(queue, "kept");
    receive_number(kept, next++);
    rill_consumer_close(kept);
    rill_producer_close(producer);
    check_sound(RILL_NOTE, "between two members");
    check_numbers(queue, next, 0);
  }
  CHECK(stat_of(queue).producer_generation == age.sequence + BEFORE - 3 + 8);
  end_queue(queue);
}

static void generations_and_bells_may_wrap(void) {
  at_each_age(come_and_go_at);
}

static const struct test tests[] = {
    NAMED(streams_go_on_when_counters_wrap),
    NAMED(joiners_begin_where_they_wish_when_counters_wrap),
    NAMED(losses_are_counted_when_counters_wrap),
    NAMED(successors_go_on_when_counters_wrap),
    NAMED(kept_groups_go_on_when_counters_wrap),
    NAMED(generations_and_bells_may_wrap),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
