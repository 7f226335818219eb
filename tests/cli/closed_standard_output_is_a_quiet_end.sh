#!/bin/sh
# SPDX-License-Identifier: MIT
# A closed standard output ends each verb without a message; the kept group loses only
# what was written.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --group g --capacity 8M
seq 100000 | run 0 "$RILL" pub q
for verb in "sub q" "sub q --group g" "sub q --json" "tail q --from oldest" "help pub" ls "stat q"
do
  # shellcheck disable=SC2086 # a verb and its words
  { got=0; "$RILL" $verb 2>"$err" || got=$?; echo $got >"$work/status"; } | :
  same 0 "$(cat "$work/status")"
  is_quiet
done
run 0 "$RILL" sub q --group g
first=$(head -n 1 "$out")
[ "$first" -lt 100000 ] || fail "everything was released"
seq "$first" 100000 | cmp - "$out"
