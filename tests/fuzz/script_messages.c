/* SPDX-License-Identifier: MIT */
/* script_messages.c - the calls of a script that take messages and publish them. See script.h. */
#include <errno.h>
#include <stdlib.h>

#include "script.h"
#include "ring.h"
#include "support.h"

#define A_MOMENT 20000 /* ns */

static uint8_t bytes_to_send[32768];

/* --- taking ------------------------------------------------------------------------------ */

void call_consumer(struct script *script, struct input *input) {
  static const char *const names[] = {NULL, "a", "kept", "b", "new", NULL, "kept", "a"};
  const uint8_t slot = take_byte(input), how = take_byte(input);
  rill_consumer **handle = &script->consumers[slot % SCRIPT_CONSUMERS].handle;
  if (!script->queue || *handle)
    return;
  struct rill_consumer_attr attr = {.size = sizeof attr,
                                    .start = slot / 8 % 3,
                                    .wait = how >> 6 & 1u ? RILL_PARK : RILL_ADAPTIVE,
                                    .flags = how & 7u,
                                    .sequence = script->forged.sequence};
  if (attr.start == RILL_SEQUENCE)
    attr.sequence -= (uint64_t)(int64_t)(int8_t)take_byte(input);
  if (!(attr.flags & RILL_TAIL))
    attr.group = names[how >> 3 & 7u];
  const int code = rill_consumer_open(script->queue, &attr, handle);
  CODES("rill_consumer_open", code, EINVAL, EBUSY, EUSERS, ERANGE, EPERM, EPROTO, ESTALE, EBADMSG,
        ENOLCK, ENOMEM);
  CHECK((code == 0) == (*handle != NULL));
  script->consumers[slot % SCRIPT_CONSUMERS].began = 0;
  memset(&script->consumers[slot % SCRIPT_CONSUMERS].last, 0, sizeof(struct rill_message));
}

void check_place(const struct rill_consumer *consumer, const struct rill_message *message) {
  const uint8_t *low = consumer->copies ? consumer->buffer : consumer->ring.base;
  const size_t room = consumer->copies ? consumer->buffer_size : 2 * consumer->ring.capacity;
  const uint8_t *data = message->data, *key = (const uint8_t *)message->key;
  CHECK(data >= low && (size_t)(data - low) <= room &&
        message->size <= room - (size_t)(data - low));
  CHECK(message->size <= consumer->ring.max_message && message->key_size <= 255);
  CHECK((uintptr_t)data % 16 == 0);
  CHECK(message->flags == (consumer->copies ? RILL_MESSAGE_COPIED : 0));
  CHECK(!key || (key >= low && key + message->key_size <= data));
  support_read(message);
}

static int take_one(struct script *script, unsigned slot, rill_time deadline) {
  rill_consumer *consumer = script->consumers[slot].handle;
  struct rill_message message;
  const int code = rill_receive(consumer, deadline, &message);
  CODES("rill_receive", code, EAGAIN, ETIMEDOUT, EPIPE, ESTALE, ECANCELED, EPROTO);
  if (code)
    return code;
  check_place(consumer, &message);
  if (script->consumers[slot].began)
    CHECK(message.sequence - message.lost == script->consumers[slot].next);
  script->consumers[slot].began = 1;
  script->consumers[slot].next = message.sequence + 1;
  script->consumers[slot].last = message;
  return 0;
}

static void check_release(int code) {
  CODES("rill_release", code, EINVAL, ESTALE);
}

void call_receive(struct script *script, struct input *input) {
  const uint8_t how = take_byte(input);
  const unsigned slot = how % SCRIPT_CONSUMERS, count = how / 8;
  if (!script->consumers[slot].handle)
    return;
  for (unsigned i = 0; i <= count * count; i++) {
    if (take_one(script, slot, i == 0 && how & 4u ? rill_after(A_MOMENT) : RILL_NOW))
      return;
    if (i < count)
      check_release(rill_release(script->consumers[slot].handle, NULL));
  }
}

void call_batch(struct script *script, struct input *input) {
  struct rill_message messages[8];
  const uint8_t how = take_byte(input);
  const unsigned slot = how % SCRIPT_CONSUMERS;
  rill_consumer *consumer = script->consumers[slot].handle;
  if (!consumer)
    return;
  const int got = rill_receive_batch(consumer, how >> 3 & 7u, RILL_NOW, messages);
  CODES("rill_receive_batch", got < 0 ? got : 0, EINVAL, EAGAIN, EPIPE, ESTALE, ECANCELED, EPROTO);
  for (int i = 0; i < got; i++)
    check_place(consumer, &messages[i]);
  if (got > 0) {
    script->consumers[slot].began = 1;
    script->consumers[slot].next = messages[got - 1].sequence + 1;
    script->consumers[slot].last = messages[got - 1];
  }
}

