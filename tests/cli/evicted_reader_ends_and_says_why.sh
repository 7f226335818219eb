#!/bin/sh
# SPDX-License-Identifier: MIT
# A reader whose output no process reads is evicted: it fails, says why, and writes no overwritten
# bytes. Its group continues at the oldest message, and the next reader reports what was lost.
. "$(dirname "$0")/common.sh"
mkfifo "$work/pipe"

# evicted_reader INPUT [OPTION...]: pub publishes the input by these options; the output of a reader
# that is evicted meanwhile is the beginning of it.
evicted_reader() {
  input=$1
  shift
  "$RILL" sub q --group g --keep --follow ${1:+--raw} >"$work/pipe" 2>"$work/sub" &
  background
  reader=$!
  exec 3<"$work/pipe"
  until [ "$("$RILL" stat q --json | "$JSON" groups.0.state 2>/dev/null)" = active ]; do
    kill -0 "$reader"
  done
  run 0 "$RILL" pub q "$@" <"$input"
  cat <&3 >"$work/read"
  exec 3<&-
  ended "$reader" 1
  cp "$work/sub" "$err"
  says "was evicted"
  same 1 "$(grep -c '' "$err")"
  head -c "$(wc -c <"$work/read")" "$input" | cmp - "$work/read" ||
    fail "it wrote what it did not read"
}

run 0 "$RILL" create q --capacity 64K --evict-after 500ms
seq 100000 >"$work/lines"
evicted_reader "$work/lines"
run 0 "$RILL" stat q --json
same "evicted true 1" "$("$JSON" groups.0.state groups.0.keep evictions <"$out")"

run 0 "$RILL" sub q --group g
says "lost [0-9]* messages"
lost=$(sed -n 's/.*lost \([0-9]*\) messages.*/\1/p' "$err")
first=$(head -n 1 "$out")
[ "$first" -gt "$lost" ] || fail "began at $first, having lost $lost"
seq "$first" 100000 | cmp - "$out"
run 0 "$RILL" stat q --json
same "kept 1" "$("$JSON" groups.0.state evictions <"$out")"
run 0 "$RILL" rm q

# Messages that are larger than its buffer.
run 0 "$RILL" create q --capacity 1M --max-message 300K --evict-after 500ms
for byte in a b c d e f g h i j; do
  head -c 200000 /dev/zero | tr '\0' "$byte"
done >"$work/blocks"
evicted_reader "$work/blocks" --raw --size 200000
