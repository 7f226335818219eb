#!/bin/sh
# SPDX-License-Identifier: MIT
# quickstart.sh - installs what is needed, builds Rill, and shows its main use on a real file:
# one process streams it, a message for each line, to three others, while `rill tail` watches;
# then the same beside a registry, and how that reclaims what a killed process left.
#
# sh src/quickstart.sh [FILE]    FILE: any text file; default /var/lib/dpkg/status
set -eu
cd "$(dirname "$0")/.."
. src/packages.sh

file=${1-/var/lib/dpkg/status}
[ -r "$file" ] || {
  echo "quickstart: cannot read '$file'" >&2
  exit 1
}
need_packages gcc libc6-dev cmake ninja-build pkg-config libjansson-dev liburcu-dev libnuma-dev

say() { printf '\n== %s\n' "$*"; }

say "Building (Release)"
log=$(mktemp)
{ cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DRILL_TESTS=OFF -DRILL_PERF=OFF &&
  cmake --build build; } >"$log" 2>&1 || {
  cat "$log" >&2
  exit 1
}
rm -f "$log"
rill=$PWD/build/src/cli/rill
rilld=$PWD/build/src/registry/rilld
"$rill" version

work=$(mktemp -d)
RILL_NAMESPACE=quickstart-$$
export RILL_NAMESPACE
finish() {
  # shellcheck disable=SC2046 # a list of processes
  kill $(jobs -p) 2>/dev/null || true
  [ -z "${registry-}" ] || wait "$registry" || true # it removes its socket
  for name_space in quickstart-$$ quickstart-$$-registry; do
    "$rill" --namespace "$name_space" rm orders paced >/dev/null 2>&1 || true
    rmdir "${RILL_DIR:-/dev/shm}/rill.$name_space" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM PIPE

value() { sed -n "s/.*\"$2\": *\([0-9.]*\).*/\1/p" "$work/$1.json" | head -n 1; }
micros() { awk "BEGIN { printf \"%.1f\", $1 / 1000 }"; }
digest() { sha256sum <"$1" | cut -d' ' -f1; }

lines=$(wc -l <"$file")
want=$(digest "$file")
failed=0

# stream QUEUE [OPTION OF rill pub]...: one producer, three consumers, an observer; prints a table.
stream() {
  queue=$1
  shift
  "$rill" create "$queue" --capacity 1M 2>/dev/null
  pids=
  for name in billing audit search; do
    "$rill" sub "$queue" --group "$name" --keep --from oldest --timeout 60s \
      --stats-file "$work/$name.json" >"$work/$name.out" &
    pids="$pids $!"
  done
  "$rill" tail "$queue" --follow --count 5 --timeout 60s >"$work/tail.out" &
  pids="$pids $!"
  "$rill" pub "$queue" --stamp --wait-groups 3 --linger --timeout 60s "$@" \
    --stats-file "$work/pub.json" <"$file" &
  for pid in $pids $!; do
    wait "$pid" || failed=1
  done
  [ "$failed" -eq 0 ] || {
    echo "quickstart: one of the processes failed; see above" >&2
    exit 1
  }
  row='%-9s %9s %10s %11s %9s %9s %6s  %s\n'
  # shellcheck disable=SC2059 # the format is ours
  printf "$row" consumer messages bytes messages/s 'p50 us' 'p99 us' slept 'every byte, in order'
  for name in billing audit search; do
    verdict=NO
    if [ "$(digest "$work/$name.out")" = "$want" ]; then
      verdict="yes, sha256 $(printf '%.12s' "$want")"
    else
      failed=1
    fi
    # shellcheck disable=SC2059
    printf "$row" $name "$(value $name messages)" "$(value $name bytes)" \
      "$(printf '%.0f' "$(value $name messages_per_second)")" \
      "$(micros "$(value $name latency_p50_ns)")" "$(micros "$(value $name latency_p99_ns)")" \
      "$(value $name parks)" "$verdict"
  done
  echo "Times the producer slept, waiting for room: $(value pub parks)."
}

say "Streaming $file ($lines lines) to three consumers, as fast as they go"
stream orders
echo "(p50, p99: from publish to receive, with the ring full of messages waiting)"

rate=$((lines / 10 > 5000 ? lines / 10 : 5000))
say "The same at $rate messages a second: what one message takes without a backlog"
stream paced --rate "$rate"
echo "(four processes share $(nproc) cores, so most messages wake a sleeper)"

say "The first lines that rill tail saw, without taking part"
cat "$work/tail.out"
say "rill ls"
"$rill" ls
say "rill stat orders"
"$rill" stat orders

say "The first round once more, in a namespace with a registry (rilld)"
RILL_NAMESPACE=quickstart-$$-registry
"$rilld" --foreground 2>"$work/rilld.log" &
registry=$!
stream orders
"$rill" sub orders --group doomed --follow >/dev/null 2>&1 &
doomed=$!
until "$rill" ls | grep -q doomed; do sleep 0.05; done
say "rill ls, with a fourth consumer, which is now killed (kill -9)"
"$rill" ls
kill -9 $doomed
until grep -q "'doomed'" "$work/rilld.log" || ! kill -0 $registry; do sleep 0.05; done
say "What the registry reports"
cat "$work/rilld.log"
kill $registry
[ "$failed" -eq 0 ] || {
  echo "quickstart: a consumer did not receive the file as it is" >&2
  exit 1
}
say "Done. Try:  $rill --help"
