#!/bin/sh
# SPDX-License-Identifier: MIT
# The public structs and constants are laid out as in layout.list, in C and in C++: a program
# that was compiled against this version keeps working. Offsets and sizes are those of a
# 64-bit machine.
#
# A struct that begins with its size may grow at its end, by fields that fill it: padding would be
# any bytes, and a later field there read from them. Then:
# layout_stays.sh prints the difference; patch layout.list with it.
. "$(dirname "$0")/common.sh"
[ "$(getconf LONG_BIT)" = 64 ] || skip "layout.list is of 64-bit machines"
cd "$PREFIX/include/rill"
# shellcheck disable=SC2046 # a list of words
awk -f "$SOURCE/src/packaging/layout.awk" $(sed -n 's/^#include "rill\/\(.*\)"$/\1/p' rill.h) \
  >"$work/layout.c"
"$CC" -std=c11 -Wall -Wextra -Werror -I"$PREFIX/include" -o "$work/c" "$work/layout.c"
"$CXX" -x c++ -std=c++17 -I"$PREFIX/include" -o "$work/cc" "$work/layout.c"
"$work/c" >"$work/c.list"
"$work/cc" | cmp - "$work/c.list"
grep -v '^#' "$SOURCE/tests/install/layout.list" | diff -u - "$work/c.list" ||
  fail "not the layout that programs were compiled with"
awk '/^struct / { check(); name = $2; size = $3; filled = 0 }
  /^  / { filled += $3 }
  END { check(); exit bad }
  function check() { if (name != "" && filled != size) { print name " has padding"; bad = 1 } }
  ' "$work/c.list" || fail "say it as a field reserved0"
