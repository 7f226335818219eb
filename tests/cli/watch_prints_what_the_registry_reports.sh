#!/bin/sh
# SPDX-License-Identifier: MIT
# Without a registry watch says so; with one, it prints a line for each event.
. "$(dirname "$0")/common.sh"
[ -n "${RILLD-}" ] || skip "built without rilld"

run 1 "$RILL" watch
says "there is no registry"

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

# It fails until the registry listens, and says "watching" once it is connected.
: >"$work/events"
until "$RILL" watch --count 0 2>/dev/null; do
  kill -0 "$registry" || fail "rilld ended"
  sleep 0.01
done
"$RILL" watch --json 'ord*' >"$work/events" 2>"$work/said" &
background
watch=$!
read -r line <"$work/said"
same "rill: watching" "$line"

"$RILL" create orders --capacity 64K 2>/dev/null
await_event appeared
"$RILL" create other --capacity 64K 2>/dev/null
"$RILL" sub orders --group billing >/dev/null 2>&1 &
background
sub=$!
until grep -q '"as":"consumer"' "$work/events"; do sleep 0.01; done
kill -9 "$sub"
await_event reclaimed
"$RILL" rm orders
await_event removed
! grep -q other "$work/events" || fail "reports a queue that was not asked for"
"$JSON" event queue time_ns pid lost <"$work/events" >/dev/null || fail "no objects"

kill "$watch"
ended "$watch" 143
kill "$registry"
ended "$registry" 0
