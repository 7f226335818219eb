#!/bin/sh
# SPDX-License-Identifier: MIT
# With a registry: a line for each event, as it happens.
. "$(dirname "$0")/common.sh"
[ -n "${RILLD-}" ] || skip "built without rilld"

"$RILLD" --foreground 2>"$work/log" &
background
registry=$!
"$RILL" create before --capacity 64K 2>/dev/null
mkfifo "$work/said"

# await_event EVENT: until the JSON lines have it.
await_event() {
  while ! grep -q "\"event\":\"$1\"" "$work/events"; do
    kill -0 "$registry" || fail "rilld ended"
    sleep 0.01
  done
}

# It says first what it watches by.
: >"$work/events"
until "$RILL" watch --count 0 2>&1 | grep -q "registry"; do
  kill -0 "$registry" || fail "rilld ended"
  sleep 0.01
done
"$RILL" watch --json 'ord*' >"$work/events" 2>"$work/said" &
background
watch=$!
read -r line <"$work/said"
same "rill: watching (registry)" "$line"

"$RILL" create orders --capacity 64K 2>/dev/null
await_event appeared
"$RILL" create other --capacity 64K 2>/dev/null
"$RILL" sub orders --group billing >/dev/null 2>&1 &
background
sub=$!
until grep -q '"as":"consumer","group_index":0,"slot":0' "$work/events"; do sleep 0.01; done
kill -9 "$sub"
await_event reclaimed
"$RILL" rm orders
await_event removed
! grep -q other "$work/events" || fail "reports a queue that was not asked for"
"$JSON" event queue time_ns pid lost source <"$work/events" >/dev/null || fail "no objects"

kill "$watch"
ended "$watch" 143
kill "$registry"
ended "$registry" 0
