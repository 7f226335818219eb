#!/bin/sh
# SPDX-License-Identifier: MIT
# A group made with --keep holds its place; one without ends with its reader.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q
seq 10 | run 0 "$RILL" pub q
run 0 "$RILL" sub q --group g --keep --count 3
run 0 "$RILL" sub q --group passing --count 3
seq 11 20 | run 0 "$RILL" pub q
run 0 "$RILL" sub q --group g
same "$(seq 4 20)" "$(cat "$out")"
run 0 "$RILL" stat q --json
same "1 g kept" "$("$JSON" groups.# groups.0.name groups.0.state <"$out")"
run 2 "$RILL" sub q --keep
