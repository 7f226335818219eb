/* SPDX-License-Identifier: MIT */
/* fuzz_examine.c - rill doctor and rill stat on segments that may be anything, in place and as
 * copied files. */
#include "play.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static play_call *const calls[] = {play_examine, play_examine_files, play_observe,
                                     play_stat,    play_seal,          play_open_files};
  return PLAY_SCRIPT(bytes, size, 0, calls);
}
