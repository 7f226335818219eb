#!/bin/sh
# SPDX-License-Identifier: MIT
# A producer that waits for room is interrupted, however it waits.
. "$(dirname "$0")/common.sh"
run 0 "$RILL" create q --capacity 64K --group g
run 3 "$RILL" pub q --count 100000 --timeout 1ms
for wait in park spin adaptive; do
  "$RILL" pub q --count 100000 --wait "$wait" 2>"$err" &
  background
  pub=$!
  until "$RILL" stat q --json | "$JSON" producer.pid producer.state | grep -q "^$pub alive"; do
    kill -0 "$pub"
  done
  kill -TERM "$pub"
  ended "$pub" 143
done
