/* SPDX-License-Identifier: MIT */
/* fuzz_open.c - opening files of any content: to use them, to observe them, by their
 * paths, or to make the queue again; and a query of what is there. */
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static script_call *const calls[] = {call_open,  call_observe,     call_open_files, call_create,
                                       call_close, call_stat,        call_placement,  call_list,
                                       call_seal,  call_unlink_group};
  return SCRIPT_RUN(bytes, size, 1, calls);
}
