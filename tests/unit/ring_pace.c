/* SPDX-License-Identifier: MIT */
/* ring_pace.c - how the ring adapts to the pace of its messages, without a visible effect: lines
 * that are handed down, the limit raised ahead, sizes that repeat, a rest at a full ring, a core
 * that is yielded. The test sets the clock. */
#include "unit.h"

#include <sched.h>
#include <time.h>

#include "plain_ring.h"

static struct plain_ring plain;
static int64_t clock_now, clock_step; /* ns; the step is taken at each reading       */
static int64_t asked;                 /* when consumers were first asked; 0: never      */
static int yields;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret) {
  (void)clock;
  clock_now += clock_step;
  *ret = (struct timespec){clock_now / 1000000000, clock_now % 1000000000};
  if (!asked && plain.ring.page && atomic_load(&plain.ring.page->waiting) != RILLI_NONE)
    asked = clock_now;
  return 0;
}

int __wrap_sched_yield(void);
int __wrap_sched_yield(void) {
  yields++;
  return 0;
}

static struct rill_producer producer;
static struct rill_consumer consumer, laggard;
static uint8_t bytes[65536];

static void begin(const struct plain_options *options, uint32_t wait) {
  clock_now = 1000000;
  clock_step = 0;
  yields = 0;
  plain_open(&plain, options);
  plain_producer(&plain, &producer, RILL_SPIN, 0);
  assert_code(plain_consumer(&plain, &consumer, 0, RILL_OLDEST, 0, 0), 0);
  consumer.patience.wait = wait;
}

static void end(void) {
  plain_leave(&consumer);
  plain_close(&plain);
  plain.ring.page = NULL;
}

static void publish(uint64_t sequence, size_t size) {
  support_fill(bytes, size, sequence);
  assert_code(rill_publish(&producer, bytes, size, RILL_NOW), 0);
}

static void take(uint64_t sequence, size_t size) {
  struct rill_message message;
  assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
  assert_true(message.sequence == sequence && message.size == size);
  assert_true(support_is(message.data, size, sequence));
  assert_code(rill_release(&consumer, &message), 0);
}

/* --- copies ------------------------------------------------------------------- */

/* A frame at each place of a line, of each size, handed down or not: every byte of it, and not one
 * byte behind it, which may be the next commit word already. */
static void a_copy_fills_its_frame_and_nothing_else(void **state) {
  (void)state;
  begin(NULL, RILL_SPIN);
  uint64_t sequence = 0;
  for (uint32_t handed = 0; handed < 2; handed++)
    for (size_t size = 1; size <= 1400; size++)
      for (size_t place = 0; place < 64; place += 16) {
        while (producer.position % 64 != place) {
          publish(sequence, 0);
          take(sequence++, 0);
        }
        producer.handed = handed ? RILLI_HANDED : 0;
        const uint64_t from = producer.position;
        publish(sequence, size);
        const uint64_t to = producer.position;
        assert_true(to == rilli_stride(from + RILLI_FRAME_HEADER + size));
        for (uint64_t at = to; rilli_before(at, producer.cleared) && at < to + 128; at += 8)
          assert_true(atomic_load(plain_word(&plain, at)) == 0);
        take(sequence++, size);
      }
  end();
}

/* --- single messages ------------------------------------------------------------ */

static uint64_t sequence_now;

/* Publishes n messages, `apart` ns from each other. */
static void go(int messages, size_t size, int64_t apart) {
  for (int i = 0; i < messages; i++) {
    clock_now += apart;
    publish(sequence_now, size);
    take(sequence_now++, size);
  }
}

static void single_messages_are_handed_down_and_a_stream_is_not(void **state) {
  (void)state;
  begin(&(struct plain_options){.capacity = 1 << 20}, RILL_SPIN);
  sequence_now = 0;
  const int window = RILLI_HANDINGS, quantum = (int)producer.ring.quantum;
  go(1000, 200, 400); /* answers of a core that is far */
  assert_true(producer.handed == RILLI_HANDED);
  go(2 * window, 200, 140); /* a stream, at the pace to which handing down slows it */
  assert_true(producer.handed == 0);
  go(quantum / 224 + 1, 200, 25); /* and at its own */
  assert_true(producer.handed == 0);
  go(2 * quantum / 224 + 1, 200, 400);
  assert_true(producer.handed == RILLI_HANDED);
  go(2 * window, 4000, 600); /* fewer, but so large that they are a stream */
  assert_true(producer.handed == 0);
  go(2 * quantum / 4016 + 1, 4000, 1700);
  assert_true(producer.handed == RILLI_HANDED);
  go(window, 4000, 1700);
  assert_true(producer.handed == RILLI_HANDED);
  end();
}

