#!/bin/sh
# SPDX-License-Identifier: MIT
# stat: how far groups are behind, as text and as numbers.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --capacity 64K --group slow
run 0 "$RILL" pub q --count 100 --size 48
run 0 "$RILL" sub q --group slow --count 40 --quiet
run 0 "$RILL" stat q
grep -q "slow  *kept" "$out" || fail "no group in: $(cat "$out")"
run 0 "$RILL" stat q --json
same "q 65536 reliable 100 40 60 closed 1 slow kept true 40 60" "$("$JSON" name capacity overflow \
  sequence oldest depth_messages producer.state groups.# groups.0.name groups.0.state \
  groups.0.keep groups.0.sequence groups.0.lag_messages <"$out")"
# shellcheck disable=SC2046 # numbers
set -- $("$JSON" groups.0.lag_bytes depth_bytes groups.0.lag_age_ns uuid <"$out")
[ "$1" -ge 2880 ] || fail "lag of $1 bytes"
same "$1" "$2"
run 1 "$RILL" stat none
says none
