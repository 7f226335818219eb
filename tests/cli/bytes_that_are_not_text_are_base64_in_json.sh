#!/bin/sh
# SPDX-License-Identifier: MIT
# --json says which encoding it used; its output is valid JSON for any bytes.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --group g
printf 'gr\303\274n\n"quoted"\\\n\377\376x\nz\000ero\n' | run 0 "$RILL" pub q
run 0 "$RILL" sub q --group g --json
{
  printf '5 utf-8 gr\303\274n\n9 utf-8 "quoted"\\\n'
  printf '3 base64 //54\n5 utf-8 z\000ero\n'
} >"$work/expected"
"$JSON" size encoding data <"$out" >"$work/found"
cmp "$work/expected" "$work/found"
for size in 1 2 4 5; do
  printf '\377%s' abcdef | head -c "$size" >"$work/in"
  run 0 "$RILL" pub q --raw <"$work/in"
  run 0 "$RILL" sub q --group g --json
  "$JSON" data <"$out" | base64 -d | cmp - "$work/in"
done
