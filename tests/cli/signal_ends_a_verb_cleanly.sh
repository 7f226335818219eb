#!/bin/sh
# SPDX-License-Identifier: MIT
# SIGINT and SIGTERM end a waiting verb, with the summary and 128 + the signal.
. "$(dirname "$0")/common.sh"
env --default-signal=INT true 2>/dev/null || skip "env cannot reset SIGINT"
mkfifo "$work/in" "$work/lines"
"$RILL" pub q --wait-groups 1 --stats <"$work/in" 2>"$work/pub" &
background
pub=$!
exec 3>"$work/in"
for wait in park spin adaptive; do
  env --default-signal=INT "$RILL" sub q --group "$wait" --from latest --wait "$wait" --stats \
    >"$work/lines" 2>"$work/sub" &
  background
  sub=$!
  exec 4<"$work/lines"
  until "$RILL" stat q --json | grep -q "\"$wait\""; do
    kill -0 "$sub"
  done
  echo "$wait" >&3
  read -r line <&4
  same "$wait" "$line"
  kill -INT "$sub"
  ended "$sub" 130
  exec 4<&-
  grep -q "1 messages" "$work/sub" || fail "sub printed no summary"
done
kill -TERM "$pub"
ended "$pub" 143
grep -q "3 messages" "$work/pub" || fail "pub printed no summary"
run 0 "$RILL" stat q --json
same "closed 0" "$("$JSON" producer.state groups.# <"$out")"
