/* SPDX-License-Identifier: MIT */
/* garbage_data.c - senseless bytes in the data segment: the producer's page, what it saw,
 * the index, the ring. Whatever is called answers: a result or a clear error, soon. */
#include <errno.h>
#include <string.h>

#include "files.h"

#define ROUNDS (SUPPORT_SANITIZED ? 80u : 160u)

static struct rill_queue_attr attr = {.size = sizeof attr, .capacity = 65536, .max_groups = 4};

static uint64_t odd_value(void) {
  static const uint64_t values[] = {0,     1,      2,          15,         16,
                                    65535, 65536,  65552,      UINT64_MAX, UINT64_MAX - 15,
                                    128,   131072, 1ull << 63, INT64_MAX,  UINT32_MAX};
  const uint64_t pick = random_number();
  return pick % 3 == 0 ? random_number() : values[pick / 4 % (sizeof values / sizeof *values)];
}

/* Frames that are nearly right: the sequence fits, the rest is odd. */
static void forge_frames(uint8_t *ring, uint64_t capacity) {
  for (uint64_t at_byte = 0, sequence = 0; at_byte + 16 < capacity;) {
    const uint64_t lengths[] = {16, 32, 100, 255, 65536, 0, 15, 65520, 32768, 40};
    const uint64_t length = lengths[random_number() % 10];
    const uint64_t key = random_number() % 4 ? 0 : random_number() & 255;
    const uint64_t flags = random_number() % 3 ? 0 : random_number() & 3;
    const uint64_t word = length | key << 32 | flags << 40 | (sequence & 0xffff) << 48;
    memcpy(ring + at_byte, &word, 8);
    memcpy(ring + at_byte + 8, &sequence, 8);
    at_byte += length < 16 ? 16 : (length + 15) & ~UINT64_C(15);
    sequence += !(flags & 2);
  }
}

static void damage(struct view *data) {
  struct rilli_identity *identity = identity_of(data);
  uint8_t *base = data->base, *ring = base + identity->ring_offset;
  struct rilli_producer_page *page = (void *)(base + identity->producer_offset);
  const uint64_t way = random_number() % 8;
  at("damage %u", (unsigned)way);
  if (way == 0)
    random_bytes(page, RILLI_PAGE);
  else if (way == 1)
    random_bytes(base + identity->seen_offset, RILLI_PAGE);
  else if (way == 2)
    random_bytes(base + identity->index_offset, RILLI_PAGE);
  else if (way == 3)
    random_bytes(ring, identity->capacity);
  else if (way == 4)
    random_bytes(base + RILLI_PAGE, data->size - RILLI_PAGE);
  else if (way == 5)
    forge_frames(ring, identity->capacity);
  else if (way == 6) {
    uint64_t *words = (uint64_t *)(void *)(base + identity->index_offset);
    for (size_t i = 0; i < RILLI_INDEX_COUNT * sizeof(struct rilli_index) / 8; i++)
      words[i] = odd_value();
  } else {
    atomic_store(&page->limit, odd_value());
    atomic_store(&page->index_head, odd_value());
    atomic_store(&page->waiting, odd_value());
    atomic_store(&page->state, (uint32_t)odd_value());
  }
}

static void check_code(const char *what, int code) {
  static const int known[] = {0,       -EPROTO, -EBADMSG, -EAGAIN, -ETIMEDOUT, -EPIPE,
                              -ESTALE, -ERANGE, -EUSERS,  -EBUSY};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (code == known[i])
      return;
  fail_at(__FILE__, __LINE__, "%s: %d (%s)", what, code, rill_error());
}

/* Reads every byte of what it is given, so that a wrong place is seen. */
static void receive_some(rill_consumer *consumer) {
  static volatile unsigned char sink;
  struct rill_message message;
  for (unsigned i = 0; i < 20000; i++) {
    const int code = rill_receive(consumer, RILL_NOW, &message);
    check_code("receive", code);
    if (code)
      break;
    CHECK(message.size <= attr.capacity && message.key_size < 256);
    for (uint32_t k = 0; k < message.size; k++)
      sink = ((const unsigned char *)message.data)[k];
    for (uint32_t k = 0; k < message.key_size; k++)
      sink = (unsigned char)message.key[k];
    check_code("release", rill_release(consumer, &message));
  }
  (void)sink;
  check_code("receive", rill_receive(consumer, rill_after(1000000), &message));
}

static void look_at(rill_queue *queue) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  struct rill_group_stat group = {.size = sizeof group};
  check_code("stat", rill_queue_stat(queue, &stat));
  uint32_t index = 0;
  for (int got = 1; got == 1;) {
    got = rill_group_stat(queue, &index, &group);
    check_code("group stat", got == 1 ? 0 : got);
  }
}

static void consume(rill_queue *queue, uint32_t start, uint32_t flags, const char *group) {
  const struct rill_consumer_attr wish = {
      .size = sizeof wish, .start = start, .sequence = 3, .flags = flags, .group = group};
  rill_consumer *consumer = NULL;
  const int code = rill_consumer_open(queue, &wish, &consumer);
  check_code("consumer open", code);
  if (code == 0)
    receive_some(consumer);
  rill_consumer_close(consumer);
}

