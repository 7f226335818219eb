/* SPDX-License-Identifier: MIT */
/* fuzz_reclaim.c - gc, unlink and the reclaim of an open, on anything that dead processes may have
 * left. */
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static script_call *const calls[] = {
      call_gc,       call_open,  call_unlink, call_unlink_group,   call_create, call_consumer,
      call_producer, call_close, call_leave,  call_close_producer, call_seal};
  return SCRIPT_RUN(bytes, size, 0, calls);
}
