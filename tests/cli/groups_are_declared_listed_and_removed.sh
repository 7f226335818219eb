#!/bin/sh
# SPDX-License-Identifier: MIT
# rill group declare makes kept groups on a queue that exists, where --from says; an existing group
# is accepted if it is kept. group ls lists them, group rm and rm --group remove them.
. "$(dirname "$0")/common.sh"
run 1 "$RILL" group declare q a
says 'does not exist'
run 0 "$RILL" create q --capacity 64K
run 0 "$RILL" group declare q a b
is_quiet
run 0 "$RILL" group declare q a
says 'already'
run 0 "$RILL" group declare -q q a
is_quiet
run 0 "$RILL" create q --group a -g b
run 1 "$RILL" create q --group c
says 'group declare'

# Messages are held for them, whether members have joined or not.
seq 10 | "$RILL" pub q
run 0 "$RILL" sub q --group a --quiet
run 0 "$RILL" group declare q middle --from 5
run 0 "$RILL" group declare q new --from latest
run 0 "$RILL" group ls q --json
same "a b middle new" "$("$JSON" 0.name 1.name 2.name 3.name <"$out")"
same "0 10 5 0" "$("$JSON" 0.lag_messages 1.lag_messages 2.lag_messages 3.lag_messages <"$out")"
run 0 "$RILL" sub q --group middle
same "6 7 8 9 10" "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
run 1 "$RILL" group declare q ahead --from 11
says 'not published yet'
run 0 "$RILL" group declare q next --from 10
run 2 "$RILL" group declare q c --from soon
says 'oldest, latest or a sequence number'
run 2 "$RILL" group declare q 'a b'
run 2 "$RILL" group declare q
says 'missing GROUP'

# A group that ends with its reader is not as requested.
"$RILL" sub q --group passing --follow --quiet &
background
until run 0 "$RILL" group ls q --names && grep -q passing "$out"; do
  sleep 0.01
done
run 1 "$RILL" group declare q passing
says 'not kept'
run 1 "$RILL" create q --group passing
says 'not kept'
run 1 "$RILL" group rm q passing
says 'living member'

run 0 "$RILL" group rm q a middle
run 1 "$RILL" group rm q a b
says "'a'"
run 0 "$RILL" group rm --force q a
run 0 "$RILL" rm q -g next -g new
run 0 "$RILL" group ls --names q
same passing "$(cat "$out")"
run 0 "$RILL" create empty
run 0 "$RILL" group ls empty
says 'no groups'
[ ! -s "$out" ] || fail "no groups are printed"
run 0 "$RILL" group ls empty --json
same 0 "$("$JSON" '#' <"$out")"
run 2 "$RILL" group ls q --json --names

# A sequence that is gone: the oldest that is left, with a note.
"$RILL" pub small --capacity 64K --count 5000
run 0 "$RILL" group declare small late --from 7
says 'starts at'
run 0 "$RILL" group declare small kept
is_quiet
