/* SPDX-License-Identifier: MIT */
/* fuzz_examine.c - rill doctor and rill stat on segments that may be anything, in place and as
 * copied files. */
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static script_call *const calls[] = {call_examine, call_examine_files, call_observe,
                                       call_stat,    call_seal,          call_open_files};
  return SCRIPT_RUN(bytes, size, 0, calls);
}
