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
  const struct rilli_header header = rilli_header_of(word);
  struct rilli_extension extension = {.time = 0};
  if (header.flags & RILLI_FLAG_EXTENDED)
    memcpy(&extension, frame + RILLI_FRAME_HEADER, sizeof extension);
  if (extension.time)
    rilli_count_latency(consumer, consumer->sequence, extension.time);
  const uint32_t key = rilli_word_key(word);
  *ret = (struct rill_message){.data = frame + header.body,
                               .key = key ? (const char *)frame + header.body - ((key + 15u) & ~15u)
                                          : NULL,
                               .size = header.length - header.body,
                               .key_size = (uint16_t)key,
                               .sequence = consumer->sequence,
                               .lost = consumer->lost,
                               .token = consumer->position + rilli_stride(header.length),
                               .time = extension.time,
                               .deliveries = 1,
                               .type = extension.type};
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
