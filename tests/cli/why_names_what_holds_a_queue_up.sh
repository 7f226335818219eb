#!/bin/sh
# SPDX-License-Identifier: MIT
# why: a slow consumer, a stopped one, a dead one, and a kept group, each with its name, its
# process and the state of that; and what can be done about it.
. "$(dirname "$0")/common.sh"

# until_why PATTERN PATH...: asks until the values at the paths are so.
until_why() {
  pattern=$1
  shift
  while :; do
    "$RILL" why q --json >"$out"
    "$JSON" "$@" <"$out" 2>/dev/null | grep -qx -e "$pattern" && return
    sleep 0.1 # spares the processor; the test's deadline ends a wait that is in vain
  done
}

run 1 "$RILL" why q
run 0 "$RILL" create q --capacity 64K
mkfifo "$work/pipe"

# Slow: no process reads what it writes.
"$RILL" sub q --group g <&- >"$work/pipe" &
background
reader=$!
exec 3<"$work/pipe"
until [ "$("$RILL" stat q --json | "$JSON" groups.# groups.0.state 2>/dev/null)" = "1 active" ]; do
  kill -0 "$reader"
done
"$RILL" pub q --count 1000000000000 --size 100 &
background
producer=$!
until_why "group-slow true $reader sleeping g false alive $producer" cause held group.pid \
  group.process.state group.name group.moves producer.state producer.pid
run 0 "$RILL" why q
head -n 1 "$out" | grep -q "^group 'g' holds 'q' up: its member, process $reader (rill), sleeps" ||
  fail "says: $(cat "$out")"

# Stopped.
kill -STOP "$reader"
until_why "group-stopped true $reader stopped" cause held group.pid group.process.state
same "kill -CONT $reader" "$("$JSON" advice.0 <"$out")"
run 0 "$RILL" why q
head -n 1 "$out" | grep -q "process $reader (rill), is stopped" || fail "says: $(cat "$out")"

# The producer is stopped as well, and cannot reclaim dead members.
kill -STOP "$producer"
kill -9 "$reader"
until_why "group-dead $reader" cause group.pid
same "rill gc" "$("$JSON" advice.0 <"$out")"
run 0 "$RILL" gc
until_why "producer-stopped alive stopped null" cause producer.state producer.process.state group
same "kill -CONT $producer" "$("$JSON" advice.0 <"$out")"

# No group, and a producer that continues.
kill -CONT "$producer"
until_why "no-group false" cause held
kill -9 "$producer"
until_why "producer-dead dead" cause producer.state
run 0 "$RILL" rm q

# Kept, before the ring is full and afterwards.
run 0 "$RILL" create q --capacity 64K --group kept
run 0 "$RILL" why q --json
same producer-none "$("$JSON" cause <"$out")"
run 0 "$RILL" pub q --count 10
run 0 "$RILL" why q --json
same "group-kept false kept kept 10" \
  "$("$JSON" cause held group.name group.state group.lag_messages <"$out")"
"$RILL" pub q --count 1000000000000 2>/dev/null &
background
producer=$!
until_why "group-kept true $producer" cause held producer.pid
"$JSON" advice.1 <"$out" | grep -q "rill group rm q kept$" || fail "no advice"
run 0 "$RILL" group rm q kept
until_why "no-group false" cause held
