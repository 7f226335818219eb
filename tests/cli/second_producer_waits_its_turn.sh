#!/bin/sh
# SPDX-License-Identifier: MIT
# A queue has one producer at a time; the next one continues at the next sequence.
. "$(dirname "$0")/common.sh"
mkfifo "$work/in"
run 0 "$RILL" create q --group g
"$RILL" pub q <"$work/in" &
background
first=$!
exec 3>"$work/in"
echo one >&3
run 0 "$RILL" sub q --count 1 --timeout 60s
echo two | run 3 "$RILL" pub q --timeout 20ms
says producer
echo two >"$work/second"
"$RILL" pub q <"$work/second" 3>&- &
background
second=$!
exec 3>&-
ended "$first" 0
ended "$second" 0
run 0 "$RILL" sub q --group g --json
same "0 one
1 two" "$("$JSON" sequence data <"$out")"
