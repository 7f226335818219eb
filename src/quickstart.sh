#!/bin/sh
# SPDX-License-Identifier: MIT
# quickstart.sh - installs what is needed, builds Rill, and does its main job on a real file:
# one process streams it, a message a line, to three others at once, while `rill tail` looks on.
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
need_packages gcc libc6-dev cmake ninja-build pkg-config libjansson-dev

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
"$rill" version

work=$(mktemp -d)
RILL_NAMESPACE=quickstart-$$
export RILL_NAMESPACE
finish() {
  # shellcheck disable=SC2046 # a list of processes
  kill $(jobs -p) 2>/dev/null || true
  "$rill" rm orders >/dev/null 2>&1 || true
  rmdir "${RILL_DIR:-/dev/shm}/rill.$RILL_NAMESPACE" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

lines=$(wc -l <"$file")
want=$(sha256sum <"$file" | cut -d' ' -f1)
say "Streaming $file ($lines lines) to three consumers at once"
"$rill" create orders --capacity 1M >/dev/null
consumers=
for name in billing audit search; do
  "$rill" sub orders --group "$name" --from oldest --timeout 60s --stats-file "$work/$name.json" \
    >"$work/$name.out" &
  consumers="$consumers $!"
done
"$rill" tail orders --follow --count 5 --timeout 60s >"$work/tail.out" &
tail=$!
"$rill" pub orders --stamp --wait-groups 3 --linger --timeout 60s --stats-file "$work/pub.json" \
  <"$file" &
producer=$!

failed=0
for pid in $consumers $producer $tail; do
  wait "$pid" || failed=1
done
[ "$failed" -eq 0 ] || {
  echo "quickstart: one of the processes failed; see above" >&2
  exit 1
}

value() { sed -n "s/.*\"$2\": *\([0-9.]*\).*/\1/p" "$work/$1.json" | head -n 1; }
round() { printf '%.0f' "$1"; }
micros() { awk "BEGIN { printf \"%.1f\", $1 / 1000 }"; }

printf '\n%-10s %10s %12s %12s %10s %10s %7s  %s\n' consumer messages bytes messages/s 'p50 us' 'p99 us' \
  slept 'every byte, in order'
for name in billing audit search; do
  got=$(sha256sum <"$work/$name.out" | cut -d' ' -f1)
  if [ "$got" = "$want" ]; then
    verdict="yes (sha256 $(printf '%.12s' "$got"))"
  else
    verdict=NO
    failed=1
  fi
  printf '%-10s %10s %12s %12s %10s %10s %7s  %s\n' "$name" "$(value $name messages)" \
    "$(value $name bytes)" "$(round "$(value $name messages_per_second)")" \
    "$(micros "$(value $name latency_p50_ns)")" "$(micros "$(value $name latency_p99_ns)")" \
    "$(value $name parks)" "$verdict"
done
printf '\nThe producer slept %s times waiting for room; four processes share %s cores.\n' \
  "$(value pub parks)" "$(nproc)"

say "The first lines that rill tail saw, without taking part"
cat "$work/tail.out"
say "rill ls"
"$rill" ls
say "rill stat orders"
"$rill" stat orders
[ "$failed" -eq 0 ] || {
  echo "quickstart: a consumer did not receive the file as it is" >&2
  exit 1
}
say "Done. Try:  $rill --help"
