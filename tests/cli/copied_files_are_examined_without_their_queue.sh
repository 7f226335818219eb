#!/bin/sh
# SPDX-License-Identifier: MIT
# --file: stat, tail, why and doctor of a copied pair of segment files, read-only.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create md/q --capacity 64K --group slow
seq 20 | run 0 "$RILL" pub md/q
run 0 "$RILL" sub md/q --group slow --count 5
cp "$RILL_DIR"/*/*.control "$work/control"
cp "$RILL_DIR"/*/*.data "$work/data"
run 0 "$RILL" rm md/q
chmod 400 "$work/control" "$work/data"
pair=$work/control,$work/data

run 0 "$RILL" stat --file "$pair" --json
same "md/q 20 5 closed slow kept 15" "$("$JSON" name sequence oldest producer.state \
  groups.0.name groups.0.state groups.0.lag_messages <"$out")"
run 0 "$RILL" tail --file "$pair" --count 3
same "$(seq 18 20)" "$(cat "$out")"
run 0 "$RILL" why --file "$pair" --json
same "md/q group-kept slow true 0" "$("$JSON" name cause group.name limited advice.# <"$out")"
run 0 "$RILL" why --file "$pair"
run 0 "$RILL" doctor --file "$pair"
grep -qx "$work/control" "$out" || fail "does not name it"
grep -q "20 frames are whole" "$out" || fail "no frames: $(cat "$out")"

run 2 "$RILL" stat --file "$pair" md/q
run 2 "$RILL" stat --file "$work/control"
run 2 "$RILL" tail --file "$pair" --follow
run 2 "$RILL" doctor --file ,x
run 1 "$RILL" stat --file "$work/data,$work/control"
run 1 "$RILL" stat --file "$work/none,$work/data"
says "$work/none"
run 0 "$RILL" create other
run 1 "$RILL" stat --file "$work/control,$(echo "$RILL_DIR"/*/other.*.data)"
says together
head -c 5000 "$work/control" >"$work/short"
run 1 "$RILL" doctor --file "$work/short,$work/data"
grep -q wrong "$out" || fail "calls half a file sound"
