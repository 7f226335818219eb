#!/bin/sh
# SPDX-License-Identifier: MIT
# rm while a process reads, or waits for readers: it fails and says so.
. "$(dirname "$0")/common.sh"
"$RILL" pub q --count 1 --wait-groups 2 2>"$work/pub" &
background
pub=$!
"$RILL" sub q --wait park 2>"$work/sub" &
background
sub=$!
until "$RILL" stat q --json 2>/dev/null | grep -q '"active"'; do
  kill -0 "$sub"
done
run 0 "$RILL" rm q
ended "$sub" 1
ended "$pub" 1
[ -s "$work/sub" ] || fail "the reader says nothing"
[ -s "$work/pub" ] || fail "the producer says nothing"
