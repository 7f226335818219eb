/* SPDX-License-Identifier: MIT */
/* fuzz_consume.c - members and tails of a queue whose bytes may be anything, and change
 * while they read. */
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static script_call *const calls[] = {call_open,       call_consumer, call_receive,   call_batch,
                                       call_release,    call_leave,    call_interrupt, call_observe,
                                       call_open_files, call_seal};
  return SCRIPT_RUN(bytes, size, 0, calls);
}
