#!/bin/sh
# SPDX-License-Identifier: MIT
# doctor: a queue that does not exist is not called sound; --quiet says nothing of a sound one.
. "$(dirname "$0")/common.sh"
run 1 "$RILL" doctor absent
says "'absent'"
[ ! -s "$out" ] || fail "speaks of a queue that does not exist"
run 1 "$RILL" doctor absent --json
same "$(printf '{"sound":false,"queues":[]}')" "$(tr -d ' \n' <"$out")"

seq 10 | "$RILL" pub sound
seq 10 | "$RILL" pub torn
run 0 "$RILL" doctor sound
grep -qx sound "$out" || fail "does not name the queue"
run 0 "$RILL" doctor --quiet
grep -q -e sound -e fine "$out" && fail "--quiet speaks of what is fine"

truncate -s 100 "$RILL_DIR"/*/torn.control
run 1 "$RILL" doctor --quiet
same torn "$(head -n 1 "$out")"
grep -q sound "$out" && fail "--quiet names a sound queue"
run 1 "$RILL" doctor --json
grep -q '"sound": false' "$out" || fail "no queue is unsound"
