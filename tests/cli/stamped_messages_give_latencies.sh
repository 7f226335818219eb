#!/bin/sh
# SPDX-License-Identifier: MIT
# --stats-file of both sides: counts that agree, percentiles in order of size; --stats as text.
. "$(dirname "$0")/common.sh"
"$RILL" pub q --count 200 --size 32 --rate 5000 --stamp --wait-groups 1 --stats \
  --stats-file "$work/pub" 2>"$work/words" &
background
pub=$!
run 0 "$RILL" sub q --quiet --stats --stats-file "$work/sub" --group g
says "p99.9"
[ ! -s "$out" ] || fail "--quiet wrote something"
ended "$pub" 0
grep -q "200 messages" "$work/words" || fail "pub printed no summary"
same "pub q null 200 6400 0 0 null" "$("$JSON" verb queue group messages bytes lost latency_count \
  latency_p50_ns <"$work/pub")"
same "sub q g 200 6400 0 200" "$("$JSON" verb queue group messages bytes lost latency_count \
  <"$work/sub")"
# shellcheck disable=SC2046 # five numbers
set -- $("$JSON" latency_min_ns latency_p50_ns latency_p99_ns latency_p999_ns latency_max_ns \
  <"$work/sub")
before=1
for percentile; do
  [ "$before" -le "$percentile" ] || fail "percentiles out of order: $*"
  before=$percentile
done
"$JSON" seconds messages_per_second parks <"$work/pub" >"$work/paced"
read -r seconds rest <"$work/paced"
case $seconds in
0.00* | 0.01* | 0.02* | 0.030* ) fail "200 messages at 5000 a second took $seconds s: $rest" ;;
esac
run 1 "$RILL" pub q --count 1 --stats-file "$work/no/such/folder"
