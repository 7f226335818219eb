#!/bin/sh
# SPDX-License-Identifier: MIT
# rm of a pattern removes all queues that match: on a terminal it asks if there are several, without
# a terminal it needs --yes. --force does not answer the question.
. "$(dirname "$0")/common.sh"
make() {
  for name in logs/a logs/b other; do
    "$RILL" create "$name" --capacity 64K 2>"$err"
  done
}
names() {
  "$RILL" ls --names | tr '\n' ' ' | sed 's/ $//'
}
make
run 2 "$RILL" rm 'logs/*'
says '--yes'
run 2 "$RILL" rm 'logs/*' --force
run 2 "$RILL" rm 'o*' </dev/null
same "logs/a logs/b other" "$(names)"
run 0 "$RILL" rm 'logs/*' --yes
is_quiet
same other "$(names)"
run 1 "$RILL" rm 'logs/*' --yes
says "matches 'logs/"
run 0 "$RILL" rm 'logs/*' --yes --force
is_quiet

# Operands that name a queue twice; one that does not exist.
make
run 1 "$RILL" rm -y logs/a 'logs/*' 'l?gs/[ab]' none
says none
same other "$(names)"

# Groups of all that match.
make
for name in logs/a logs/b; do
  run 0 "$RILL" group declare "$name" old kept
done
run 2 "$RILL" rm 'logs/*' --group old
run 0 "$RILL" rm 'logs/*' --group old --yes
run 0 "$RILL" group ls logs/b --names
same kept "$(cat "$out")"
same "logs/a logs/b other" "$(names)"

command -v script >/dev/null || skip "no script(1), so no terminal to ask on"
# answer TEXT STATUS COMMAND: script(1) types the text, a line.
answer() {
  got=0
  (sleep 0.3 && printf '%s\n' "$1") | script -qec "$3" /dev/null >"$out" 2>&1 || got=$?
  [ "$got" = "$2" ] || fail "status $got, not $2: $3: $(cat "$out")"
}
answer '' 1 "'$RILL' rm 'logs/*'"
grep -q 'Remove these 2 queues' "$out" || fail "does not ask"
grep -q 'logs/b' "$out" || fail "does not say what it would remove"
grep -q 'nothing was removed' "$out" || fail "does not say what it did"
answer 'n' 1 "'$RILL' rm 'logs/*' other --force"
same "logs/a logs/b other" "$(names)"
answer 'y' 0 "'$RILL' rm 'logs/*' --group kept"
run 0 "$RILL" group ls logs/b
says 'no groups'
answer 'yes' 0 "'$RILL' rm 'logs/*'"
same other "$(names)"
run 0 script -qec "'$RILL' rm 'o*'" /dev/null
same "" "$(names)"
