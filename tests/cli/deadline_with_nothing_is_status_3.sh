#!/bin/sh
# SPDX-License-Identifier: MIT
# No queue, no message, fewer than asked for, no room: status 3, and stderr says why.
. "$(dirname "$0")/common.sh"
run 3 "$RILL" sub none --timeout 20ms
says appear
run 0 "$RILL" create q --capacity 64K --group g
run 3 "$RILL" sub q --timeout 20ms
says "no message"
run 3 "$RILL" pub q --count 100000 --timeout 20ms --wait park
says full
run 3 "$RILL" pub other --wait-groups 1 --timeout 20ms --count 1
run 3 "$RILL" pub q --count 0 --linger --timeout 20ms
mkfifo "$work/in"
"$RILL" pub slow --wait-groups 1 <"$work/in" &
background
pub=$!
exec 3>"$work/in"
printf 'a\nb\n' >&3
run 3 "$RILL" sub slow --count 3 --timeout 1s --group s
same "a
b" "$(cat "$out")"
says "2 of 3"
run 0 "$RILL" sub slow --timeout 100ms --group s
exec 3>&-
ended "$pub" 0
