#!/bin/sh
# SPDX-License-Identifier: MIT
# stat: a second table for groups whose members received stamped messages, and null without.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q

# member GROUP SEQUENCE: a member that begins there, at the next message, and stays.
member() {
  "$RILL" sub q --group "$1" --from latest --follow --quiet &
  background
  until_seen "$1" "$2"
}

# until_seen GROUP SEQUENCE: until the group, the only one or the second, has reached it.
until_seen() {
  while :; do
    "$RILL" stat q --json >"$out"
    for index in 0 1; do
      "$JSON" "groups.$index.name" "groups.$index.state" "groups.$index.sequence" <"$out" \
        2>/dev/null | grep -qx "$1 active $2" && return
    done
    sleep 0.1 # spares the processor; the test's deadline ends a wait that is in vain
  done
}

member plain 0
run 0 "$RILL" pub q --count 10
until_seen plain 10
same "0 null null null null" "$("$JSON" groups.0.latency_count groups.0.latency_p50_ns \
  groups.0.latency_p99_ns groups.0.latency_p999_ns groups.0.latency_max_ns <"$out")"
run 0 "$RILL" stat q
grep -q LATENCIES "$out" && fail "latencies of nothing: $(cat "$out")"

run 0 "$RILL" pub q --count 2000 --stamp
until_seen plain 2010
# shellcheck disable=SC2046 # numbers
set -- $("$JSON" groups.0.latency_count groups.0.latency_p50_ns groups.0.latency_p99_ns \
  groups.0.latency_p999_ns groups.0.latency_max_ns <"$out")
[ "$1" -gt 1000 ] && [ "$1" -lt 3000 ] || fail "$1 latencies of 2000 messages"
shift
before=1
for figure; do
  [ "$before" -le "$figure" ] || fail "out of order: $*"
  before=$figure
done
run 0 "$RILL" stat q
grep -q "^GROUP  *LATENCIES  *P50  *P99  *P99.9  *MAX$" "$out" || fail "no table: $(cat "$out")"
grep -q "^plain  *[0-9]*  *[0-9.]* [mun]*s  *[0-9.]* [mun]*s  *[0-9.]* [mun]*s  *[0-9.]* [mun]*s$" \
  "$out" || fail "no row: $(cat "$out")"

# A member that comes later counts for itself.
member late 2010
same "late 0" "$("$JSON" groups.1.name groups.1.latency_count <"$out")"
