#!/bin/sh
# SPDX-License-Identifier: MIT
# Messages that could not be written stay with the kept group.
. "$(dirname "$0")/common.sh"
[ -c /dev/full ] || skip "no /dev/full"
run 0 "$RILL" create q --group g
seq 1000 | run 0 "$RILL" pub q
for option in "" --raw --json; do
  got=0
  "$RILL" sub q --group g $option >/dev/full 2>"$err" || got=$?
  same 1 "$got"
  says "No space"
  same 1 "$(wc -l <"$err" | tr -d ' ')"
done
got=0
"$RILL" ls >/dev/full 2>"$err" || got=$?
same 1 "$got"
run 0 "$RILL" sub q --group g
same "$(seq 1000)" "$(cat "$out")"
