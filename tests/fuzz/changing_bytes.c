/* SPDX-License-Identifier: MIT */
/* changing_bytes.c - both segments change while they are used: another process writes invalid
 * words and restores the old ones, again and again. A process that checks a word and then
 * reads it again gets two values. Consumers, tails, producers and inspectors must continue:
 * results or clear errors, no crash, no hang (promise 5). --long: for longer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "forge.h"

static struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536, .max_groups = 4};

static uint64_t rounds; /* of each part                                             */

/* --- the process that writes ----------------------------------------------------------------- */

static uint64_t odd_value(uint64_t now, const struct rilli_identity *plan) {
  const uint64_t pick = random_number();
  switch (pick % 10) {
  case 0:
    return 0;
  case 1:
    return random_number();
  case 2:
    return now ^ UINT64_C(1) << (pick >> 8) % 64;
  case 3:
    return now + (pick >> 8) % 64 * 16 - 512;
  case 4: /* another length */
    return (now & ~(uint64_t)UINT32_MAX) | (pick >> 32);
  case 5: /* a key, flags */
    return now | (pick & 0xff00) << 24 | (pick & 3) << 40;
  case 6:
    return now + plan->capacity;
  case 7:
    return now - plan->capacity;
  case 8:
    return UINT64_MAX - (pick >> 8) % 32;
  default:
    return (now & ~UINT64_C(255)) | (pick >> 8 & 7);
  }
}

/* The commit word of one of the frames that are being read. */
static _Atomic uint64_t *some_frame(const struct view *data, const struct rilli_identity *plan) {
  uint8_t *ring = ring_of(data);
  const struct rilli_producer_page *page = page_of(data);
  const struct rilli_index *index = index_of(data);
  const uint64_t entry = atomic_load(&page->index_head) - 1 - random_number() % RILLI_QUANTA;
  uint64_t at_byte = atomic_load(&index[entry % RILLI_INDEX_COUNT].position) & ~UINT64_C(15);
  for (uint64_t frames = random_number() % 16; frames; frames--) {
    const uint64_t word = rilli_load_word(ring + (at_byte & (plan->capacity - 1)));
    if (word)
      at_byte += rilli_stride(rilli_word_length(word));
  }
  return (void *)(ring + (at_byte & (plan->capacity - 1)));
}

static _Atomic uint64_t *some_word(const struct view *data, const struct view *control,
                                   const struct rilli_identity *plan) {
  const uint64_t pick = random_number(), at_word = pick >> 8;
  uint8_t *base = data->base, *other = control->base;
  size_t at_byte;
  switch (pick % 8) {
  case 0:
    at_byte = plan->producer_offset + (at_word % 2 ? at_word / 2 % 64 * 8 : at_word / 2 % 8 * 128);
    break;
  case 1:
    at_byte = plan->index_offset + at_word % 512 * 8;
    break;
  case 2:
    at_byte = plan->view_offset + at_word % 64 * 8;
    break;
  case 3:
    return (void *)(other + RILLI_ALIGN + at_word % 4 * RILLI_ALIGN + (at_word >> 8) % 48 * 8);
  case 4:
    return (void *)(other + RILLI_PAGE + at_word % 32 * 8);
  case 5:
  case 6:
    return some_frame(data, plan);
  default:
    at_byte = plan->ring_offset + at_word % (plan->capacity / 16) * 16;
    break;
  }
  return (void *)(base + at_byte);
}

/* What lies behind the first page. */
static uint8_t *copy_of(const struct view *view) {
  uint8_t *copy = malloc(view->size);
  CHECK(copy);
  memcpy(copy, view->base, view->size);
  return copy;
}

static void put_back(const struct view *view, const uint8_t *copy) {
  memcpy((uint8_t *)view->base + RILLI_PAGE, copy + RILLI_PAGE, view->size - RILLI_PAGE);
}

static void write_anything(void *arg) {
  const struct files files = files_of_queue();
  const struct view data = view_file(files.data), control = view_file(files.control);
  const struct rilli_identity plan = *identity_of(&data);
  const uint8_t *fresh = copy_of(&data), *fresh_control = copy_of(&control);
  (void)arg;
  report_ready();
  for (uint64_t n = 0;; n++) {
    if (n % 1024 == 0) { /* restores it as it was made: else soon nothing works any more */
      put_back(&data, fresh);
      put_back(&control, fresh_control);
      breathe();
    }
    _Atomic uint64_t *word = some_word(&data, &control, &plan);
    const uint64_t before = atomic_load(word), odd = odd_value(before, &plan);
    for (uint64_t times = random_number() % 16384; times; times--) { /* some readers see it */
      atomic_store(word, odd);
      atomic_store(word, before);
    }
    if (n % 128 == 100) /* some changes stay */
      atomic_store(word, odd);
    atomic_store_explicit(&me->count[0], n, memory_order_relaxed);
    if (n % 8 == 0)
      breathe();
  }
}

/* --- the processes that read ------------------------------------------------------------------ */

#define CHECK_CALL(call, code)                                                                     \
  CODES(call, code, EPROTO, EBADMSG, EAGAIN, ETIMEDOUT, EPIPE, ESTALE, ERANGE, EUSERS, EBUSY,      \
        EINVAL)

