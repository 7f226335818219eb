#!/bin/sh
# SPDX-License-Identifier: MIT
# A declared group takes its messages in parts; another group sees them all.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --capacity 1M --group g --group h
seq 100 | run 0 "$RILL" pub q
run 0 "$RILL" sub q --group g --from oldest --count 50 --timeout 20s
same "$(seq 50)" "$(cat "$out")"
run 0 "$RILL" sub q --group g --from oldest --count 20 --timeout 20s
same "$(seq 51 70)" "$(cat "$out")"
run 0 "$RILL" sub q --group g
same "$(seq 71 100)" "$(cat "$out")"
run 0 "$RILL" sub q --group h --count 100
same "$(seq 100)" "$(cat "$out")"
