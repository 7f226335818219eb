/* SPDX-License-Identifier: MIT */
/* fuzz_frames.c - the ring on plain memory: walking over frames, searching the index, joining,
 * receiving in place and by copies, a successor. Whatever lies there, it ends, and stays inside;
 * positions and sequences begin near 2^64 in some inputs. */
#include <errno.h>

#include "codes.h"
#include "plain_ring.h"
#include "stage.h"
#include "support.h"

#define CONSUMERS 3u

struct scene {
  struct plain_ring plain;
  struct stage stage; /* so that its words can be changed as those of files are        */
  struct rilli_identity plan;
  struct rill_producer producer;
  struct rill_consumer consumers[CONSUMERS];
  int joined[CONSUMERS];
  uint64_t sequence[CONSUMERS];
};

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  return 0;
}

static void publish(struct scene *scene, size_t size, unsigned count) {
  static const uint8_t bytes[8192];
  for (unsigned i = 0; i < count; i++) {
    const int code = rill_publish(&scene->producer, bytes, size, RILL_NOW);
    CODES("rill_publish", code, EAGAIN, EMSGSIZE, ECHILD);
    if (code)
      return;
  }
}

static void begin(struct scene *scene, struct input *input) {
  const uint8_t how = take_byte(input);
  const struct plain_options options = {.overwrite = how & 1u,
                                        .base_position = how & 2u ? 0 - UINT64_C(65536) : 0,
                                        .base_sequence = how & 4u ? 0 - UINT64_C(50) : 0};
  memset(scene, 0, sizeof *scene);
  plain_open(&scene->plain, &options);
  rilli_plan_identity(&scene->plan, RILLI_MIN_CAPACITY, RILLI_MIN_CAPACITY / 8, 4);
  plain_producer(&scene->plain, &scene->producer, RILL_SPIN, 0);
  publish(scene, take_byte(input) * 8u, take_byte(input) * 2u);
  scene->stage = (struct stage){.data = scene->plain.data.base,
                                .control = scene->plain.control.base,
                                .data_size = scene->plan.file_size,
                                .control_size = scene->plain.control.size,
                                .plan = &scene->plan,
                                .position = scene->producer.position,
                                .sequence = scene->producer.sequence,
                                .limit = atomic_load(&scene->plain.ring.page->limit),
                                .forge_position = scene->producer.position,
                                .forge_sequence = scene->producer.sequence};
}

static void join(struct scene *scene, struct input *input) {
  const uint8_t how = take_byte(input);
  const unsigned slot = how % CONSUMERS;
  struct rill_consumer *consumer = &scene->consumers[slot];
  const uint64_t sequence = scene->stage.sequence - take_byte(input);
  if (scene->joined[slot])
    return;
  if (how & 0x40u) { /* a tail, where the index says; it may say anything */
    const struct rilli_ring *ring = &scene->plain.ring;
    struct rilli_place place;
    if (rilli_index_oldest(ring, atomic_load(&ring->page->limit) - ring->capacity, &place) == 0) {
      plain_tail(&scene->plain, consumer);
      scene->joined[slot] = 2;
    }
  } else {
    const int code = plain_consumer(&scene->plain, consumer, slot, how / 4 % 3, sequence,
                                    how & 0x20u ? RILLI_GROUP_KEEP : 0);
    CODES("rilli_join", code, EPROTO, ERANGE, ENOENT);
    scene->joined[slot] = code == 0;
  }
  scene->sequence[slot] = consumer->sequence - consumer->lost;
}

static void leave(struct scene *scene, unsigned slot) {
  if (scene->joined[slot] == 1)
    plain_leave(&scene->consumers[slot]);
  else if (scene->joined[slot])
    plain_forget(&scene->consumers[slot]);
  scene->joined[slot] = 0;
}

static void check_message(const struct rill_consumer *consumer,
                          const struct rill_message *message) {
  static volatile uint8_t sink;
  const uint8_t *low = consumer->copies ? consumer->buffer : consumer->base;
  const size_t room = consumer->copies ? consumer->buffer_size : 2 * consumer->ring.capacity;
  const uint8_t *data = message->data;
  CK(data >= low && message->size <= room && (size_t)(data - low) <= room - message->size);
  CK(message->size <= consumer->ring.max_message);
  for (uint32_t i = 0; i < message->size; i++)
    sink = data[i];
  for (uint32_t i = 0; i < message->key_size; i++)
    sink = (uint8_t)message->key[i];
  (void)sink;
}

