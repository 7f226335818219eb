/* SPDX-License-Identifier: MIT */
/* regressions.c - defects found by review, each with the test that shows it. */
#include "api.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "lease.h"
#include "plain_ring.h"

/* --- a row whose member died ------------------------------------------------------------ */

static int join_and_die(void *arg) {
  (void)arg;
  rill_queue *queue = open_queue(open_context(RILL_FENCE_AUTO), "q", 0, NULL);
  (void)open_consumer(queue, NULL, RILL_OLDEST, 0);
  _exit(0);
}

/* A process that has had the queue open for long needs neither gc nor the reclaim of an open. */
static void a_dead_member_does_not_keep_the_last_row(void **state) {
  (void)state;
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .max_groups = 1, .overflow = RILL_OVERWRITE};
  rill_context *context = open_context(RILL_FENCE_AUTO);
  rill_queue *queue = open_queue(context, "q", RILL_CREATE, &attr);
  assert_code(support_reap(support_child(join_and_die, NULL)), 0);
  rill_consumer *consumer = open_consumer(queue, "next", RILL_OLDEST, 0);
  rill_consumer *other = NULL;
  assert_code(try_consumer(queue, "other", RILL_OLDEST, 0, &other), -EUSERS);
  rill_consumer_close(consumer);
  rill_queue_close(queue);
  rill_context_close(context);
}

/* --- unlink beside a process that checks whether the queue can go --------------------------- */

static int hold_the_unlink_byte(void *arg) {
  const int *ready = arg;
  char path[512];
  (void)snprintf(path, sizeof path, "%s/q.control", support_directory());
  const int fd = open(path, O_RDWR | O_CLOEXEC);
  CHECK(fd >= 0);
  CHECK_EQ(rilli_lock_try(fd, RILLI_LOCK_UNLINK, 1, 1), 0);
  CHECK_EQ(write(ready[1], "x", 1), 1);
  (void)usleep(100000); /* then it leaves the queue as it is, as gc does with one in use */
  return 0;
}

static void unlink_removes_what_another_process_only_checks(void **state) {
  (void)state;
  rill_queue *queue = small_queue("q", RILL_RELIABLE);
  rill_context *context = open_context(RILL_FENCE_AUTO);
  int ready[2];
  char byte;
  assert_code(pipe(ready), 0);
  const pid_t child = support_child(hold_the_unlink_byte, ready);
  assert_code(read(ready[0], &byte, 1), 1);
  assert_code(rill_queue_unlink(context, "q"), 0);
  rill_queue *again = NULL;
  assert_code(rill_queue_open(context, "q", 0, NULL, RILL_NOW, &again), -ENOENT);
  assert_code(support_reap(child), 0);
  (void)close(ready[0]);
  (void)close(ready[1]);
  rill_context_close(context);
  rill_queue_close(queue);
}

/* --- gc beside processes that make queues -------------------------------------------------- */

static int collect_for_ever(void *arg) {
  (void)arg;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  for (;;)
    CHECK(rill_queue_gc(context, 0, NULL, NULL) >= 0);
}

static void use_for_a_moment(rill_context *context, unsigned flags, uint32_t lifetime) {
  const struct rill_queue_attr attr = {
      .size = sizeof attr, .capacity = 65536, .lifetime = lifetime, .max_groups = 1};
  rill_queue_close(open_queue(context, "q", flags, &attr));
}

/* A kept queue replaces a transient one between gc's check and its removal. */
static void gc_removes_no_queue_made_since_its_check(void **state) {
  (void)state;
  rill_context *context = open_context(RILL_FENCE_AUTO);
  const pid_t child = support_child(collect_for_ever, NULL);
  for (int round = 0; round < 500; round++) {
    use_for_a_moment(context, RILL_CREATE, RILL_TRANSIENT);
    use_for_a_moment(context, RILL_CREATE, RILL_KEPT);
    (void)usleep((unsigned)round % 100);
    use_for_a_moment(context, 0, RILL_KEPT);
    assert_code(rill_queue_unlink(context, "q"), 0);
  }
  (void)kill(child, SIGKILL);
  assert_code(support_reap(child), -SIGKILL);
  rill_context_close(context);
}

