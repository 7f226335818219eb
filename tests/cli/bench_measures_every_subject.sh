#!/bin/sh
# SPDX-License-Identifier: MIT
# rill bench: a row for each subject, size and regime, in JSON and as text, and only of those that
# were asked for. The values of the figures are not checked.
. "$(dirname "$0")/common.sh"

# check_line LINE: its keys; sets seen to "subject size regime".
check_line() {
  "$JSON" wait limit dropped cpus.# <"$1" >/dev/null || fail "a key is missing"
  seen=$("$JSON" subject size regime <"$1")
  if [ "$("$JSON" rounds <"$1")" -gt 0 ]; then
    "$JSON" ratio ratio_q1 ratio_q3 ns ns_q1 ns_q3 limit_ns <"$1" >/dev/null ||
      fail "a figure is missing of $seen"
  else
    ! grep -q '"ratio"\|"ns"' "$1" || fail "a figure of no round: $seen"
  fi
}

# rows: of the last run, sorted, all keys checked.
rows() {
  : >"$work/rows"
  while read -r line; do
    echo "$line" >"$work/line"
    check_line "$work/line"
    echo "$seen" >>"$work/rows"
  done <"$out"
  sort "$work/rows"
}

# both SUBJECT SIZE...
both() {
  subject=$1
  shift
  for size in "$@"; do
    echo "$subject $size far"
    echo "$subject $size near"
  done
}

run 0 "$RILL" bench --rounds 20 --json
is_quiet
want=$( (
  both round_trip 8 48 200 1000
  both stream 8 48 200 1000
  both wake 48
  both fan_out 48 48 # to 2 and to 4
) | sort)
same "$want" "$(rows)"
same "2 4 2 4" "$(grep fan_out "$out" | "$JSON" consumers | tr '\n' ' ' | sed 's/ $//')"

run 0 "$RILL" bench stream --rounds 20 -s 16 -s 1K --json
same "$(both stream 16 1024 | sort)" "$(rows)"

run 0 "$RILL" bench --rounds 20 round_trip wake fan_out
is_quiet
grep -q '^SUBJECT .*RATIO' "$out" || fail "no table"
for subject in round_trip wake fan_out; do
  grep -q "^$subject: [0-9]* rounds, [0-9]* more dropped" "$out" || fail "no word about $subject"
done
! grep -q '^stream' "$out" || fail "stream was not asked for"
grep -q '^Pinned to the CPUs\|^Only one CPU' "$out" || fail "no word about CPUs"

run 2 "$RILL" bench stroem
says "no subject 'stroem'"
run 2 "$RILL" bench --size 0
says "--size .*'0'"
run 2 "$RILL" bench --size 5K
says "--size .*'5K'"
same "" "$(ls "$RILL_DIR")"
