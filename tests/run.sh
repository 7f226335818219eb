#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - installs what the tests need, builds, runs them; ends with "N passed, N failed".
#
# sh tests/run.sh                     the ordinary tier, Release
# sh tests/run.sh asan tsan clang     the same with other presets (see CMakePresets.json)
# sh tests/run.sh aarch64             a cross-build: compiles without warnings, runs nothing
# sh tests/run.sh slow                the slow tier: large models, every instruction, long storms
#
# While developing; each of these builds only what it needs, in the folder of its preset:
#
# sh tests/run.sh --one TEST [PRESET]           one test, with all that it prints: unit/ring_messages
# sh tests/run.sh --seed TEST SEED [PRESET]     the same, by the seed that it printed: soak.storm 7
# sh tests/run.sh --bench SUBJECT [OPTION]...   one benchmark: round_trip --benchmark_filter=/48/
# sh tests/run.sh --list [WORD]                 the tests and benchmarks with WORD in their name
set -eu
cd "$(dirname "$0")/.."
. src/packages.sh

refuse() {
  echo "tests/run.sh: $*" >&2
  exit 2
}
misused() { refuse "$*; see sh tests/run.sh --help"; }

# What every preset needs.
need_base() {
  need_packages gcc g++ libc6-dev cmake ninja-build pkg-config libcmocka-dev libjansson-dev liburcu-dev \
    libnuma-dev libbenchmark-dev valgrind spin dpkg-dev file groff-base
}
need_clang() { need_packages clang libclang-rt-14-dev; }
# The libraries that Rill is compared with: an adapter that is never compiled breaks unnoticed.
need_peers() {
  need_packages libzmq3-dev libnng-dev libnanomsg-dev libqb-dev libboost-dev libck-dev \
    libiceoryx-posh-dev libiceoryx-binding-c-dev iceoryx
}
# need_preset NAME: its packages. 2: there is no such preset.
need_preset() {
  case $1 in
  asan | tsan) ;;
  release | debug | clang | slow) # tests/fuzz is built by clang, whatever the rest is built by
    need_clang
    need_peers
    ;;
  aarch64) need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
  *)
    refuse "there is no preset '$1'; presets: release debug asan tsan clang aarch64 slow"
    ;;
  esac
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM
result=$work/result

# quietly COMMAND...: shows what it printed only if it fails.
quietly() {
  "$@" >"$result" 2>&1 || {
    cat "$result"
    exit 1
  }
}

passed=0
failed=0
# count: adds the result of ctest, in $result, to both totals.
count() {
  # "97% tests passed, 2 tests failed out of 61"; no such line: ctest did not get there
  line=$(grep -E '^[0-9]+% tests passed' "$result" || echo "0% tests passed, 1 tests failed out of 1")
  bad=$(echo "$line" | sed 's/.* \([0-9]*\) tests failed.*/\1/')
  all=$(echo "$line" | sed 's/.*out of \([0-9]*\).*/\1/')
  passed=$((passed + all - bad))
  failed=$((failed + bad))
}

# configure PRESET: unless it is up to date; its tests, and $work/names of them.
configure() {
  build=build-$1
  if [ -f "$build/build.ninja" ]; then
    quietly ninja -C "$build" build.ninja
  else
    quietly cmake --preset "$1"
  fi
  find "$build" -name CTestTestfile.cmake \
    -exec grep -hE '^(add_test|set_tests_properties)\(' {} + >"$work/CTestTestfile.cmake" || true
  sed -n 's/^add_test(\[=*\[\([^]]*\)\].*/\1/p' "$work/CTestTestfile.cmake" | sort >"$work/names"
}

# benchmarks: the names of those that this build has.
benchmarks() {
  ninja -C "$build" -t targets all |
    sed -n 's|^perf/rill_perf_\([a-z_]*\): [A-Z]*_EXECUTABLE_LINKER.*|\1|p' | sort
}

