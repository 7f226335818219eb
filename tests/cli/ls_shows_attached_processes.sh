#!/bin/sh
# SPDX-License-Identifier: MIT
# ls: a line a queue under a header, patterns, JSON, rates; a note where there is none.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" ls
[ ! -s "$out" ] || fail "nothing has lines"
says "no queues"
run 0 "$RILL" ls --json
same 0 "$("$JSON" '#' <"$out")"
run 0 "$RILL" create md/eurex/fdax --capacity 256K --group billing
run 0 "$RILL" create orders
mkfifo "$work/in"
"$RILL" pub orders <"$work/in" &
background
pub=$!
exec 3>"$work/in"
echo one >&3
run 0 "$RILL" sub orders --count 1 --timeout 60s
run 0 "$RILL" ls
same 3 "$(wc -l <"$out" | tr -d ' ')"
grep -q "^NAME" "$out" || fail "no header"
grep "^orders  *live " "$out" | grep -q " $pub " || fail "no producer in: $(cat "$out")"
grep "^md/eurex/fdax  *idle  *256 KiB " "$out" | grep -q " billing:kept$" ||
  fail "no group in: $(cat "$out")"
run 0 "$RILL" ls 'md/*' --json
same "1 md/eurex/fdax idle 262144 billing kept" "$("$JSON" '#' 0.name 0.state 0.capacity \
  0.groups.0.name 0.groups.0.state <"$out")"
run 0 "$RILL" pub md/eurex/fdax --count 3
run 0 "$RILL" ls 'md/*'
grep -q "^NAME  *STATE  *CAPACITY  *LAG  *BYTES  *AGE  *PRODUCER  *READERS$" "$out" ||
  fail "other columns: $(cat "$out")"
grep -q " 256 KiB  *3  *[0-9]* B  *[0-9.]* [mun]*s  *closed  *billing:kept$" "$out" ||
  fail "no lag in: $(cat "$out")"
run 0 "$RILL" ls orders --json --rates --interval 10ms
same "orders live alive $pub" "$("$JSON" 0.name 0.state 0.producer.state 0.producer.pid <"$out")"
"$JSON" 0.messages_per_second 0.bytes_per_second <"$out"
run 0 "$RILL" ls --rates --interval 1ms
grep -q "MSG/S" "$out" || fail "no rates"
exec 3>&-
ended "$pub" 0

# "There are no queues" is not printed when only the pattern matches none.
run 0 "$RILL" ls 'absent*'
says "absent"
[ ! -s "$out" ] || fail "a table of nothing"
