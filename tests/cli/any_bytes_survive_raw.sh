#!/bin/sh
# SPDX-License-Identifier: MIT
# --raw reads and writes any bytes, even when the last block is short.
. "$(dirname "$0")/common.sh"
head -c 1000001 /dev/urandom >"$work/in"
"$RILL" pub q --raw --size 1000 --wait-groups 1 --capacity 64K <"$work/in" &
background
pub=$!
run 0 "$RILL" sub q --raw --timeout 60s --stats-file "$work/stats"
ended "$pub" 0
cmp "$work/in" "$out"
same "1001 1000001 0" "$("$JSON" messages bytes lost <"$work/stats")"