static void receive(struct scene *scene, struct input *input) {
  const uint8_t how = take_byte(input);
  const unsigned slot = how % CONSUMERS;
  struct rill_consumer *consumer = &scene->consumers[slot];
  struct rill_message message;
  for (unsigned i = 0; scene->joined[slot] && i <= how / 4u; i++) {
    const int code = rill_receive(consumer, RILL_NOW, &message);
    CODES("rill_receive", code, EAGAIN, EPROTO, ESTALE, EPIPE);
    if (code)
      return;
    check_message(consumer, &message);
    CK(message.sequence - message.lost == scene->sequence[slot]);
    scene->sequence[slot] = message.sequence + 1;
    if (i & 1u)
      CODES("rill_release", rill_release(consumer, &message), ESTALE);
  }
}

/* From anywhere, aligned; as far as it goes. */
static void walk(struct scene *scene, struct input *input) {
  const struct rilli_ring *ring = &scene->plain.ring;
  const uint8_t how = take_byte(input);
  struct rilli_place place = {.position = scene->stage.position - take(input, 2) * 16,
                              .sequence = scene->stage.sequence - take_byte(input)};
  const struct rilli_until until = {.by_sequence = how & 1u,
                                    .by_position = how >> 1 & 1u,
                                    .sequence = place.sequence + (how >> 2),
                                    .position = place.position + take(input, 2) * 16};
  const uint64_t from = place.position;
  const int code = rilli_walk(ring, &until, &place);
  CODES("rilli_walk", code, EPROTO, EAGAIN);
  CK(place.position - from <= 2 * ring->capacity && place.position % RILLI_FRAME_ALIGN == 0);
}

static void search(struct scene *scene, struct input *input) {
  const struct rilli_ring *ring = &scene->plain.ring;
  const uint64_t floor = scene->stage.limit - take(input, 2) * 16, wanted = take_odd(input);
  struct rilli_place place;
  if (rilli_index_oldest(ring, floor, &place) == 0)
    CK(place.position % 16 == 0 && !rilli_before(place.position, floor));
  if (rilli_index_sequence(ring, floor, wanted, &place) == 0)
    CK(!rilli_before(wanted, place.sequence) && !rilli_before(place.position, floor));
  if (rilli_index_position(ring, floor, wanted, &place) == 0)
    CK(!rilli_before(wanted, place.position) && !rilli_before(place.position, floor));
}

/* As rill_producer_open takes over. */
static void succeed(struct scene *scene) {
  struct rilli_place head;
  const int code = rilli_find_head(&scene->plain.ring, &head);
  CODES("rilli_find_head", code, EPROTO);
  if (code ||
      atomic_load(&scene->plain.ring.page->limit) - head.position > scene->plain.ring.capacity)
    return;
  memset(&scene->producer, 0, sizeof scene->producer);
  rilli_producer_init(&scene->producer, &scene->plain.ring, &head);
}

static void call(struct scene *scene, uint8_t op, struct input *input) {
  switch (op % 8) {
  case 0:
    join(scene, input);
    break;
  case 1:
  case 2:
    receive(scene, input);
    break;
  case 3:
    walk(scene, input);
    break;
  case 4:
    search(scene, input);
    break;
  case 5:
    succeed(scene);
    break;
  case 6: {
    const size_t size = take(input, 2) % 8192;
    publish(scene, size, take_byte(input));
    break;
  }
  default:
    leave(scene, take_byte(input) % CONSUMERS);
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static struct scene scene;
  struct input input = {bytes, size};
  begin(&scene, &input);
  for (unsigned step = 0; input.left && step < SCRIPT_MOST; step++) {
    const uint8_t op = take_byte(&input);
    if (op & 0x80u)
      stage_change(&scene.stage, op, &input);
    else
      call(&scene, op, &input);
  }
  for (unsigned slot = 0; slot < CONSUMERS; slot++)
    leave(&scene, slot);
  plain_close(&scene.plain);
  return 0;
}
