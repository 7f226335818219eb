#!/bin/sh
# SPDX-License-Identifier: MIT
# tail --follow shows new messages, from one producer after the other.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q
mkfifo "$work/lines"
"$RILL" tail q --follow >"$work/lines" &
background
tail=$!
exec 4<"$work/lines"
for line in one two; do
  echo "$line" | run 0 "$RILL" pub q
  read -r found <&4
  same "$line" "$found"
done
kill -TERM "$tail"
ended "$tail" 143
run 0 "$RILL" tail q --follow --timeout 20ms
same "one
two" "$(cat "$out")"
run 0 "$RILL" create other
"$RILL" tail other --follow --from oldest --count 3 >"$work/counted" &
background
tail=$!
seq 5 | run 0 "$RILL" pub other
ended "$tail" 0
same "$(seq 3)" "$(cat "$work/counted")"
