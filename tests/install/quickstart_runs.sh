#!/bin/sh
# SPDX-License-Identifier: MIT
# src/quickstart.sh works in a fresh copy of the sources, on a file of its own.
. "$(dirname "$0")/common.sh"
mkdir "$work/source"
(cd "$SOURCE" && tar -cf - --exclude='./build*' --exclude=./.git .) | tar -xf - -C "$work/source"
seq 20000 >"$work/numbers"
timeout 300 sh "$work/source/src/quickstart.sh" "$work/numbers" >"$work/out" 2>&1 || {
  cat "$work/out"
  fail "quickstart.sh fails"
}
[ "$(grep -c 'yes, sha256' "$work/out")" = 9 ] || # three consumers, three rounds
  fail "not every consumer got every byte"
