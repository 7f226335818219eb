#!/bin/sh
# SPDX-License-Identifier: MIT
# ls --names prints only names, for scripts: nothing if there are no queues, and also the names of
# queues that cannot be opened.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" ls --names
is_quiet
[ ! -s "$out" ] || fail "prints a name"
for name in logs/b logs/a other; do
  run 0 "$RILL" create "$name" --capacity 64K
done
run 0 "$RILL" ls --names
same "logs/a logs/b other" "$(tr '\n' ' ' <"$out" | sed 's/ $//')"
run 0 "$RILL" ls --names 'logs/*'
same 2 "$(wc -l <"$out")"
for file in "$RILL_DIR"/*/other*; do
  truncate -s 100 "$file"
done
run 1 "$RILL" ls
run 0 "$RILL" ls --names 'o*'
is_quiet
same other "$(cat "$out")"
run 2 "$RILL" ls --names --json
run 2 "$RILL" ls --names --rates
