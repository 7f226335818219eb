/* SPDX-License-Identifier: MIT */
/* fuzz_open.c - opening whatever lies there: to use it, to observe it, by the paths of its files,
 * or to make it again; and a query of what is there. */
#include "script.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  static script_call *const calls[] = {call_open,  call_observe,     call_open_files, call_create,
                                       call_close, call_stat,        call_placement,  call_list,
                                       call_seal,  call_unlink_group};
  return SCRIPT_RUN(bytes, size, 1, calls);
}
