/* SPDX-License-Identifier: MIT */
/* fuzz_produce.c - the successor of a producer that left anything, with groups whose rows
 * may be anything; and members that read what it publishes. */
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static script_call *const calls[] = {
      call_open,           call_producer, call_publish, call_items,   call_reserve, call_commit,
      call_close_producer, call_consumer, call_receive, call_release, call_leave,   call_seal};
  return SCRIPT_RUN(bytes, size, 0, calls);
}
