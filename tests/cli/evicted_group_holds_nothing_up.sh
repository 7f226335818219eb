#!/bin/sh
# SPDX-License-Identifier: MIT
# A queue that evicts: which group holds it up, for how long still, and that none does afterwards.
. "$(dirname "$0")/common.sh"

# until_why PATTERN PATH...: asks until the values at the paths are so.
until_why() {
  pattern=$1
  shift
  while :; do
    "$RILL" why q --json --interval 10ms >"$out"
    "$JSON" "$@" <"$out" 2>/dev/null | grep -qx -e "$pattern" && return
    sleep 0.1 # spares the processor; the test's deadline ends a wait that is in vain
  done
}

# Not yet.
run 0 "$RILL" create q --capacity 64K --evict-after 1h --group g
"$RILL" pub q --count 1000000000000 2>/dev/null &
background
producer=$!
until_why "group-kept true 3600000000000 0 0" cause held evict_after_ns evictions evicted
run 0 "$RILL" why q
head -n 1 "$out" | grep -q "; a publish that waits for it for 60.0 min evicts it$" ||
  fail "says: $(cat "$out")"
grep -q "^  evicts    after 60.0 min; so far 0 times$" "$out" || fail "says: $(cat "$out")"
run 0 "$RILL" stat q
grep -q "evict_after  *60.0 min" "$out" || fail "says: $(cat "$out")"
kill -9 "$producer"
run 0 "$RILL" rm q

# No group is waited for any more.
run 0 "$RILL" create q --capacity 64K --evict-after 50ms --group g
"$RILL" pub q --count 1000000000000 2>/dev/null &
background
producer=$!
until_why "no-group false 50000000 1 1" cause held evict_after_ns evictions evicted
"$JSON" answer <"$out" | grep -q "no group counts any more" || fail "says: $(cat "$out")"
run 0 "$RILL" why q
grep -q "^  evicted   group 'g': it holds nothing up$" "$out" || fail "says: $(cat "$out")"
kill -9 "$producer"
run 0 "$RILL" stat q --json
same "50000000 1 evicted 0" \
  "$("$JSON" evict_after_ns evictions groups.0.state depth_messages <"$out")"
run 0 "$RILL" stat q
grep -q "^g  *evicted  *yes" "$out" || fail "no evicted group in: $(cat "$out")"
grep -q "^  evictions  *1$" "$out" || fail "no evictions in: $(cat "$out")"
run 0 "$RILL" ls
grep -q "g:evicted" "$out" || fail "no evicted group in: $(cat "$out")"
run 0 "$RILL" doctor q
grep -q "^  note   group #0 'g': evicted" "$out" || fail "no note in: $(cat "$out")"

# pub --linger does not wait for it.
run 0 "$RILL" pub q --count 10 --linger
