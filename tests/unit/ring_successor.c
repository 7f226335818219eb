/* SPDX-License-Identifier: MIT */
/* ring_successor.c - a producer dies at each step of its work, forged in memory; its successor
 * continues exactly there: no committed message is lost, no half one is seen. */
#include "unit.h"

#include <signal.h>
#include <sys/mman.h>

#include "plain_ring.h"

static struct plain_ring plain;
static struct rill_producer producer;
static struct rill_consumer consumer;
static uint8_t bytes[1 << 16];
static uint64_t next; /* the sequence that is published next */

static void publish(size_t size) {
  support_fill(bytes, size, next);
  assert_code(rill_publish(&producer, bytes, size, RILL_NOW), 0);
  next++;
}

static void drain(void) {
  struct rill_message message;
  int code;
  uint64_t due = consumer.sequence;
  while ((code = rill_receive(&consumer, RILL_NOW, &message)) == 0) {
    assert_true(message.sequence == due++ && message.lost == 0);
    assert_true(support_is(message.data, message.size, message.sequence));
    assert_code(rill_release(&consumer, &message), 0);
  }
  assert_code(code, -EAGAIN);
  assert_true(due == next);
}

/* What may be in progress when it dies; the ring stays as it was at that instruction. */
static void dies_before_anything(void) {
}

static void dies_with_the_next_index_entry_half_written(void) {
  const uint64_t n = atomic_load(&plain.ring.page->index_head);
  atomic_store(&plain.ring.index[n % RILLI_INDEX_COUNT].position, producer.position);
}

static void dies_with_an_entry_and_no_limit(void) {
  const uint64_t n = atomic_load(&plain.ring.page->index_head);
  struct rilli_index *entry = &plain.ring.index[n % RILLI_INDEX_COUNT];
  atomic_store(&entry->position, producer.position);
  atomic_store(&entry->sequence, producer.sequence);
  atomic_store(&plain.ring.page->index_head, n + 1);
}

static void dies_with_the_limit_raised(void) {
  (void)rilli_make_room(&producer, producer.position + 3000);
}

static void dies_in_the_payload(void) {
  void *data;
  if (rill_reserve(&producer, NULL, 777, RILL_NOW, &data) == 0)
    memset(data, 0xdd, 777);
}

/* A producer that dies before the steps behind the commit does not do them. */
static int dying;

void __real_rilli_raise_ahead(struct rill_producer *self);
void __wrap_rilli_raise_ahead(struct rill_producer *self);
void __wrap_rilli_raise_ahead(struct rill_producer *self) {
  if (!dying)
    __real_rilli_raise_ahead(self);
}

void __real_rilli_index_batch(struct rill_producer *self, struct rilli_place *places, size_t n);
void __wrap_rilli_index_batch(struct rill_producer *self, struct rilli_place *places, size_t n);
void __wrap_rilli_index_batch(struct rill_producer *self, struct rilli_place *places, size_t n) {
  if (!dying)
    __real_rilli_index_batch(self, places, n);
}

/* All that publish stores except the commit word; `also`: except the next one's zero, too. */
static void uncommitted(int also) {
  const uint64_t at = producer.position, after = at + rilli_stride(16 + 200);
  if (rilli_make_room(&producer, after + 16))
    return;
  const uint64_t old = atomic_load(plain_word(&plain, after));
  memset(bytes, 0xcc, 200);
  dying = 1;
  assert_code(rill_publish(&producer, bytes, 200, RILL_NOW), 0);
  dying = 0;
  atomic_store(plain_word(&plain, at), 0);
  if (also)
    atomic_store(plain_word(&plain, after), old);
}

static void dies_before_the_next_word_is_zeroed(void) {
  uncommitted(1);
}

static void dies_before_the_commit(void) {
  uncommitted(0);
}

static void dies_in_a_batch(void) {
  const uint64_t at = producer.position;
  memset(bytes, 0xbb, 300);
  struct rill_item items[5];
  for (size_t i = 0; i < 5; i++)
    items[i] = (struct rill_item){bytes, 48 * i, NULL};
  dying = 1;
  if (rill_publish_batch(&producer, items, 5, RILL_NOW) == 5)
    atomic_store(plain_word(&plain, at), 0); /* it is committed last */
  dying = 0;
}

static void dies_after_a_whole_batch(void) {
  static uint8_t content[5][300];
  struct rill_item items[5];
  for (size_t i = 0; i < 5; i++) {
    support_fill(content[i], 48 * i, next + i);
    items[i] = (struct rill_item){content[i], 48 * i, NULL};
  }
  if (rill_publish_batch(&producer, items, 5, RILL_NOW) == 5)
    next += 5;
}

static void (*const deaths[])(void) = {dies_before_anything,
                                       dies_with_the_next_index_entry_half_written,
                                       dies_with_an_entry_and_no_limit,
                                       dies_with_the_limit_raised,
                                       dies_in_the_payload,
                                       dies_before_the_next_word_is_zeroed,
                                       dies_before_the_commit,
                                       dies_in_a_batch,
                                       dies_after_a_whole_batch};
#define DEATHS (sizeof deaths / sizeof deaths[0])

