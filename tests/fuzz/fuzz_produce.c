/* SPDX-License-Identifier: MIT */
/* fuzz_produce.c - the successor of a producer that left anything, with groups whose rows
 * may be anything; and members that read what it publishes. */
#include "play.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static play_call *const calls[] = {play_open,    play_producer, play_publish,  play_items,
                                     play_reserve, play_commit,   play_farewell, play_consumer,
                                     play_receive, play_release,  play_leave,    play_seal};
  return PLAY_SCRIPT(bytes, size, 0, calls);
}
