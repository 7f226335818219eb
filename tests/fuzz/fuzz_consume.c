/* SPDX-License-Identifier: MIT */
/* fuzz_consume.c - members and tails of a queue whose bytes may be anything, and change
 * while they read. */
#include "play.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static play_call *const calls[] = {play_open,       play_consumer, play_receive,   play_batch,
                                     play_release,    play_leave,    play_interrupt, play_observe,
                                     play_open_files, play_seal};
  return PLAY_SCRIPT(bytes, size, 0, calls);
}
