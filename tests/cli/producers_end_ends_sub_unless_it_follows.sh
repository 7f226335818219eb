#!/bin/sh
# SPDX-License-Identifier: MIT
# sub ends when the producer has ended; with --follow it waits for the next one.
. "$(dirname "$0")/common.sh"
"$RILL" sub q --follow --count 2 --group f >"$work/followed" &
background
sub=$!
echo one | run 0 "$RILL" pub q --wait-groups 1
run 0 "$RILL" sub q --count 5
says "1 of 5"
echo two | run 0 "$RILL" pub q
ended "$sub" 0
same "one
two" "$(cat "$work/followed")"
