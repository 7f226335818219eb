#!/bin/sh
# SPDX-License-Identifier: MIT
# -fqn 2 is -f -q -n 2; an unknown letter among them is named.
. "$(dirname "$0")/common.sh"
seq 5 | "$RILL" pub q
run 0 "$RILL" sub q -qn2 --stats
says '2 messages'
[ ! -s "$out" ] || fail "-q is not taken"
run 0 "$RILL" tail -fn 3 q
same '3 4 5' "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
run 2 "$RILL" sub q -qz
says "'-z'"
run 2 "$RILL" sub q -q-
run 2 "$RILL" sub q -q--
run 2 "$RILL" sub q -qn
says 'takes a value'
run 2 "$RILL" ls --rates=yes
run 0 "$RILL" rm -fg none q
run 0 "$RILL" rm -f q absent