/* --- a child made while a thread waits for the producer's lease ------------------------------- */

static void *succeed(void *arg) {
  rill_producer *producer = NULL;
  CHECK_EQ(rill_producer_open(arg, NULL, RILL_FOREVER, &producer), 0);
  return producer;
}

static void a_child_made_during_a_failover_keeps_no_lease(void **state) {
  (void)state;
  rill_queue *queue = small_queue("q", RILL_RELIABLE);
  rill_producer *first = open_producer(queue, RILL_ADAPTIVE), *last = NULL;
  pthread_t thread;
  void *second;
  assert_code(pthread_create(&thread, NULL, succeed, queue), 0);
  int runs[2];
  char byte = 0;
  assert_code(pipe(runs), 0);
  (void)usleep(50000); /* probably it waits by now; if not, the test shows less */
  const pid_t child = fork();
  if (child == 0) {
    (void)!write(runs[1], &byte, 1);
    for (;;)
      (void)pause();
  }
  assert_code(read(runs[0], &byte, 1),
              1); /* until it runs it may hold a description that it will close */
  (void)close(runs[0]);
  (void)close(runs[1]);
  rill_producer_close(first);
  assert_code(pthread_join(thread, &second), 0);
  rill_producer_close(second);
  const int code = rill_producer_open(queue, NULL, RILL_NOW, &last);
  (void)kill(child, SIGKILL);
  (void)support_reap(child);
  assert_code(code, 0);
  rill_producer_close(last);
  rill_queue_close(queue);
}

/* --- invalid segments ------------------------------------------------------------------- */

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer;
static uint8_t bytes[1 << 16];

static void publish(size_t size) {
  assert_code(rill_publish(&producer, bytes, size, RILL_NOW), 0);
}

/* -EAGAIN would have a joiner or successor walk the whole ring a thousand times, or more. */
static void frames_beyond_the_write_limit_are_damage(void **state) {
  (void)state;
  plain_open(&plain, &(struct plain_options){.base_position = 0 - UINT64_C(4096)});
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  for (int i = 0; i < 100; i++)
    publish(100);
  atomic_store(&plain.ring.page->limit, plain.base_position + 4096);
  atomic_store(&plain.ring.page->index_head, 1);
  struct rilli_place place = {plain.base_position, plain.base_sequence, 0};
  const struct rilli_until end = {.by_sequence = 0};
  assert_code(rilli_walk(&plain.ring, &end, &place), -EPROTO);
  assert_code(rilli_find_head(&plain.ring, &place), -EPROTO);
  plain_close(&plain);
}

/* A reader may have memory for the largest message that the queue states, and no more. */
static void no_message_is_larger_than_max_message(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    struct rill_message message;
    plain_open(&plain, &(struct plain_options){.overwrite = overwrite, .max_message = 1000});
    plain_producer(&plain, &producer, RILL_SPIN, 0);
    assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
    publish(1000);
    producer.ring.max_message = 1400;
    producer.fast_span = 0;
    publish(1001);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    assert_code(rill_receive(&consumer, RILL_NOW, &message), -EPROTO);
    plain_leave(&consumer);
    plain_close(&plain);
  }
}

/* --- a kept group that was refused --------------------------------------------------------- */

/* The producer no longer held the place, so the group cannot continue at its cursor. */
static void a_refused_group_starts_a_new_tenancy(void **state) {
  (void)state;
  struct rill_message message;
  void *data;
  plain_open(&plain, &(struct plain_options){.max_message = 16384});
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, RILLI_GROUP_KEEP), 0);
  for (int i = 0; i < 60; i++)
    publish(1008);
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  atomic_store(&rilli_group_at(&plain.ring, 0)->cursor, 8); /* a stray write */
  assert_code(rill_reserve(&producer, NULL, 12000, RILL_NOW, &data), 0);
  rill_abort(&producer);
  consumer.released = consumer.position;
  plain_leave(&consumer); /* its cursor is valid again, but room was given beyond it */
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, RILLI_GROUP_KEEP), 0);
  uint64_t next = consumer.sequence;
  for (int i = 0; i < 7; i++)
    publish(1008);
  for (; rill_receive(&consumer, RILL_NOW, &message) == 0; next++)
    assert_true(message.sequence == next);
  assert_true(next == producer.sequence);
  plain_leave(&consumer);
  plain_close(&plain);
}

