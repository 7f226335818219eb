/* SPDX-License-Identifier: MIT */
/* sized.c - each call that takes or fills a struct with a size, for structs_grow.sh: built against
 * the headers as they are, with fields fewer, and (LONGER) with a field `later` more. C and C++. */
#include <errno.h>
#include <rill/rill.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(int holds, const char *what, int code) {
  if (!holds) {
    fprintf(stderr, "sized.c: %s: %d, %s\n", what, code, rill_error());
    exit(1);
  }
}

#define CHECK(expression) check(expression, #expression, 0)
#define CODE(call, expected)                                                                       \
  do {                                                                                             \
    const int code_ = (call);                                                                      \
    check(code_ == (expected), #call, code_);                                                      \
  } while (0)

/* A call with `later` set is refused, by a text that names the struct. */
#ifdef LONGER
#define REFUSED(object, call, name)                                                                \
  do {                                                                                             \
    (object).later = 1;                                                                            \
    CODE(call, -E2BIG);                                                                            \
    CHECK(strstr(rill_error(), name) != NULL);                                                     \
    (object).later = 0;                                                                            \
  } while (0)
#define KNOWN(object) CHECK((object).size < sizeof(object) && (object).later == 0)
#else
#define REFUSED(object, call, name) (void)0
#define KNOWN(object) CHECK((object).size == sizeof(object))
#endif

/* A struct to be filled, with bytes behind it that are not part of it. */
#define GUARDED(type, init)                                                                        \
  struct {                                                                                         \
    type stat;                                                                                     \
    unsigned char guard[64];                                                                       \
  } guarded;                                                                                       \
  const type fresh = init;                                                                         \
  memset(&guarded, 0xa5, sizeof guarded);                                                          \
  guarded.stat.size = fresh.size
#define UNTOUCHED() CHECK(guarded.guard[0] == 0xa5 && guarded.guard[63] == 0xa5)

static void stats(rill_queue *queue) {
  {
    GUARDED(struct rill_queue_stat, RILL_QUEUE_STAT_INIT);
    CODE(rill_queue_read_stat(queue, &guarded.stat), 0);
    CHECK(guarded.stat.capacity == 65536 && strcmp(guarded.stat.name, "sized") == 0);
    KNOWN(guarded.stat);
    UNTOUCHED();
    CODE(rill_queue_read_stat(queue, &guarded.stat), 0); /* once more with the size that it has */
  }
  {
    GUARDED(struct rill_group_stat, RILL_GROUP_STAT_INIT);
    uint32_t index = 0;
    CODE(rill_group_read_stat(queue, &index, &guarded.stat), 1);
    CHECK(strcmp(guarded.stat.name, "group") == 0 && guarded.stat.state == RILL_GROUP_ACTIVE);
    KNOWN(guarded.stat);
    UNTOUCHED();
  }
  {
    GUARDED(struct rill_placement_stat, RILL_PLACEMENT_STAT_INIT);
    CODE(rill_placement_read_stat(queue, &guarded.stat), 0);
    CHECK(guarded.stat.pages > 0);
    KNOWN(guarded.stat);
    UNTOUCHED();
  }
}

static void messages(rill_producer *producer, rill_consumer *consumer) {
  struct rill_meta meta = RILL_META_INIT;
  struct rill_item item = {"one", 3, &meta};
  struct rill_message message;
  void *room;
  meta.time = 7;
  REFUSED(meta, rill_publish_batch(producer, &item, 1, RILL_NOW), "rill_meta");
  REFUSED(meta, rill_reserve(producer, &meta, 3, RILL_NOW, &room), "rill_meta");
  CODE(rill_publish_batch(producer, &item, 1, RILL_NOW), 1);
  CODE(rill_reserve(producer, &meta, 3, RILL_NOW, &room), 0);
  memcpy(room, "two", 3);
  CODE(rill_commit(producer, 3), 0);
  CODE(rill_receive(consumer, RILL_NOW, &message), 0);
  CHECK(message.size == 3 && memcmp(message.data, "one", 3) == 0 && message.time == 7);
  CODE(rill_receive(consumer, RILL_NOW, &message), 0);
  CHECK(message.size == 3 && memcmp(message.data, "two", 3) == 0 && message.time == 7);
}

int main(void) {
  static struct rill_queue_attr queue_attr = RILL_QUEUE_ATTR_INIT;
  struct rill_context_attr context_attr = RILL_CONTEXT_ATTR_INIT;
  struct rill_producer_attr producer_attr = RILL_PRODUCER_ATTR_INIT;
  struct rill_consumer_attr consumer_attr = RILL_CONSUMER_ATTR_INIT;
  rill_context *context;
  rill_queue *queue;
  rill_producer *producer;
  rill_consumer *consumer;
  REFUSED(context_attr, rill_context_open(&context_attr, &context), "rill_context_attr");
  CODE(rill_context_open(&context_attr, &context), 0);
  queue_attr.capacity = 65536;
  REFUSED(queue_attr, rill_queue_open(context, "sized", RILL_CREATE, &queue_attr, 0, &queue),
          "rill_queue_attr");
  CODE(rill_queue_open(context, "sized", RILL_CREATE, &queue_attr, 0, &queue), 0);
  producer_attr.wait = RILL_PARK;
  REFUSED(producer_attr, rill_producer_open(queue, &producer_attr, 0, &producer),
          "rill_producer_attr");
  CODE(rill_producer_open(queue, &producer_attr, 0, &producer), 0);
  consumer_attr.group = "group";
  REFUSED(consumer_attr, rill_consumer_open(queue, &consumer_attr, &consumer),
          "rill_consumer_attr");
  CODE(rill_consumer_open(queue, &consumer_attr, &consumer), 0);
  messages(producer, consumer);
  stats(queue);
  rill_consumer_close(consumer);
  rill_producer_close(producer);
  rill_queue_close(queue);
  rill_context_close(context);
  return 0;
}
