#!/bin/sh
# SPDX-License-Identifier: MIT
# With standard descriptors closed, no file of a queue takes their numbers: nothing meant
# for a stream is written into a segment, and a closed input is not read as a directory.
. "$(dirname "$0")/common.sh"
seq 100 | "$RILL" pub q
run 1 sh -c '"$RILL" pub q <&-'
says 'standard input: Bad file descriptor'
run 1 sh -c '"$RILL" sub q >&-'
says 'standard output: Bad file descriptor'
run 1 sh -c '"$RILL" ls >&-'
says 'standard output: Bad file descriptor'

# The descriptors that a reader holds open while its streams are closed.
sh -c 'exec "$RILL" sub q --follow --timeout 20s --quiet --stats <&- >&- 2>&-' &
background
reader=$!
tries=0
until [ "$("$RILL" ls --json | sed -n 's/.*"state": "\([a-z]*\)".*/\1/p' | tail -n 1)" = active ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] || fail "no reader"
  sleep 0.05
done
for fd in 0 1 2; do
  same /dev/null "$(readlink "/proc/$reader/fd/$fd")"
done
kill -9 "$reader"
run 0 "$RILL" doctor q