# must_be KIND NAME FILE: FILE has a line NAME; else the nearest of its lines are shown.
must_be() {
  ! grep -Fxq -- "$2" "$3" || return 0
  near=$(awk -v want="$2" '
    function least(a, b) { return a < b ? a : b }
    function distance(a, b,   i, j, row, above, corner) { # Levenshtein
      for (j = 0; j <= length(b); j++) row[j] = j
      for (i = 1; i <= length(a); i++) {
        corner = row[0]; row[0] = i
        for (j = 1; j <= length(b); j++) {
          above = row[j]
          row[j] = least(least(above, row[j - 1]) + 1,
                         corner + (substr(a, i, 1) != substr(b, j, 1)))
          corner = above
        }
      }
      return row[length(b)]
    }
    {
      last = $0
      sub(/^[a-z]*[\/.]/, "", last)
      far = index($0, want) ? 0 : least(distance(want, $0), distance(want, last))
      if (far <= 1 + length(want) / 4) print far, length($0), $0
    }' "$3" | sort -n -k1,1 -k2,2 | head -n 4 | cut -d' ' -f3 | paste -sd' ')
  if [ -n "$near" ]; then
    refuse "there is no $1 '$2'; near it: $near"
  fi
  refuse "there is no $1 '$2'; sh tests/run.sh --list shows all"
}

# build_for TEST: the programs that its command and its environment name.
build_for() {
  ninja -C "$build" -t targets all | sed 's/: [^:]*$//' >"$work/targets"
  # BUILD=FOLDER: an installation, of what is in src.
  targets=$(awk -v test="[$1]=" 'index($0, test)' "$work/CTestTestfile.cmake" | tr '";=' '\n' |
    sed -n -e "s|^$PWD/$build\$|src/all|p" -e "s|^$PWD/$build/||p" | sort -u |
    grep -Fx -f "$work/targets" || true)
  [ -n "$targets" ] || return 0
  # shellcheck disable=SC2086 # words
  quietly cmake --build "$build" --target $targets
}

# one TEST PRESET [SEED]
one() {
  [ "$2" != slow ] || refuse "the slow tests are in the preset release"
  [ "$2" != aarch64 ] || refuse "aarch64 runs nothing"
  need_base
  need_preset "$2"
  configure "$2"
  must_be test "$1" "$work/names"
  echo "== $2: build for $1"
  build_for "$1"
  if [ -n "${3-}" ]; then
    export RILL_TEST_SEED="$3"
    case $1 in # two kinds take it as an argument
    fuzz.*) argument="\"--seed\" \"$3\"" ;;
    *storm) argument="\"$3\"" ;;
    *) argument= ;;
    esac
    awk -v test="add_test([=[$1]=]" -v argument="$argument" \
      'index($0, test) == 1 { sub(/\)$/, " " argument ")") } 1' "$work/CTestTestfile.cmake" >"$result"
    cp "$result" "$work/CTestTestfile.cmake"
  fi
  echo "== $2: $1"
  ctest --test-dir "$work" --verbose --tests-regex "^$(echo "$1" | sed 's/[.+]/\\&/g')\$" \
    --timeout 240 2>&1 | tee "$result"
  count
  if [ -n "${3-}" ] && [ "$failed" -eq 0 ] && ! grep -qE "seed $3($|[^0-9])" "$result"; then
    refuse "'$1' takes no seed: its numbers are the same in each run"
  fi
}

# bench SUBJECT [OPTION]...
bench() {
  need_base
  need_peers
  configure release
  [ -n "$(benchmarks)" ] || quietly cmake -DRILL_PERF=ON "$build"
  subject=${1#rill_perf_}
  shift
  benchmarks >"$work/benchmarks"
  must_be benchmark "$subject" "$work/benchmarks"
  echo "== release: build $subject" >&2
  quietly cmake --build "$build" --target "perf/rill_perf_$subject"
  "$build/perf/rill_perf_$subject" "$@"
}

case "${1-}" in
-h | --help)
  sed -n '3,16s/^# \{0,1\}//p' tests/run.sh
  exit 0
  ;;
--one)
  [ $# -eq 2 ] || [ $# -eq 3 ] || misused "--one takes a test, and perhaps a preset"
  one "$2" "${3-release}"
  ;;
--seed)
  [ $# -eq 3 ] || [ $# -eq 4 ] || misused "--seed takes a test, a seed, and perhaps a preset"
  case $3 in
  '' | *[!0-9]*) misused "a seed is a number, not '$3'" ;;
  esac
  one "$2" "${4-release}" "$3"
  ;;
--bench)
  [ $# -ge 2 ] || misused "--bench takes the subject of a benchmark"
  shift
  bench "$@"
  exit 0
  ;;
--list)
  [ $# -le 2 ] || misused "--list takes a word, or nothing"
  need_base
  configure release
  { sed 's/^/--one /' "$work/names" && benchmarks | sed 's/^/--bench /'; } | grep -F -- "${2-}" ||
    refuse "no test and no benchmark has '$2' in its name"
  exit 0
  ;;
-*) misused "there is no option '$1'" ;;
*)
  [ $# -gt 0 ] || set -- release
  need_base
  for preset in "$@"; do
    need_preset "$preset"
  done
  for preset in "$@"; do
    echo "== $preset: configure and build"
    tier="--preset $preset"
    if [ "$preset" = slow ]; then
      preset=release
      tier='--test-dir build-release --label-regex slow --output-on-failure'
    fi
    quietly cmake --preset "$preset"
    quietly cmake --build --preset "$preset" -- -k 0
    [ "$preset" != aarch64 ] || {
      echo "== aarch64: built without a warning; nothing is run"
      continue
    }
    echo "== $preset: test"
    # shellcheck disable=SC2086 # words
    ctest $tier -j "$(nproc)" --timeout 240 2>&1 | tee "$result" # the slow tier takes half an hour
    count
  done
  ;;
esac
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
