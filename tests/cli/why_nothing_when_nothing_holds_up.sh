#!/bin/sh
# SPDX-License-Identifier: MIT
# why: a group that has read everything holds nothing up; an idle producer, a closed one, and a queue
# that overwrites are reported as such.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --capacity 64K
mkfifo "$work/in"
"$RILL" pub q <"$work/in" &
background
pub=$!
exec 3>"$work/in"
echo one >&3
run 0 "$RILL" sub q --group g --keep --count 1 --timeout 60s
run 0 "$RILL" why q --json --interval 1ms
same "producer-idle false g kept 0 $pub" \
  "$("$JSON" cause held group.name group.state group.lag_bytes producer.pid <"$out")"
run 0 "$RILL" why q --interval 1ms
head -n 1 "$out" | grep -q "^nothing holds 'q' up" || fail "says: $(cat "$out")"
exec 3>&-
ended "$pub" 0
run 0 "$RILL" why q --json
same producer-closed "$("$JSON" cause <"$out")"

run 0 "$RILL" create over --capacity 64K --overflow overwrite --group g
run 0 "$RILL" pub over --count 5
run 0 "$RILL" why over --json --interval 1ms
same "producer-closed false" "$("$JSON" cause held <"$out")"
run 0 "$RILL" why over --dir "$RILL_DIR"
grep -q "rill pub over --dir $RILL_DIR$" "$out" || fail "advice leads elsewhere: $(cat "$out")"
run 2 "$RILL" why
