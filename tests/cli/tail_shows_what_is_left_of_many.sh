#!/bin/sh
# SPDX-License-Identifier: MIT
# tail of a ring that went round begins at a whole message and reports no loss.
. "$(dirname "$0")/common.sh"
seq 30000 | run 0 "$RILL" pub q --capacity 64K
run 0 "$RILL" tail q -n 5
same "$(seq 29996 30000)" "$(cat "$out")"
is_quiet
run 0 "$RILL" tail q -n 29999
is_quiet
same 30000 "$(tail -n 1 "$out")"