/* --- a consumer's handle and its ring anywhere in memory ----------------------------------- */

/* Found by fuzz_consume: the distance to a ring at a lower address wrapped a pointer (UBSan). A
 * stack is above all mappings. */
static void a_consumer_may_lie_above_its_ring(void **state) {
  struct rill_consumer above;
  struct rill_message message;
  (void)state;
  plain_open(&plain, NULL);
  assert_true((uintptr_t)&above > (uintptr_t)plain.ring.base);
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &above, 0, RILL_OLDEST, 0, 0), 0);
  assert_code(rill_publish(&producer, "one", 3, RILL_NOW), 0);
  assert_code(rill_receive(&above, RILL_NOW, &message), 0);
  assert_true(message.size == 3 && memcmp(message.data, "one", 3) == 0);
  plain_leave(&above);
  plain_close(&plain);
}

/* --- an invalid cursor, in a row without a known state ------------------------------------ */

/* Found by hostile_consumer: such a cursor is not refused, so it gates. One that was not aligned
 * made room end within a frame's words. So zeroing ahead left holes, and the next message was
 * expected where bytes of an earlier lap were. */
static void an_unaligned_cursor_leaves_no_old_bytes_at_the_head(void **state) {
  uint64_t seed = 7;
  (void)state;
  plain_open(&plain, NULL);
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  struct rilli_group *row = rilli_group_at(&plain.ring, 1);
  atomic_store(&row->state, RILLI_STATE(1, 0, RILLI_GROUP_JOINING));
  memset(bytes, 0xee, sizeof bytes);
  for (int i = 0; i < 20000; i++) {
    const uint64_t r = support_random(&seed);
    atomic_store(&row->cursor, producer.position - plain.ring.capacity + r % 2048);
    const int code = rill_publish(&producer, bytes, r >> 32 & 255, RILL_NOW);
    assert_true(code == 0 || code == -EAGAIN);
    assert_true(producer.room % RILLI_FRAME_ALIGN == 0);
    assert_true(atomic_load(plain_word(&plain, producer.position)) == 0);
  }
  plain_close(&plain);
}

/* --- a checkpoint beyond the write limit ---------------------------------------------------- */

/* Found by fuzz_frames: a lapped consumer went there, found that nothing is written there yet, and
 * searched another one, a hundred thousand times. */
static void a_checkpoint_beyond_the_write_limit_is_damage(void **state) {
  struct rill_message message;
  (void)state;
  plain_open(&plain, &(struct plain_options){.overwrite = 1});
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  for (int i = 0; i < 200; i++)
    publish(1008); /* three rounds */
  const uint64_t limit = atomic_load(&plain.ring.page->limit);
  for (uint32_t i = 0; i < RILLI_INDEX_COUNT; i++)
    atomic_store(&plain.ring.index[i].position, limit + 4096);
  assert_code(rill_receive(&consumer, RILL_NOW, &message), -EPROTO);
  assert_non_null(strstr(rill_error(), "damaged")); /* and does not say: too slow */
  plain_leave(&consumer);
  plain_close(&plain);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(a_dead_member_does_not_keep_the_last_row),
      BEHAVIOUR(unlink_removes_what_another_process_only_checks),
      BEHAVIOUR(gc_removes_no_queue_made_since_its_check),
      BEHAVIOUR(a_child_made_during_a_failover_keeps_no_lease),
      BEHAVIOUR(frames_beyond_the_write_limit_are_damage),
      BEHAVIOUR(no_message_is_larger_than_max_message),
      BEHAVIOUR(a_refused_group_starts_a_new_tenancy),
      BEHAVIOUR(a_consumer_may_lie_above_its_ring),
      BEHAVIOUR(an_unaligned_cursor_leaves_no_old_bytes_at_the_head),
      BEHAVIOUR(a_checkpoint_beyond_the_write_limit_is_damage),
  };
  return cmocka_run_group_tests_name("regressions", tests, NULL, NULL);
}
