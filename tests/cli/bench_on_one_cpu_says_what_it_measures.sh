#!/bin/sh
# SPDX-License-Identifier: MIT
# With one CPU nothing can be pinned apart: rill bench measures the scheduler, and says so.
. "$(dirname "$0")/common.sh"
cpu=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
run 0 taskset -c "$cpu" "$RILL" bench round_trip --size 48 --rounds 2
grep -q '^Only one CPU is allowed.*scheduler' "$out" || fail "it does not say so"
run 0 taskset -c "$cpu" "$RILL" bench round_trip --size 48 --rounds 2 --json
same "0
0" "$("$JSON" cpus.# <"$out")"
