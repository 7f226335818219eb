#!/bin/sh
# SPDX-License-Identifier: MIT
# Messages are written in one format: two of them are a wrong call, not a silent choice.
. "$(dirname "$0")/common.sh"
seq 5 | "$RILL" pub q
run 2 "$RILL" sub q --raw --json
says --json
run 2 "$RILL" sub q --json --quiet
run 2 "$RILL" sub q --raw --quiet
run 2 "$RILL" tail q --raw --json
[ ! -s "$out" ] || fail "wrote something"
