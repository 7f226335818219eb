#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/run.sh runs a single test by its name, and answers a name that is not there with the nearest.
. "$(dirname "$0")/common.sh"
cd "$SOURCE"
preset=${BUILD##*/build-}
command -v dpkg-query >/dev/null || skip "no dpkg, by which run.sh finds packages"
[ "$BUILD" = "$SOURCE/build-$preset" ] || skip "$BUILD is not the folder of a preset"

sh tests/run.sh --one unit/histogram "$preset" >"$work/out" || {
  cat "$work/out"
  fail "unit/histogram does not run alone"
}
same '1 passed, 0 failed' "$(tail -n 1 "$work/out")"

# refused STATUS WORDS ARGUMENT...
refused() {
  want=$1 words=$2
  shift 2
  status=0
  sh tests/run.sh "$@" >"$work/out" 2>&1 || status=$?
  same "$want" "$status"
  grep -q -e "$words" "$work/out" || {
    cat "$work/out"
    fail "tests/run.sh $* does not say: $words"
  }
}
refused 2 'no test .*near it: unit/histogram' --one unit/histogramm "$preset"
refused 2 'no preset' --one unit/histogram relase
refused 2 'takes no seed' --seed unit/histogram 7 "$preset"
refused 2 'seed is a number' --seed unit/histogram seven
refused 2 'no option .*--help' --only unit/histogram
