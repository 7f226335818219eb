#!/bin/sh
# SPDX-License-Identifier: MIT
# --help of each verb goes to standard output, and the man page has each of its options.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" --help
run 0 "$RILL" help
verbs=$(sed -n 's/^  \([a-z]*\) .*/\1/p' "$out")
run 0 "$RILL" help --man
sed 's/\\f.//g; s/\\-/-/g' "$out" >"$work/man"
for verb in $verbs; do
  grep -q "^\.SS \"rill $verb" "$work/man" || fail "$verb is not in the man page"
  run 0 "$RILL" help "$verb"
  cp "$out" "$work/help"
  run 0 "$RILL" "$verb" --help
  cmp "$work/help" "$out"
  is_quiet
  # shellcheck disable=SC2013 # no option has a space
  for option in $(sed -n 's/^  \(-[a-z], \)*\(--[a-z-]*\).*/\2/p' "$out"); do
    grep -q -e "^\(-[a-z], \)*$option" "$work/man" || fail "$verb $option is not in the man page"
  done
  awk 'length > 80 { exit 1 }' "$out" || fail "help of $verb is wider than 80 columns"
done