void call_release(struct script *script, struct input *input) {
  const uint8_t how = take_byte(input);
  const unsigned slot = how % SCRIPT_CONSUMERS;
  struct rill_message message = script->consumers[slot].last;
  if (!script->consumers[slot].handle)
    return;
  if (how & 8u) /* not a message that it received: an error of the caller */
    message.token += take_odd(input);
  check_release(rill_release(script->consumers[slot].handle, how & 4u ? NULL : &message));
}

void call_interrupt(struct script *script, struct input *input) {
  rill_consumer *consumer = script->consumers[take_byte(input) % SCRIPT_CONSUMERS].handle;
  if (consumer)
    CHECK_EQ(rill_consumer_interrupt(consumer), 0);
}

void call_leave(struct script *script, struct input *input) {
  rill_consumer **handle = &script->consumers[take_byte(input) % SCRIPT_CONSUMERS].handle;
  rill_consumer_close(*handle);
  *handle = NULL;
}

/* --- publishing --------------------------------------------------------------------------- */

void call_producer(struct script *script, struct input *input) {
  const uint8_t how = take_byte(input);
  const struct rill_producer_attr attr = {
      .size = sizeof attr, .stamp = how & 1u, .wait = how & 2u ? RILL_PARK : RILL_ADAPTIVE};
  if (!script->queue || script->producer)
    return;
  const int code = rill_producer_open(script->queue, &attr, RILL_NOW, &script->producer);
  CODES("rill_producer_open", code, EBUSY, EPERM, EPROTO, EPROTONOSUPPORT, EINPROGRESS, EBADMSG,
        ESTALE, ENOENT, ENOMEM, ENOLCK);
  CHECK((code == 0) == (script->producer != NULL));
}

static void check_publish(int code) {
  CODES("rill_publish", code, EAGAIN, ETIMEDOUT, EMSGSIZE, EBUSY, ESTALE);
}

/* A producer writes only its own parts: the first page belongs to the creator. And it zeroes ahead
 * whole words of frames, whatever the groups' cursors are. */
static uint64_t page_before(const struct script *script) {
  const rill_producer *producer = script->producer;
  CHECK(!producer || producer->ring.overwrite || producer->room % RILLI_FRAME_ALIGN == 0);
  return forged_first_page(&script->forged);
}

void call_publish(struct script *script, struct input *input) {
  const size_t size = take(input, 2) % sizeof bytes_to_send;
  const uint8_t how = take_byte(input);
  const uint64_t before = page_before(script);
  if (!script->producer)
    return;
  for (unsigned i = 0; i <= how / 2u; i++) {
    const int code = rill_publish(script->producer, bytes_to_send, size,
                                  i == 0 && how & 1u ? rill_after(A_MOMENT) : RILL_NOW);
    check_publish(code);
    if (code)
      break;
  }
  CHECK(page_before(script) == before);
}

void call_items(struct script *script, struct input *input) {
  struct rill_item items[8];
  const struct rill_meta meta = {
      .size = sizeof meta, .time = (int64_t)take_odd(input), .type = take_byte(input)};
  const size_t n = take_byte(input) & 7u;
  const uint64_t before = page_before(script);
  for (size_t i = 0; i < n; i++) {
    const uint8_t how = take_byte(input);
    items[i] = (struct rill_item){bytes_to_send, (how >> 1) * 17u, how & 1u ? &meta : NULL};
  }
  if (!script->producer)
    return;
  const int got = rill_publish_batch(script->producer, items, n, RILL_NOW);
  check_publish(got < 0 ? got : 0);
  CHECK(got <= (int)n && page_before(script) == before);
}

void call_reserve(struct script *script, struct input *input) {
  const size_t size = take(input, 2) % sizeof bytes_to_send;
  void *data = NULL;
  if (!script->producer)
    return;
  const int code = rill_reserve(script->producer, NULL, size, RILL_NOW, &data);
  check_publish(code);
  if (code == 0)
    memset(data, 'r', size);
}

void call_commit(struct script *script, struct input *input) {
  const size_t used = take(input, 2);
  if (!script->producer)
    return;
  if (used & 1u)
    rill_abort(script->producer);
  else
    CODES("rill_commit", rill_commit(script->producer, used / 2), EINVAL);
}

void call_close_producer(struct script *script, struct input *input) {
  (void)input;
  rill_producer_close(script->producer);
  script->producer = NULL;
}