static void succeed(void) {
  const uint64_t limit = atomic_load(&plain.ring.page->limit);
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_true(producer.sequence == next);
  assert_true(producer.position - producer.room == 0); /* the gate comes before the first store */
  assert_true(atomic_load(&plain.ring.page->limit) == limit);
}

static void one_death_everywhere(void (*die)(void), uint32_t overwrite, uint64_t base) {
  plain_open(&plain, &(struct plain_options){.overwrite = overwrite,
                                             .base_position = base,
                                             .base_sequence = base / 16});
  next = base / 16;
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  for (uint64_t i = 0; i < 600; i++) {
    publish(support_size(i, 900));
    if (i % 3 == 0) {
      die();
      succeed();
    }
    if (i % 5 == 0)
      drain();
  }
  drain();
  plain_leave(&consumer);
  plain_close(&plain);
}

static void a_successor_goes_on_exactly_where_the_dead_one_was(void **state) {
  (void)state;
  for (size_t i = 0; i < DEATHS; i++)
    for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
      one_death_everywhere(deaths[i], overwrite, 0);
      one_death_everywhere(deaths[i], overwrite, 0 - UINT64_C(100000) / 16 * 16);
    }
}

static void half_a_batch_is_never_seen(void **state) {
  (void)state;
  plain_open(&plain, NULL);
  next = 0;
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  publish(48);
  const uint64_t head = producer.position;
  dies_in_a_batch();
  assert_true(atomic_load(plain_word(&plain, head + 16)) != 0); /* the second one is there */
  drain();                                                      /* ... and not seen */
  succeed();
  assert_true(producer.position == head);
  publish(0); /* as long as the first of the batch, so that the second follows it */
  drain();
  publish(300);
  drain();
  plain_leave(&consumer);
  plain_close(&plain);
}

/* A real death, not a forged one: the bytes of an item cannot be read, so the producer dies in
 * the copy. */
static sigjmp_buf way_out;

static void jump(int signal_number) {
  (void)signal_number;
  siglongjmp(way_out, 1);
}

static void die_copying(const struct rill_item *items, size_t n) {
  struct sigaction old[2], action;
  memset(&action, 0, sizeof action);
  action.sa_handler = jump;
  (void)sigaction(SIGSEGV, &action, &old[0]);
  (void)sigaction(SIGBUS, &action, &old[1]);
  if (sigsetjmp(way_out, 1) == 0) {
    (void)rill_publish_batch(&producer, items, n, RILL_NOW);
    fail_msg("the bytes could be read");
  }
  (void)sigaction(SIGSEGV, &old[0], NULL);
  (void)sigaction(SIGBUS, &old[1], NULL);
}

static void a_batch_that_ends_in_the_middle_shows_none_of_it(void **state) {
  (void)state;
  uint8_t *closed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_ptr_not_equal(closed, MAP_FAILED);
  memset(bytes, 0xaa, 100);
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    plain_open(&plain, &(struct plain_options){.overwrite = overwrite});
    next = 0;
    plain_producer(&plain, &producer, RILL_SPIN, 0);
    assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
    for (size_t n = 1; n <= 6; n++) {
      struct rill_item items[6];
      for (size_t i = 0; i < 6; i++)
        items[i] = (struct rill_item){i + 1 == n ? closed : bytes, 100, NULL};
      publish(33);
      die_copying(items, 6);
      drain();
      succeed();
      publish(44);
      drain();
    }
    plain_leave(&consumer);
    plain_close(&plain);
  }
  (void)munmap(closed, 4096);
}

static void deaths_in_a_row_of_all_kinds_lose_nothing(void **state) {
  (void)state;
  uint64_t seed = 11;
  plain_open(&plain, NULL);
  next = 0;
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  for (int i = 0; i < 20000; i++) {
    const uint64_t r = support_random(&seed);
    deaths[r % DEATHS]();
    succeed();
    if (r & 1024)
      publish(r >> 54);
    if (r & 2048)
      drain();
  }
  drain();
  plain_leave(&consumer);
  plain_close(&plain);
}

static void a_kept_group_and_a_new_producer_meet_again(void **state) {
  (void)state;
  plain_open(&plain, NULL);
  next = 0;
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, RILLI_GROUP_KEEP), 0);
  for (int i = 0; i < 500; i++) {
    publish(support_size(next, 200));
    if (i % 10 == 9) {
      drain();
      const uint64_t sequence = consumer.sequence;
      plain_leave(&consumer);
      dies_in_a_batch();
      succeed();
      assert_code(plain_consumer(&plain, &consumer, 0, RILL_LATEST, 0, 0), 0);
      assert_true(consumer.sequence == sequence);
    }
  }
  plain_leave(&consumer);
  plain_close(&plain);
}

int main(void) {
  const struct CMUnitTest tests[] = {BEHAVIOUR(a_successor_goes_on_exactly_where_the_dead_one_was),
                                     BEHAVIOUR(half_a_batch_is_never_seen),
                                     BEHAVIOUR(a_batch_that_ends_in_the_middle_shows_none_of_it),
                                     BEHAVIOUR(deaths_in_a_row_of_all_kinds_lose_nothing),
                                     BEHAVIOUR(a_kept_group_and_a_new_producer_meet_again)};
  return cmocka_run_group_tests_name("ring_successor", tests, NULL, NULL);
}
