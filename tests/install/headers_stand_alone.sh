#!/bin/sh
# SPDX-License-Identifier: MIT
# Each installed header compiles alone, as C11 and as C++17, without a warning.
. "$(dirname "$0")/common.sh"
for header in "$PREFIX"/include/rill/*.h; do
  echo "#include <rill/${header##*/}>" >"$work/one.c"
  echo "#include <rill/${header##*/}>" >>"$work/one.c" # twice does no harm
  "$CC" -std=c11 -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror -fsyntax-only \
    -I"$PREFIX/include" "$work/one.c"
  "$CXX" -x c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
    -I"$PREFIX/include" "$work/one.c"
done
