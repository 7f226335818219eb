#!/bin/sh
# SPDX-License-Identifier: MIT
# why, stat and ls: a process id of another pid namespace is marked as one, nothing is reported of
# the process that has this id here, and no advice ends or traces that process.
. "$(dirname "$0")/common.sh"

if unshare --pid --fork true 2>/dev/null; then
  apart() { exec unshare --pid --fork --kill-child "$@"; }
elif unshare --user --map-root-user --pid --fork true 2>/dev/null; then
  apart() { exec unshare --user --map-root-user --pid --fork --kill-child "$@"; }
else
  skip "no new pid namespace to be had"
fi

run 0 "$RILL" create q --capacity 64K
mkfifo "$work/pipe"
apart "$RILL" sub q --group g <&- >"$work/pipe" &
background
exec 3<"$work/pipe" # that is not read
until [ "$("$RILL" stat q --json | "$JSON" groups.# groups.0.state 2>/dev/null)" = "1 active" ]; do
  sleep 0.1
done
"$RILL" pub q --count 1000000000000 --size 100 &
background
until "$RILL" why q --json >"$out" && "$JSON" cause group.moves held <"$out" 2>/dev/null |
  grep -qx "group-slow false true"; do
  sleep 0.1
done

# Its id there is 1, which is another process here.
[ "$("$JSON" group.pid group.process.state group.process.command <"$out")" = "1 unknown " ] ||
  fail "says: $(cat "$out")"
own=$(stat -L -c %i /proc/self/ns/pid)
[ "$("$JSON" producer.pid_namespace <"$out")" = "$own" ] || fail "the producer is of here"
[ "$("$JSON" group.pid_namespace <"$out")" != "$own" ] || fail "the member is not of here"
run 0 "$RILL" why q
head -n 1 "$out" | grep -q "its member, process 1 in another pid namespace, lives, and takes" ||
  fail "says: $(cat "$out")"
grep -q "member    process 1 in another pid namespace" "$out" || fail "says: $(cat "$out")"
grep -q "lsns " "$out" || fail "no advice that holds here: $(cat "$out")"
! grep -q -e "gdb" -e "kill" "$out" || fail "advice for a wrong process: $(cat "$out")"
run 0 "$RILL" stat q
grep -q "^g .* 1\* " "$out" || fail "says: $(cat "$out")"
run 0 "$RILL" ls
grep -q " g:1\*" "$out" || fail "says: $(cat "$out")"
