/* SPDX-License-Identifier: MIT */
/* fuzz_open.c - opening whatever lies there: to use it, to observe it, by the paths of its files,
 * or to make it anew; and looking who is there. */
#include "play.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static play_call *const calls[] = {play_open,  play_observe,     play_open_files, play_create,
                                     play_close, play_stat,        play_placement,  play_list,
                                     play_seal,  play_unlink_group};
  return PLAY_SCRIPT(bytes, size, 1, calls);
}
