#!/bin/sh
# SPDX-License-Identifier: MIT
# A damaged queue is a line like the others, an error on stderr, and status 1.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create good
run 0 "$RILL" create bad
# shellcheck disable=SC2044 # names without spaces
for file in $(find "$RILL_DIR" -type f -name '*bad*'); do
  : >"$file"
done
run 1 "$RILL" ls
grep -q "^good  *idle" "$out" || fail "the good one is missing"
grep -q "^bad  *unreadable" "$out" || fail "the bad one is missing"
run 1 "$RILL" ls --json
same "2 unreadable" "$("$JSON" '#' 0.state <"$out")"
run 1 "$RILL" stat bad
run 0 "$RILL" rm bad
run 0 "$RILL" ls
