#!/bin/sh
# SPDX-License-Identifier: MIT
# A line that is too long fails, with its number; the lines before it are published.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --capacity 64K --max-message 100 --group g
{ printf 'one\ntwo\n' && head -c 101 /dev/zero | tr '\0' x && echo && echo four; } >"$work/in"
run 1 "$RILL" pub q <"$work/in"
says "line 3"
says "100 bytes"
run 0 "$RILL" sub q --group g
same "one
two" "$(cat "$out")"
head -c 100 /dev/zero | tr '\0' x >"$work/in"
run 0 "$RILL" pub q <"$work/in"
run 0 "$RILL" sub q --group g
same 101 "$(wc -c <"$out" | tr -d ' ')"
head -c 3000000 /dev/zero >"$work/in"
run 1 "$RILL" pub q <"$work/in"
says "line 1"
run 1 "$RILL" pub q --raw --size 101 <"$work/in"
run 1 "$RILL" pub q --count 1 --size 101
