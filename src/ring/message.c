/* SPDX-License-Identifier: MIT */
/* message.c - what a frame says: its header checked, the message described. */
#include "message.h"

#include <errno.h>
#include <string.h>

#include "error.h"
#include "evict.h"
#include "latency.h"

void rilli_describe(struct rill_consumer *consumer, const uint8_t *frame, uint64_t word,
                    struct rill_message *ret) {
  const uint32_t length = rilli_word_length(word), head = rilli_head(word);
  const uint32_t key = rilli_word_key(word), flags = rilli_word_flags(word);
  struct rilli_meta_block meta = {.time = 0};
  if (flags & RILLI_FLAG_META)
    memcpy(&meta, frame + rilli_block_at(flags, RILLI_FLAG_META), sizeof meta);
  if (meta.time)
    rilli_count_latency(consumer, consumer->sequence, meta.time);
  *ret = (struct rill_message){.data = frame + head,
                               .key = key ? (const char *)frame + rilli_key_at(word) : NULL,
                               .size = length - head,
                               .key_size = (uint16_t)key,
                               .flags = consumer->copies ? RILL_MESSAGE_COPIED : 0,
                               .sequence = consumer->sequence,
                               .lost = consumer->lost,
                               .token = consumer->position + rilli_stride(length),
                               .time = meta.time,
                               .deliveries = 1,
                               .type = meta.type};
  if (rilli_unlikely(consumer->lost)) {
    consumer->lost = 0;
    rilli_choose_path(consumer);
  }
  consumer->position = ret->token;
  consumer->sequence++;
}

int rilli_invalid_message(const struct rill_consumer *consumer) {
  const int code = consumer->copies ? 0 : rilli_check_refused(consumer);
  return code ? code
              : rilli_fail(EPROTO,
                           "message %llu has an invalid header: another process damaged the "
                           "queue; run rill doctor",
                           (unsigned long long)consumer->sequence);
}
