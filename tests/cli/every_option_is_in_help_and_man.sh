#!/bin/sh
# SPDX-License-Identifier: MIT
# --help of each verb, and of each group of verbs, goes to standard output, and the man page has
# each of its options.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" help --man
sed 's/\\f.//g; s/\\-/-/g' "$out" >"$work/man"

# check VERB...: the words of its name.
check() {
  grep -q "^\.SS \"rill $*[ \"]" "$work/man" || fail "$* is not in the man page"
  run 0 "$RILL" help "$@"
  cp "$out" "$work/help"
  run 0 "$RILL" "$@" --help
  cmp "$work/help" "$out"
  is_quiet
  grep -q "^usage: rill $*" "$out" || fail "help of $* does not begin with its usage"
  awk 'length > 80 { exit 1 }' "$out" || fail "help of $* is wider than 80 columns"
  # shellcheck disable=SC2013 # no option has a space
  for option in $(sed -n 's/^  \(-[a-z], \)*\(--[a-z-]*\).*/\2/p' "$out"); do
    grep -q -e "^\(-[a-z], \)*$option" "$work/man" || fail "$* $option is not in the man page"
  done
}

verbs_of() {
  run 0 "$RILL" help "$@"
  sed -n 's/^  \([a-z]*\) .*/\1/p' "$out"
}

run 0 "$RILL" --help
for verb in $(verbs_of); do
  check "$verb"
  for inner in $(verbs_of "$verb"); do
    check "$verb" "$inner"
  done
done
