/* SPDX-License-Identifier: MIT */
/* messages.c - the calls of a script that take messages and publish them. See play.h. */
#include <errno.h>
#include <stdlib.h>

#include "codes.h"
#include "play.h"
#include "ring.h"
#include "support.h"

#define A_MOMENT 20000 /* ns */

static uint8_t bytes_to_send[32768];

/* --- taking ------------------------------------------------------------------------------ */

void play_consumer(struct play *play, struct input *input) {
  static const char *const names[] = {NULL, "a", "kept", "b", "new", NULL, "kept", "a"};
  const uint8_t slot = take_byte(input), how = take_byte(input);
  rill_consumer **handle = &play->consumers[slot % PLAY_CONSUMERS].handle;
  if (!play->queue || *handle)
    return;
  struct rill_consumer_attr attr = {.size = sizeof attr,
                                    .start = slot / 8 % 3,
                                    .wait = how >> 6 & 1u ? RILL_PARK : RILL_ADAPTIVE,
                                    .flags = how & 7u,
                                    .sequence = play->stage.sequence};
  if (attr.start == RILL_SEQUENCE)
    attr.sequence -= (uint64_t)(int64_t)(int8_t)take_byte(input);
  if (!(attr.flags & RILL_TAIL))
    attr.group = names[how >> 3 & 7u];
  const int code = rill_consumer_open(play->queue, &attr, handle);
  CODES("rill_consumer_open", code, EINVAL, EBUSY, EUSERS, ERANGE, EPERM, EPROTO, ESTALE, EBADMSG,
        ENOLCK, ENOMEM);
  CK((code == 0) == (*handle != NULL));
  play->consumers[slot % PLAY_CONSUMERS].began = 0;
  memset(&play->consumers[slot % PLAY_CONSUMERS].last, 0, sizeof(struct rill_message));
}

/* Lies where this consumer may read, and is read to the last byte. */
static void check_message(const struct rill_consumer *consumer,
                          const struct rill_message *message) {
  static volatile uint8_t sink;
  const uint8_t *low = consumer->copies ? consumer->buffer : consumer->ring.base;
  const size_t room = consumer->copies ? consumer->buffer_size : 2 * consumer->ring.capacity;
  const uint8_t *data = message->data;
  CK(data >= low && (size_t)(data - low) <= room && message->size <= room - (size_t)(data - low));
  CK(message->size <= consumer->ring.max_message && message->key_size <= 255);
  for (uint32_t i = 0; i < message->size; i++)
    sink = data[i];
  if (!message->key)
    return;
  const uint8_t *key = (const uint8_t *)message->key;
  CK(key >= low && key + message->key_size <= data);
  for (uint32_t i = 0; i < message->key_size; i++)
    sink = key[i];
  (void)sink;
}

static int take_one(struct play *play, unsigned slot, rill_time deadline) {
  rill_consumer *consumer = play->consumers[slot].handle;
  struct rill_message message;
  const int code = rill_receive(consumer, deadline, &message);
  CODES("rill_receive", code, EAGAIN, ETIMEDOUT, EPIPE, ESTALE, ECANCELED, EPROTO);
  if (code)
    return code;
  check_message(consumer, &message);
  if (play->consumers[slot].began)
    CK(message.sequence - message.lost == play->consumers[slot].next);
  play->consumers[slot].began = 1;
  play->consumers[slot].next = message.sequence + 1;
  play->consumers[slot].last = message;
  return 0;
}

static void check_release(int code) {
  CODES("rill_release", code, EINVAL, ESTALE);
}

void play_receive(struct play *play, struct input *input) {
  const uint8_t how = take_byte(input);
  const unsigned slot = how % PLAY_CONSUMERS, count = how / 8;
  if (!play->consumers[slot].handle)
    return;
  for (unsigned i = 0; i <= count * count; i++) {
    if (take_one(play, slot, i == 0 && how & 4u ? rill_after(A_MOMENT) : RILL_NOW))
      return;
    if (i < count)
      check_release(rill_release(play->consumers[slot].handle, NULL));
  }
}

void play_batch(struct play *play, struct input *input) {
  struct rill_message messages[8];
  const uint8_t how = take_byte(input);
  const unsigned slot = how % PLAY_CONSUMERS;
  rill_consumer *consumer = play->consumers[slot].handle;
  if (!consumer)
    return;
  const int got = rill_receive_batch(consumer, how >> 3 & 7u, RILL_NOW, messages);
  CODES("rill_receive_batch", got < 0 ? got : 0, EINVAL, EAGAIN, EPIPE, ESTALE, ECANCELED, EPROTO);
  for (int i = 0; i < got; i++)
    check_message(consumer, &messages[i]);
  if (got > 0) {
    play->consumers[slot].began = 1;
    play->consumers[slot].next = messages[got - 1].sequence + 1;
    play->consumers[slot].last = messages[got - 1];
  }
}

