/* SPDX-License-Identifier: MIT */
/* storm_oracle.c - what every message of every queue must be, and the notes of each queue.
 *
 * Content follows from the queue's uuid and the sequence, so that a message of another queue,
 * incarnation or lap, or a torn one, is seen. */
#include <string.h>

#include "storm.h"

static uint64_t mix(uint64_t x) {
  return support_random(&x);
}

/* Entered once and never removed, since processes still read removed queues. */
struct incarnation *incarnation_of(rill_queue *queue) {
  struct rill_queue_stat stat = {.size = sizeof stat};
  uint64_t key = 1469598103934665603u;
  const int code = rill_queue_read_stat(queue, &stat);
  CHECK_THAT(code == 0, "rill_queue_read_stat: %d (%s)", code, rill_error());
  for (const char *digit = stat.uuid; *digit; digit++)
    key = (key ^ (uint8_t)*digit) * 1099511628211u;
  key |= 1;
  for (uint32_t i = 0; i < INCARNATIONS; i++) {
    struct incarnation *entry = &world->incarnations[(mix(key) + i) % INCARNATIONS];
    uint64_t none = 0;
    if (atomic_load(&entry->key) == key ||
        atomic_compare_exchange_strong(&entry->key, &none, key) || none == key)
      return entry;
  }
  CHECK_THAT(0, "more than %u queues", INCARNATIONS);
}

void raise_to(_Atomic uint64_t *noted, uint64_t value) {
  uint64_t before = atomic_load(noted);
  while (before < value && !atomic_compare_exchange_weak(noted, &before, value))
    ;
}

/* Mostly small; now and then a large one, which crosses the ring's end more often. */
size_t content_size(uint64_t key, uint64_t sequence, uint64_t capacity) {
  const uint64_t dice = mix(key ^ mix(sequence));
  const uint64_t most = capacity / 8 < LARGEST ? capacity / 8 : LARGEST;
  return 8 + (dice >> 8) % (dice % 64 == 0 ? most - 8 : 300);
}

uint32_t content_type(uint64_t key, uint64_t sequence) {
  const uint64_t dice = mix(key + mix(sequence));
  return dice % 4 == 0 ? (uint32_t)(dice >> 32) | 1 : 0;
}

void content_fill(uint64_t key, uint64_t sequence, size_t size, unsigned char *to) {
  support_fill(to, size, key ^ mix(sequence));
}

void content_check(const struct incarnation *incarnation, const struct line *line,
                   const struct rill_message *message) {
  const uint64_t key = incarnation->key, sequence = message->sequence;
  const size_t size = content_size(key, sequence, line->capacity);
  CHECK_THAT(sequence < incarnation->intended, "%s: message %llu came, but %llu were written",
             line->name, (number)sequence, (number)incarnation->intended);
  CHECK_THAT(message->size == size, "%s: message %llu has %u bytes, not %zu", line->name,
             (number)sequence, message->size, size);
  CHECK_THAT(message->type == content_type(key, sequence), "%s: message %llu is of type %u",
             line->name, (number)sequence, message->type);
  CHECK_THAT(support_is(message->data, size, key ^ mix(sequence)), "%s: message %llu is torn",
             line->name, (number)sequence);
  CHECK_THAT(!message->key && message->key_size == 0 && message->deliveries == 1,
             "%s: message %llu has a key or deliveries", line->name, (number)sequence);
  CHECK_THAT(message->flags == RILL_MESSAGE_COPIED || (message->flags == 0 && !line->overflow),
             "%s: message %llu has flags %u", line->name, (number)sequence, message->flags);
  CHECK_THAT(!line->stamp == !message->time && message->time <= rill_clock(),
             "%s: message %llu was stamped %lld", line->name, (number)sequence,
             (long long)message->time);
}
