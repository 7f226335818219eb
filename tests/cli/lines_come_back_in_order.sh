#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines go through a queue as they are, with and without a newline at the end.
. "$(dirname "$0")/common.sh"
seq 20000 >"$work/in"
printf 'no newline' >>"$work/in"
"$RILL" pub q --wait-groups 1 <"$work/in" &
background
pub=$!
run 0 "$RILL" sub q --timeout 60s
is_quiet
ended "$pub" 0
echo >>"$work/in"
cmp "$work/in" "$out"
