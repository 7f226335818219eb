#!/bin/sh
# SPDX-License-Identifier: MIT
# --from: oldest, a sequence, latest.
. "$(dirname "$0")/common.sh"
seq 0 99 | run 0 "$RILL" pub q
run 0 "$RILL" sub q
same "$(seq 0 99)" "$(cat "$out")"
run 0 "$RILL" sub q --from 90
same "$(seq 90 99)" "$(cat "$out")"
run 0 "$RILL" sub q --from latest
same "" "$(cat "$out")"
run 1 "$RILL" sub q --from 1000
run 2 "$RILL" sub q --from newest
says newest
