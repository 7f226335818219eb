#!/bin/sh
# SPDX-License-Identifier: MIT
# What an overwrite queue has lost is reported, and the count is exact.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" pub q --overflow overwrite --capacity 64K --count 20000 --size 16
run 0 "$RILL" sub q --from 0 --json --stats-file "$work/stats"
says lost
"$JSON" sequence lost <"$out" >"$work/found"
read -r sequence lost <"$work/found"
[ "$lost" -gt 0 ] || fail "nothing was lost"
same "$sequence" "$lost"
# shellcheck disable=SC2046 # two numbers
set -- $("$JSON" messages lost <"$work/stats")
same 20000 $(($1 + $2))
same "$1" "$(wc -l <"$work/found" | tr -d ' ')"