/* --- the limit --------------------------------------------------------------------- */

static void the_limit_is_raised_ahead_of_a_reliable_queue_only(void **state) {
  (void)state;
  for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
    begin(&(struct plain_options){.overwrite = overwrite}, RILL_SPIN);
    const uint64_t quantum = producer.ring.quantum;
    uint64_t least = UINT64_MAX;
    for (uint64_t i = 0; i < 10000; i++) {
      publish(i, 48);
      take(i, 48);
      const uint64_t limit = atomic_load(&producer.ring.page->limit);
      const uint64_t ahead = limit - producer.position;
      assert_true(limit % quantum == 0 && ahead <= 2 * quantum);
      if (overwrite) /* what readers keep */
        assert_true(ahead < quantum + RILLI_LINE);
      if (i > 100 && ahead < least)
        least = ahead;
    }
    if (!overwrite) /* no publish has to raise it before its commit */
      assert_true(least >= quantum / 4);
    end();
  }
}

/* Ahead of need there may be no room, which does not matter until it is needed. */
static void a_limit_raised_in_vain_holds_nothing_up(void **state) {
  (void)state;
  begin(NULL, RILL_SPIN);
  uint64_t in = 0, out = 0;
  while (producer.position + 4096 < producer.ring.capacity)
    publish(in++, 48);
  for (int round = 0; round < 5000; round++) {
    int code;
    support_fill(bytes, 48, in);
    while ((code = rill_publish(&producer, bytes, 48, RILL_NOW)) == 0)
      support_fill(bytes, 48, ++in);
    assert_code(code, -EAGAIN);
    assert_true(producer.position - consumer.published > producer.ring.capacity - 128);
    take(out, 48);
    out++;
    rilli_publish_cursor(&consumer);
  }
  while (out < in) {
    take(out, 48);
    out++;
  }
  end();
}

/* A producer that always has room never waits, and must still learn of a removal. */
static void a_producer_that_never_waits_learns_of_a_removal(void **state) {
  (void)state;
  for (size_t size = 8; size <= 1000; size += 496)
    for (uint32_t overwrite = 0; overwrite < 2; overwrite++) {
      begin(&(struct plain_options){.overwrite = overwrite}, RILL_SPIN);
      uint64_t i = 0;
      for (; i < 100; i++) {
        publish(i, size);
        take(i, size);
      }
      atomic_store(&plain.tombstone, 1);
      const uint64_t from = producer.position;
      int code;
      while ((code = rill_publish(&producer, bytes, size, RILL_NOW)) == 0) {
        assert_true(producer.position - from < 3 * producer.ring.quantum);
        struct rill_message message;
        assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
        assert_code(rill_release(&consumer, &message), 0);
      }
      assert_code(code, -ESTALE);
      atomic_store(&plain.tombstone, 0);
      end();
    }
}

/* --- a full ring ----------------------------------------------------------------------- */

/* The producer rests for 50 us, or half of the time that it has; then it asks consumers to publish
 * their releases. */
static void a_full_ring_is_left_alone_and_asked_in_time(void **state) {
  (void)state;
  static const int64_t spans[] = {1000, 20000, 49900, 50100, 51000, 99000, 150000, 1000000};
  static const uint32_t waits[] = {RILL_ADAPTIVE, RILL_SPIN, RILL_PARK};
  begin(NULL, RILL_SPIN);
  while (rill_publish(&producer, bytes, 48, RILL_NOW) == 0)
    ;
  for (size_t i = 0; i < 3; i++)
    for (size_t k = 0; k < sizeof spans / sizeof spans[0]; k++) {
      const int64_t start = clock_now, rest = spans[k] / 2 < 50000 ? spans[k] / 2 : 50000;
      producer.patience.wait = waits[i];
      clock_step = 10;
      asked = 0;
      assert_code(rill_publish(&producer, bytes, 48, start + spans[k]), -ETIMEDOUT);
      clock_step = 0;
      assert_true(asked && asked <= start + rest + 100);
      assert_true(waits[i] == RILL_PARK || asked > start + rest);
      assert_true(atomic_load(&plain.ring.page->waiting) == RILLI_NONE);
    }
  end();
}

/* --- sizes --------------------------------------------------------------------------- */

