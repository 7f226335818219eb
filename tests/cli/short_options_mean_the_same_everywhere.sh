#!/bin/sh
# SPDX-License-Identifier: MIT
# A letter stands for the same long option in all verbs, as -q for --quiet; except -f, which is
# --follow where messages are read and --force where something is removed, as users expect.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" help --man
sed -n 's/\\f.//g; s/\\-/-/g; s/^\(-[a-z]\), \(--[a-z-]*\).*/\1 \2/p' "$out" | sort -u >"$work/letters"
same "-f -f" "$(cut -d' ' -f1 "$work/letters" | sort | uniq -D | tr '\n' ' ' | sed 's/ $//')"
grep -q '^-q --quiet$' "$work/letters"
grep -q '^-n --count$' "$work/letters"
grep -q '^-g --group$' "$work/letters"
run 2 "$RILL" bench -q