static void produce(rill_queue *queue) {
  rill_producer *producer = NULL;
  const int code = rill_producer_open(queue, NULL, RILL_NOW, &producer);
  check_code("producer open", code);
  if (code)
    return;
  for (uint64_t number = 0; number < 300; number++) {
    unsigned char bytes[MESSAGE_MOST];
    const size_t size = fill_message(number, bytes);
    const int published = rill_publish(producer, bytes, size, RILL_NOW);
    check_code("publish", published);
    if (published)
      break;
  }
  rill_producer_close(producer);
}

static void try_everything(void) {
  rill_queue *queue = NULL;
  const int code = rill_queue_open(context_here(), "q", 0, NULL, RILL_NOW, &queue);
  check_code("open", code);
  if (code)
    return;
  look_at(queue);
  consume(queue, RILL_OLDEST, 0, NULL);
  consume(queue, RILL_OLDEST, RILL_TAIL, NULL);
  consume(queue, RILL_LATEST, 0, NULL);
  consume(queue, RILL_LATEST, RILL_TAIL, NULL);
  consume(queue, RILL_SEQUENCE, 0, NULL);
  consume(queue, RILL_SEQUENCE, RILL_TAIL, NULL);
  consume(queue, RILL_OLDEST, RILL_KEEP_GROUP, "kept");
  produce(queue);
  look_at(queue);
  consume(queue, RILL_OLDEST, 0, NULL);
  rill_queue_close(queue);
}

static void fill_and_damage(uint32_t overflow) {
  attr.overflow = overflow;
  for (unsigned round = 0; round < ROUNDS; round++) {
    rill_queue *queue = open_queue(&attr);
    rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
    rill_consumer_close(open_consumer(
        queue, (struct joining){.group = "kept", .flags = RILL_KEEP_GROUP}));
    const uint64_t messages = random_number() % 100;
    for (uint64_t number = 0; number < messages; number++)
      CHECK_CODE(publish_number(producer, number, RILL_NOW), 0);
    rill_producer_close(producer);
    struct view data = view_file(files_of_queue().data);
    damage(&data);
    close_view(&data);
    try_everything();
    rill_queue_close(queue);
    CHECK_CODE(rill_queue_unlink(context_here(), "q"), 0);
    CHECK(files_left(1) == 0 && mappings_of_segments() == 0);
  }
}

static void senseless_data_of_a_reliable_queue_is_answered(void) {
  fill_and_damage(RILL_RELIABLE);
}
static void senseless_data_of_an_overwrite_queue_is_answered(void) {
  fill_and_damage(RILL_OVERWRITE);
}

/* Somebody scribbles while the queue is in use, by every process's own mapping. */
static void damage_under_live_users(uint32_t overflow) {
  attr.overflow = overflow;
  for (unsigned round = 0; round < ROUNDS / 2; round++) {
    rill_queue *queue = open_queue(&attr);
    rill_producer *producer = open_producer(queue, RILL_PARK, RILL_NOW);
    rill_consumer *consumer = open_consumer(queue, (struct joining){.wait = RILL_PARK});
    const struct rill_consumer_attr look = {.size = sizeof look, .flags = RILL_TAIL};
    rill_consumer *tail = NULL;
    CHECK_CODE(rill_consumer_open(queue, &look, &tail), 0);
    for (uint64_t number = 0; number < 40; number++)
      CHECK_CODE(publish_number(producer, number, RILL_NOW), 0);
    struct view data = view_file(files_of_queue().data);
    damage(&data);
    for (uint64_t number = 40; number < 200; number++) {
      const int code = publish_number(producer, number, RILL_NOW);
      check_code("publish", code);
      if (code)
        break;
    }
    receive_some(consumer);
    receive_some(tail);
    look_at(queue);
    close_view(&data);
    rill_consumer_close(tail);
    rill_consumer_close(consumer);
    rill_producer_close(producer);
    rill_queue_close(queue);
    CHECK_CODE(rill_queue_unlink(context_here(), "q"), 0);
    CHECK(files_left(1) == 0 && mappings_of_segments() == 0);
  }
}

static void damage_to_a_reliable_queue_in_use_is_answered(void) {
  damage_under_live_users(RILL_RELIABLE);
}
static void damage_to_an_overwrite_queue_in_use_is_answered(void) {
  damage_under_live_users(RILL_OVERWRITE);
}

#define NAMED(function)                                                                            \
  { #function, function }
static const struct test tests[] = {
    NAMED(senseless_data_of_a_reliable_queue_is_answered),
    NAMED(senseless_data_of_an_overwrite_queue_is_answered),
    NAMED(damage_to_a_reliable_queue_in_use_is_answered),
    NAMED(damage_to_an_overwrite_queue_in_use_is_answered),
};

int main(int argc, char **argv) {
  return RUN_TESTS(argc, argv, 60);
}
