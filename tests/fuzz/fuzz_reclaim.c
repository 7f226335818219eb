/* SPDX-License-Identifier: MIT */
/* fuzz_reclaim.c - gc, unlink and the reclaim of an open, on what the dead may have left. */
#include "play.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static play_call *const calls[] = {play_gc,     play_open,     play_unlink,   play_unlink_group,
                                     play_create, play_consumer, play_producer, play_close,
                                     play_leave,  play_farewell, play_seal};
  return PLAY_SCRIPT(bytes, size, 0, calls);
}
