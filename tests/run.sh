#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh - installs what the tests need, builds, runs them; ends with "N passed, N failed".
#
# sh tests/run.sh                     the ordinary tier, Release
# sh tests/run.sh asan tsan clang     the same with other presets (see CMakePresets.json)
# sh tests/run.sh aarch64             a cross-build: compiles without warnings, runs nothing
# sh tests/run.sh slow                the slow tier: large models, every instruction, long storms
set -eu
cd "$(dirname "$0")/.."
. src/packages.sh

case "${1-}" in
-h | --help)
  sed -n '3,9s/^# \{0,1\}//p' tests/run.sh
  exit 0
  ;;
esac
[ $# -gt 0 ] || set -- release

need_packages gcc g++ libc6-dev cmake ninja-build pkg-config libcmocka-dev libjansson-dev liburcu-dev \
  libnuma-dev libbenchmark-dev valgrind spin dpkg-dev file groff-base
# What the benchmarks compare Rill with: an adapter that nobody compiles rots.
need_peers() {
  need_packages libzmq3-dev libnng-dev libnanomsg-dev libqb-dev libboost-dev libck-dev \
    libiceoryx-posh-dev libiceoryx-binding-c-dev iceoryx
}
for preset in "$@"; do
  case $preset in
  asan | tsan) ;;
  release | debug | clang | slow) # tests/fuzz is built by clang, whatever the rest is built by
    need_packages clang libclang-rt-14-dev
    need_peers
    ;;
  aarch64) need_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
  *)
    echo "tests/run.sh: there is no preset '$preset'; presets: release debug asan tsan clang aarch64 slow" >&2
    exit 2
    ;;
  esac
done

passed=0
failed=0
result=$(mktemp)
trap 'rm -f "$result"' EXIT
for preset in "$@"; do
  echo "== $preset: configure and build"
  tier="--preset $preset"
  if [ "$preset" = slow ]; then
    preset=release
    tier='--test-dir build-release --label-regex slow --output-on-failure'
  fi
  cmake --preset "$preset" >"$result" 2>&1 || {
    cat "$result"
    exit 1
  }
  cmake --build --preset "$preset" -- -k 0 >"$result" 2>&1 || {
    cat "$result"
    exit 1
  }
  [ "$preset" != aarch64 ] || {
    echo "== aarch64: built without a warning; nothing is run"
    continue
  }
  echo "== $preset: test"
  # shellcheck disable=SC2086 # words
  ctest $tier -j "$(nproc)" --timeout 240 2>&1 | tee "$result" # the slow tier takes half an hour
  # "97% tests passed, 2 tests failed out of 61"; no such line: it did not get so far
  line=$(grep -E '^[0-9]+% tests passed' "$result" || echo "0% tests passed, 1 tests failed out of 1")
  bad=$(echo "$line" | sed 's/.* \([0-9]*\) tests failed.*/\1/')
  all=$(echo "$line" | sed 's/.*out of \([0-9]*\).*/\1/')
  passed=$((passed + all - bad))
  failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