void play_release(struct play *play, struct input *input) {
  const uint8_t how = take_byte(input);
  const unsigned slot = how % PLAY_CONSUMERS;
  struct rill_message message = play->consumers[slot].last;
  if (!play->consumers[slot].handle)
    return;
  if (how & 8u) /* not one that it received: the caller's own mistake */
    message.token += take_odd(input);
  check_release(rill_release(play->consumers[slot].handle, how & 4u ? NULL : &message));
}

void play_interrupt(struct play *play, struct input *input) {
  rill_consumer *consumer = play->consumers[take_byte(input) % PLAY_CONSUMERS].handle;
  if (consumer)
    CK_EQ(rill_consumer_interrupt(consumer), 0);
}

void play_leave(struct play *play, struct input *input) {
  rill_consumer **handle = &play->consumers[take_byte(input) % PLAY_CONSUMERS].handle;
  rill_consumer_close(*handle);
  *handle = NULL;
}

/* --- publishing --------------------------------------------------------------------------- */

void play_producer(struct play *play, struct input *input) {
  const uint8_t how = take_byte(input);
  const struct rill_producer_attr attr = {
      .size = sizeof attr, .stamp = how & 1u, .wait = how & 2u ? RILL_PARK : RILL_ADAPTIVE};
  if (!play->queue || play->producer)
    return;
  const int code = rill_producer_open(play->queue, &attr, RILL_NOW, &play->producer);
  CODES("rill_producer_open", code, EBUSY, EPERM, EPROTO, EPROTONOSUPPORT, EINPROGRESS, EBADMSG,
        ESTALE, ENOENT, ENOMEM, ENOLCK);
  CK((code == 0) == (play->producer != NULL));
}

static void check_publish(int code) {
  CODES("rill_publish", code, EAGAIN, ETIMEDOUT, EMSGSIZE, EBUSY, ESTALE);
}

/* Nothing is written but what a producer writes: the first page is the creator's. And what it
 * zeroes ahead are whole words of frames, whatever the groups' cursors say. */
static uint64_t page_before(const struct play *play) {
  const rill_producer *producer = play->producer;
  CK(!producer || producer->ring.overwrite || producer->room % RILLI_FRAME_ALIGN == 0);
  return stage_first_page(&play->stage);
}

void play_publish(struct play *play, struct input *input) {
  const size_t size = take(input, 2) % sizeof bytes_to_send;
  const uint8_t how = take_byte(input);
  const uint64_t before = page_before(play);
  if (!play->producer)
    return;
  for (unsigned i = 0; i <= how / 2u; i++) {
    const int code = rill_publish(play->producer, bytes_to_send, size,
                                  i == 0 && how & 1u ? rill_after(A_MOMENT) : RILL_NOW);
    check_publish(code);
    if (code)
      break;
  }
  CK(page_before(play) == before);
}

void play_items(struct play *play, struct input *input) {
  struct rill_item items[8];
  const struct rill_meta meta = {
      .size = sizeof meta, .time = (int64_t)take_odd(input), .type = take_byte(input)};
  const size_t n = take_byte(input) & 7u;
  const uint64_t before = page_before(play);
  for (size_t i = 0; i < n; i++) {
    const uint8_t how = take_byte(input);
    items[i] = (struct rill_item){bytes_to_send, (how >> 1) * 17u, how & 1u ? &meta : NULL};
  }
  if (!play->producer)
    return;
  const int got = rill_publish_batch(play->producer, items, n, RILL_NOW);
  check_publish(got < 0 ? got : 0);
  CK(got <= (int)n && page_before(play) == before);
}

void play_reserve(struct play *play, struct input *input) {
  const size_t size = take(input, 2) % sizeof bytes_to_send;
  void *data = NULL;
  if (!play->producer)
    return;
  const int code = rill_reserve(play->producer, NULL, size, RILL_NOW, &data);
  check_publish(code);
  if (code == 0)
    memset(data, 'r', size);
}

void play_commit(struct play *play, struct input *input) {
  const size_t used = take(input, 2);
  if (!play->producer)
    return;
  if (used & 1u)
    rill_abort(play->producer);
  else
    CODES("rill_commit", rill_commit(play->producer, used / 2), EINVAL);
}

void play_farewell(struct play *play, struct input *input) {
  (void)input;
  rill_producer_close(play->producer);
  play->producer = NULL;
}
