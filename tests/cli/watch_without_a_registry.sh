#!/bin/sh
# SPDX-License-Identifier: MIT
# Without a registry rill watch reports queues by their directory and roles by probing them, says
# so, and goes over to a registry that is started, and back.
. "$(dirname "$0")/common.sh"

# reported WORDS: until a line has them.
reported() {
  while ! grep -q -e "$1" "$work/events"; do
    kill -0 "$watch" || fail "rill watch ended"
    sleep 0.01
  done
}

# said LINE: the next line on standard error.
said() {
  read -r line <&9
  same "rill: $1" "$line"
}

"$RILL" create before --capacity 64K 2>/dev/null
"$RILL" watch --existing --count 1 >"$out" 2>"$err"
says "watching (directory"
grep -q "appeared *before" "$out" || fail "--existing does not report what is there"

mkfifo "$work/said"
: >"$work/events"
"$RILL" watch --json 'ord*' >"$work/events" 2>"$work/said" &
background
watch=$!
exec 9<"$work/said"
said "watching (directory: attaching, detaching and deaths are found once a second)"

"$RILL" create orders --capacity 64K 2>/dev/null
reported '"event":"appeared","queue":"orders"'
"$RILL" sub orders --group billing >/dev/null 2>&1 &
background
sub=$!
reported '"event":"attached".*"as":"consumer","group_index":0,"slot":0'
kill -9 "$sub"
reported '"event":"died".*"as":"consumer"'
"$RILL" gc >/dev/null 2>&1
reported '"event":"reclaimed".*"as":"consumer"'
"$JSON" event queue time_ns pid lost source <"$work/events" >/dev/null || fail "no objects"

if [ -n "${RILLD-}" ]; then
  "$RILLD" --foreground 2>"$work/log" &
  background
  registry=$!
  said "some events may have been missed"
  said "watching (registry)"
  reported '"event":"source".*"lost":null,"source":"registry"'
  kill -9 "$registry"
  said "some events may have been missed"
  said "watching (directory: attaching, detaching and deaths are found once a second)"
fi

"$RILL" create order_two --capacity 64K 2>/dev/null
reported '"event":"appeared","queue":"order_two"'
"$RILL" rm order_two
reported '"event":"removed","queue":"order_two"'
! grep -q '"queue":"before"' "$work/events" || fail "reports a queue that was not asked for"
kill "$watch"
ended "$watch" 143

# A removed directory is the end, and is said.
: >"$err"
"$RILL" watch >"$out" 2>"$err" &
background
watch=$!
until grep -q watching "$err"; do sleep 0.01; done
rm -r "$RILL_DIR"
ended "$watch" 1
says "the directory of the namespace was removed"