static void receive_some(rill_consumer *consumer) {
  struct rill_message message;
  for (unsigned i = 0; i < 300; i++) {
    const int code = rill_receive(consumer, i % 64 ? RILL_NOW : rill_after(20000), &message);
    CHECK_CALL("receive", code);
    if (code)
      return;
    CHECK(message.size <= attr.capacity / 2 && message.key_size < 256);
    support_read(&message);
    atomic_fetch_add(&me->count[0], 1);
    if (i % 2)
      CHECK_CALL("release", rill_release(consumer, &message));
  }
}

static void consume_once(rill_queue *queue) {
  const uint64_t pick = random_number();
  const struct rill_consumer_attr wish = {.size = sizeof wish,
                                          .start = (uint32_t)(pick % 3),
                                          .sequence = pick >> 8 & 255,
                                          .flags = pick & 4 ? (uint32_t)RILL_TAIL : 0,
                                          .wait = pick & 8 ? RILL_PARK : RILL_ADAPTIVE};
  rill_consumer *consumer = NULL;
  const int code = rill_consumer_open(queue, &wish, &consumer);
  CHECK_CALL("consumer open", code);
  if (code == 0)
    receive_some(consumer);
  rill_consumer_close(consumer);
}

static void consume(void *arg) {
  rill_queue *queue = open_queue(&attr);
  (void)arg;
  for (uint64_t round = 0; round < rounds; round++) {
    at("round %llu", (unsigned long long)round);
    consume_once(queue);
  }
}

static void produce(void *arg) {
  static unsigned char bytes[MESSAGE_MOST];
  rill_queue *queue = open_queue(&attr);
  (void)arg;
  for (uint64_t round = 0; round < rounds; round++) {
    rill_producer *producer = NULL;
    at("round %llu", (unsigned long long)round);
    int code = rill_producer_open(queue, NULL, RILL_NOW, &producer);
    CHECK_CALL("producer open", code);
    for (unsigned i = 0; code == 0 && i < 100; i++) {
      code = rill_publish(producer, bytes, random_number() % sizeof bytes,
                          i % 32 ? RILL_NOW : rill_after(20000));
      CHECK_CALL("publish", code);
    }
    rill_producer_close(producer);
  }
}

static void inspect(void *arg) {
  rill_queue *queue = open_queue(&attr);
  (void)arg;
  for (uint64_t round = 0; round < rounds; round++) {
    struct rill_queue_stat stat = {.size = sizeof stat};
    struct rill_group_stat group = {.size = sizeof group};
    at("round %llu", (unsigned long long)round);
    CHECK_CALL("stat", rill_queue_read_stat(queue, &stat));
    uint32_t index = 0;
    for (int got = 1; got == 1;) {
      got = rill_group_read_stat(queue, &index, &group);
      CHECK_CALL("group stat", got == 1 ? 0 : got);
      CHECK(got != 1 || memchr(group.name, 0, sizeof group.name));
    }
    CHECK_CALL("doctor", examine_queue(context_here(), "q", NO_FINDING, "as it changes"));
    CHECK(rill_queue_gc(context_here(), 0, NULL, NULL) >= 0);
  }
}

static void bytes_change_under(uint32_t overflow, uint64_t count) {
  struct process *processes[4];
  rounds = count;
  attr.overflow = overflow;
  rill_queue *queue = open_queue(&attr);
  struct process *writer = spawn("writer", write_anything, NULL);
  await_ready(writer);
  processes[0] = spawn("producer", produce, NULL);
  processes[1] = spawn("consumer", consume, NULL);
  processes[2] = spawn("other consumer", consume, NULL);
  processes[3] = spawn("inspector", inspect, NULL);
  for (unsigned i = 0; i < 4; i++)
    await_end(processes[i]);
  const uint64_t written = atomic_load(&writer->count[0]);
  const uint64_t got = atomic_load(&processes[1]->count[0]) + atomic_load(&processes[2]->count[0]);
  (void)printf("%llu words changed, %llu messages received\n", (unsigned long long)written,
               (unsigned long long)got);
  CHECK(written > 0 && got > 0);
  kill_process(writer);
  rill_queue_close(queue);
  CHECK_EQ(rill_queue_unlink(context_here(), "q"), 0);
  gc_leaves_nothing();
}

#define QUICK (SUPPORT_SANITIZED ? 2000 : 10000)
#define LONG 75000

static void changing_words_of_a_reliable_queue_are_harmless(void) {
  bytes_change_under(RILL_RELIABLE, QUICK);
}
static void changing_words_of_an_overwrite_queue_are_harmless(void) {
  bytes_change_under(RILL_OVERWRITE, QUICK);
}
static void words_of_a_reliable_queue_that_change_for_long_are_harmless(void) {
  bytes_change_under(RILL_RELIABLE, LONG);
}
static void words_of_an_overwrite_queue_that_change_for_long_are_harmless(void) {
  bytes_change_under(RILL_OVERWRITE, LONG);
}

int main(int argc, char **argv) {
  static const struct test quick[] = {NAMED(changing_words_of_a_reliable_queue_are_harmless),
                                      NAMED(changing_words_of_an_overwrite_queue_are_harmless)};
  static const struct test slow[] = {
      NAMED(words_of_a_reliable_queue_that_change_for_long_are_harmless),
      NAMED(words_of_an_overwrite_queue_that_change_for_long_are_harmless)};
  if (argc > 1 && strcmp(argv[1], "--long") == 0)
    return run_all_tests(slow, 2, argc - 1, argv + 1, 600);
  return run_all_tests(quick, 2, argc, argv, 120);
}
