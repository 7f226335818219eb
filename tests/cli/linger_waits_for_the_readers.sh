#!/bin/sh
# SPDX-License-Identifier: MIT
# pub --linger ends when all messages are read, not before.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --group g
"$RILL" pub q --count 500 --linger &
background
pub=$!
run 0 "$RILL" sub q --group g --count 499 --quiet
kill -0 "$pub" || fail "pub did not wait"
run 0 "$RILL" sub q --group g --count 1 --quiet
ended "$pub" 0
run 0 "$RILL" stat q --json
same "500 0" "$("$JSON" sequence depth_messages <"$out")"
