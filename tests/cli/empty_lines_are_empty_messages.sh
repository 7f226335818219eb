#!/bin/sh
# SPDX-License-Identifier: MIT
# An empty line is a message of no bytes; empty input is no message.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --group g
printf '\n\na\n\n' | run 0 "$RILL" pub q
run 0 "$RILL" sub q --group g --json
same "0 
1 
2 a
3 " "$("$JSON" sequence data <"$out")"
run 0 "$RILL" pub q </dev/null
run 0 "$RILL" sub q --group g
[ ! -s "$out" ] || fail "a message came of nothing"