/* The place of the next message follows from the size of the last one, if both are equal. */
static void sizes_that_repeat_and_change_are_all_received(void **state) {
  (void)state;
  begin(NULL, RILL_SPIN);
  static const size_t sizes[] = {0, 0, 48, 48, 48, 0, 1, 48, 8000, 8000, 48, 16, 17, 17, 16};
  enum { N = sizeof sizes / sizeof sizes[0] };
  const struct rill_meta meta = {.size = sizeof meta, .time = 5, .type = 3};
  for (uint64_t i = 0; i < 3000; i++) {
    const size_t size = sizes[i % N];
    support_fill(bytes, size, i);
    const struct rill_item item = {bytes, size, i % 5 == 4 ? &meta : NULL};
    assert_code(rill_publish_batch(&producer, &item, 1, RILL_NOW), 1);
    take(i, size);
  }
  end();
}

/* Only the upper bits of its word say so. */
static void a_word_of_the_usual_size_alone_is_no_message(void **state) {
  (void)state;
  begin(NULL, RILL_SPIN);
  publish(0, 48);
  take(0, 48);
  struct rill_message message;
  atomic_store(plain_word(&plain, consumer.position), rilli_commit_word(16 + 48, 0, 2));
  assert_code(rill_receive(&consumer, RILL_NOW, &message), -EPROTO);
  atomic_store(plain_word(&plain, consumer.position),
               rilli_commit_word(16 + 48, RILLI_FLAG_SKIP, 1));
  assert_code(rill_receive(&consumer, RILL_NOW, &message), -EAGAIN);
  assert_true(consumer.position == producer.position + 64 && consumer.sequence == 1);
  end();
}

/* --- the core --------------------------------------------------------------------------- */

static void stream(uint64_t *sequence) {
  for (int i = 0; i < 400; i++, ++*sequence) {
    publish(*sequence, 48);
    take(*sequence, 48);
  }
}

/* Waits at the end of a stream, or without one. */
static int yields_in(int64_t span) {
  struct rill_message message;
  yields = 0;
  clock_step = 10000;
  assert_code(rill_receive(&consumer, clock_now + span, &message), -ETIMEDOUT);
  clock_step = 0;
  return yields;
}

enum { LONG = 20000000, SHORT = 5000000 };

static void a_consumer_that_has_caught_up_yields_to_those_that_lag(void **state) {
  (void)state;
  static const uint32_t waits[] = {RILL_ADAPTIVE, RILL_PARK, RILL_SPIN};
  for (size_t i = 0; i < 3; i++) {
    uint64_t sequence = 0;
    begin(NULL, waits[i]);
    stream(&sequence);
    struct rill_message message;
    for (int more = 0; more < 200; more++, sequence++) {
      publish(sequence, 48);
      assert_code(rill_receive(&consumer, RILL_NOW, &message), 0);
    }
    assert_int_equal(yields_in(LONG), 0); /* what lags are its own releases */
    assert_code(rill_release(&consumer, &message), 0);
    assert_code(plain_consumer(&plain, &laggard, 1, RILL_LATEST, 0, RILLI_GROUP_KEEP), 0);
    stream(&sequence); /* 25,600 of 65,536 bytes */
    if (waits[i] == RILL_SPIN)
      assert_int_equal(yields_in(LONG), 0); /* that core is not to be had */
    else
      assert_true(yields_in(LONG) > 0);
    assert_int_equal(yields_in(LONG), 0); /* without a stream */
    stream(&sequence);
    assert_int_equal(yields_in(SHORT), 0); /* it may not come back in time */
    plain_leave(&laggard);
    for (int more = 0; more < 40;
         more++, sequence++) { /* the producer sees that there is no member */
      publish(sequence, 48);
      take(sequence, 48);
    }
    assert_int_equal(yields_in(LONG), 0);
    end();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BEHAVIOUR(a_copy_fills_its_frame_and_nothing_else),
      BEHAVIOUR(single_messages_are_handed_down_and_a_stream_is_not),
      BEHAVIOUR(the_limit_is_raised_ahead_of_a_reliable_queue_only),
      BEHAVIOUR(a_limit_raised_in_vain_holds_nothing_up),
      BEHAVIOUR(a_producer_that_never_waits_learns_of_a_removal),
      BEHAVIOUR(a_full_ring_is_left_alone_and_asked_in_time),
      BEHAVIOUR(sizes_that_repeat_and_change_are_all_received),
      BEHAVIOUR(a_word_of_the_usual_size_alone_is_no_message),
      BEHAVIOUR(a_consumer_that_has_caught_up_yields_to_those_that_lag),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
