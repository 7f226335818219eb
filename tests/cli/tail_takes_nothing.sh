#!/bin/sh
# SPDX-License-Identifier: MIT
# tail shows the last messages, or those from a place on, and every group still gets all.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --group g
run 0 "$RILL" tail q
[ ! -s "$out" ] || fail "an empty queue has a tail"
seq 0 99 | run 0 "$RILL" pub q
run 0 "$RILL" tail q
same "$(seq 90 99)" "$(cat "$out")"
run 0 "$RILL" tail q -n3
same "$(seq 97 99)" "$(cat "$out")"
run 0 "$RILL" tail q -n 0
same "" "$(cat "$out")"
run 0 "$RILL" tail q --count 1000
same "$(seq 0 99)" "$(cat "$out")"
run 0 "$RILL" tail q --from 5 --count=2 --json
same "5 5
6 6" "$("$JSON" sequence data <"$out")"
run 0 "$RILL" tail q --from oldest --raw
same "$(seq 0 99 | tr -d '\n')" "$(cat "$out")"
run 1 "$RILL" tail none
run 2 "$RILL" tail q --from there
run 0 "$RILL" sub q --group g
same "$(seq 0 99)" "$(cat "$out")"
run 0 "$RILL" stat q --json
same 1 "$("$JSON" groups.# <"$out")"
