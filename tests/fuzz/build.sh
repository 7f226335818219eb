#!/bin/sh
# SPDX-License-Identifier: MIT
# build.sh - builds the fuzz targets with clang, in a folder of their own.
#
# sh tests/fuzz/build.sh FOLDER
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:?"usage: build.sh FOLDER"}

command -v clang >/dev/null || {
  echo "clang is missing; Debian: apt-get install clang libclang-rt-14-dev" >&2
  exit 1
}
probe=$(mktemp -d)
trap 'rm -rf "$probe"' EXIT
cat >"$probe/probe.c" <<'END'
int LLVMFuzzerTestOneInput(const char *bytes, unsigned long size);
int LLVMFuzzerTestOneInput(const char *bytes, unsigned long size) {
  return size > 1000 && bytes[0];
}
END
clang -fsanitize=fuzzer,address,undefined "$probe/probe.c" -o "$probe/probe" 2>"$probe/log" || {
  cat "$probe/log" >&2
  version=$(clang -dumpversion | cut -d. -f1)
  echo "clang has no libFuzzer here; Debian: apt-get install libclang-rt-$version-dev" >&2
  exit 1
}
cmake -G Ninja -S "$source" -B "$folder" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
  -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_C_FLAGS_DEBUG=-O1 -g" -DRILL_SANITIZE=fuzzer \
  -DRILL_PERF=OFF -DRILL_CLI=OFF >"$probe/log" 2>&1 || {
  cat "$probe/log" >&2
  exit 1
}
cmake --build "$folder" --target rill_fuzzers -j "$(nproc)" >"$probe/log" 2>&1 || {
  cat "$probe/log" >&2
  exit 1
}
