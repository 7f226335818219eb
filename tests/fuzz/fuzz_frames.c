/* SPDX-License-Identifier: MIT */
/* fuzz_frames.c - the ring on plain memory: walking over frames, searching the index, joining,
 * receiving in place and by copies, a successor. Whatever the bytes are, each call
 * returns and stays inside; positions and sequences begin near 2^64 in some inputs. */
#include <errno.h>

#include "plain_ring.h"
#include "script.h"
#include "support.h"

#define CONSUMERS 3u

struct state {
  struct plain_ring plain;
  struct forged forged; /* so that its words can be changed as those of files are        */
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

static void publish(struct state *state, size_t size, unsigned count) {
  static const uint8_t bytes[8192];
  for (unsigned i = 0; i < count; i++) {
    const int code = rill_publish(&state->producer, bytes, size, RILL_NOW);
    CODES("rill_publish", code, EAGAIN, EMSGSIZE, ECHILD);
    if (code)
      return;
  }
}

static void begin(struct state *state, struct input *input) {
  const uint8_t how = take_byte(input);
  const struct plain_options options = {.overwrite = how & 1u,
                                        .base_position = how & 2u ? 0 - UINT64_C(65536) : 0,
                                        .base_sequence = how & 4u ? 0 - UINT64_C(50) : 0};
  memset(state, 0, sizeof *state);
  plain_open(&state->plain, &options);
  rilli_plan_identity(&state->plan, RILLI_MIN_CAPACITY, RILLI_MIN_CAPACITY / 8, 4);
  plain_producer(&state->plain, &state->producer, RILL_SPIN, 0);
  publish(state, take_byte(input) * 8u, take_byte(input) * 2u);
  state->forged = (struct forged){.data = state->plain.data.base,
                                  .control = state->plain.control.base,
                                  .data_size = state->plan.file_size,
                                  .control_size = state->plain.control.size,
                                  .plan = &state->plan,
                                  .position = state->producer.position,
                                  .sequence = state->producer.sequence,
                                  .limit = atomic_load(&state->plain.ring.page->limit),
                                  .forge_position = state->producer.position,
                                  .forge_sequence = state->producer.sequence};
}

static void join(struct state *state, struct input *input) {
  const uint8_t how = take_byte(input);
  const unsigned slot = how % CONSUMERS;
  struct rill_consumer *consumer = &state->consumers[slot];
  const uint64_t sequence = state->forged.sequence - take_byte(input);
  if (state->joined[slot])
    return;
  if (how & 0x40u) { /* a tail, at a place of the index, which may be anything */
    const struct rilli_ring *ring = &state->plain.ring;
    struct rilli_place place;
    if (rilli_index_oldest(ring, atomic_load(&ring->page->limit) - ring->capacity, &place) == 0) {
      plain_tail(&state->plain, consumer);
      state->joined[slot] = 2;
    }
  } else {
    const int code = plain_consumer(&state->plain, consumer, slot, how / 4 % 3, sequence,
                                    how & 0x20u ? RILLI_GROUP_KEEP : 0);
    CODES("rilli_join", code, EPROTO, ERANGE, ENOENT);
    state->joined[slot] = code == 0;
  }
  state->sequence[slot] = consumer->sequence - consumer->lost;
}

static void leave(struct state *state, unsigned slot) {
  if (state->joined[slot] == 1)
    plain_leave(&state->consumers[slot]);
  else if (state->joined[slot])
    plain_forget(&state->consumers[slot]);
  state->joined[slot] = 0;
}

static void receive(struct state *state, struct input *input) {
  const uint8_t how = take_byte(input);
  const unsigned slot = how % CONSUMERS;
  struct rill_consumer *consumer = &state->consumers[slot];
  struct rill_message message;
  for (unsigned i = 0; state->joined[slot] && i <= how / 4u; i++) {
    const int code = rill_receive(consumer, RILL_NOW, &message);
    CODES("rill_receive", code, EAGAIN, EPROTO, ESTALE, EPIPE);
    if (code)
      return;
    check_place(consumer, &message);
    CHECK(message.sequence - message.lost == state->sequence[slot]);
    state->sequence[slot] = message.sequence + 1;
    if (i & 1u)
      CODES("rill_release", rill_release(consumer, &message), ESTALE);
  }
}

/* From any aligned place, as far as possible. */
static void walk(struct state *state, struct input *input) {
  const struct rilli_ring *ring = &state->plain.ring;
  const uint8_t how = take_byte(input);
  struct rilli_place place = {.position = state->forged.position - take(input, 2) * 16,
                              .sequence = state->forged.sequence - take_byte(input)};
  const struct rilli_until until = {.by_sequence = how & 1u,
                                    .by_position = how >> 1 & 1u,
                                    .sequence = place.sequence + (how >> 2),
                                    .position = place.position + take(input, 2) * 16};
  const uint64_t from = place.position;
  const int code = rilli_walk(ring, &until, &place);
  CODES("rilli_walk", code, EPROTO, EAGAIN);
  CHECK(place.position - from <= 2 * ring->capacity && place.position % RILLI_FRAME_ALIGN == 0);
}

static void search(struct state *state, struct input *input) {
  const struct rilli_ring *ring = &state->plain.ring;
  const uint64_t floor = state->forged.limit - take(input, 2) * 16, wanted = take_odd(input);
  struct rilli_place place;
  if (rilli_index_oldest(ring, floor, &place) == 0)
    CHECK(place.position % 16 == 0 && !rilli_before(place.position, floor));
  if (rilli_index_sequence(ring, floor, wanted, &place) == 0)
    CHECK(!rilli_before(wanted, place.sequence) && !rilli_before(place.position, floor));
  if (rilli_index_position(ring, floor, wanted, &place) == 0)
    CHECK(!rilli_before(wanted, place.position) && !rilli_before(place.position, floor));
}

/* As rill_producer_open takes over. */
static void succeed(struct state *state) {
  struct rilli_place head;
  const int code = rilli_find_head(&state->plain.ring, &head);
  CODES("rilli_find_head", code, EPROTO);
  if (code ||
      atomic_load(&state->plain.ring.page->limit) - head.position > state->plain.ring.capacity)
    return;
  memset(&state->producer, 0, sizeof state->producer);
  rilli_producer_init(&state->producer, &state->plain.ring, &head);
}

static void call(struct state *state, uint8_t op, struct input *input) {
  switch (op % 8) {
  case 0:
    join(state, input);
    break;
  case 1:
  case 2:
    receive(state, input);
    break;
  case 3:
    walk(state, input);
    break;
  case 4:
    search(state, input);
    break;
  case 5:
    succeed(state);
    break;
  case 6: {
    const size_t size = take(input, 2) % 8192;
    publish(state, size, take_byte(input));
    break;
  }
  default:
    leave(state, take_byte(input) % CONSUMERS);
    break;
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static struct state state;
  struct input input = {bytes, size};
  begin(&state, &input);
  for (unsigned step = 0; input.left && step < SCRIPT_MOST; step++) {
    const uint8_t op = take_byte(&input);
    if (op & 0x80u)
      forged_change(&state.forged, op, &input);
    else
      call(&state, op, &input);
  }
  for (unsigned slot = 0; slot < CONSUMERS; slot++)
    leave(&state, slot);
  plain_close(&state.plain);
  return 0;
}
