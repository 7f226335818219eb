#!/bin/sh
# SPDX-License-Identifier: MIT
# Each program of src/examples builds against the installation alone, and does what its first
# comment says.
. "$(dirname "$0")/common.sh"
for file in "$PREFIX"/share/doc/rill/examples/*.c; do
  name=$(basename "$file" .c)
  cmp "$file" "$SOURCE/src/examples/$name.c"
  # shellcheck disable=SC2046 # a list of words
  "$CC" -Wall -Wextra -Werror -o "$work/$name" "$file" $(pkg-config --cflags --libs rill) \
    -Wl,-rpath,"$lib"
done
for file in "$SOURCE"/src/examples/*.c; do
  [ -x "$work/$(basename "$file" .c)" ] || fail "${file##*/} is not installed"
done
cd "$work"

fan_out() {
  timeout 60 ./fan_out >out
  [ "$(grep -c '; together 200000$' out)" = 2 ] || fail "fan_out: $(cat out)"
  grep -q '^slow: received [0-9]*, lost [1-9][0-9]*, the first of them [0-9]*;' out ||
    fail "the slow reader lost nothing: $(cat out)"
}

request_reply() {
  timeout 120 ./request_reply ask early >first &
  asker=$!
  ./request_reply serve &
  server=$!
  started="$started $server"
  for client in 1 2 3; do
    timeout 60 ./request_reply ask "one of $client" "two of $client" >"client$client" &
    eval "client$client=$!"
  done
  # shellcheck disable=SC2154 # by eval
  for pid in $asker $client1 $client2 $client3; do
    wait "$pid"
  done
  same EARLY "$(cat first)"
  for client in 1 2 3; do
    same "ONE OF $client TWO OF $client" "$(paste -sd' ' "client$client")"
  done
  kill "$server"
  wait "$server" || fail "the server did not end cleanly"
}

kept_group() {
  timeout 60 ./kept_group >out
  grep -q '^first worker: from order 0 on, 400 of them; killed$' out || fail "$(cat out)"
  grep -q '^second worker: .* all is read$' out || fail "$(cat out)"
  grep -q '^of 1000 orders 0 are missing; ' out || fail "$(cat out)"
}

hello() {
  timeout 60 ./hello "sent first" # the sender: what it published is there for a later receiver
  same "sent first" "$(timeout 60 ./hello)"
  rm -rf "$RILL_DIR/rill.$RILL_NAMESPACE"
  timeout 60 ./hello >out & # the receiver: waits, asleep or not, for a sender
  receiver=$!
  timeout 60 ./hello "sent last"
  wait "$receiver"
  same "sent last" "$(cat out)"
}

for file in "$SOURCE"/src/examples/*.c; do
  "$(basename "$file" .c)"
  echo "$(basename "$file" .c): as it says"
  for queue in ticks orders; do
    [ ! -e "$RILL_DIR/rill.$RILL_NAMESPACE/$queue.control" ] || fail "$queue is left"
  done
done
