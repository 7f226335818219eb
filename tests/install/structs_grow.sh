#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that was built against structs of another size works with the library, which then fills
# and reads what both know: one from before their last field was there, and one with a field more,
# which it may leave zero; if it does not, the call fails. In C11 and in C++11, without a warning.
. "$(dirname "$0")/common.sh"
cp -R "$PREFIX/include" "$work/same"

# Without comments and empty lines.
code() {
  awk '{
    line = ""
    for (left = $0; left != "";) {
      at = index(left, inside ? "*/" : "/*")
      if (!inside) line = line (at ? substr(left, 1, at - 1) : left)
      left = at ? substr(left, at + 2) : ""
      if (at) inside = !inside
    }
    sub(/[ \t]+$/, "", line)
    if (line != "") print line
  }' "$1"
}

# copy NAME CHANGE: the headers without comments, each struct with a size changed by awk: `last`
# is its last field (and the one before, if that only pads), to be printed or not.
copy() {
  cp -R "$PREFIX/include" "$work/$1"
  for header in "$PREFIX"/include/rill/*.h; do
    code "$header" | awk '
      /^struct rill_[a-z_]+ [{]/ { sized = 0; begin = 1 }
      begin && / size_t size;/ { sized = 1 }
      /^ .*;/ { begin = 0 }
      sized && /^};/ { '"$2"'; sized = 0 }
      sized && / reserved0;$/ { last = last "\n" $0; next }
      { if (last != "") print last; last = "" }
      sized && /;$/ { last = $0; next }
      { print }' >"$work/$1/rill/${header##*/}"
  done
}
copy shorter 'last = ""'
copy longer 'last = last "\n  uint64_t later;"'

for headers in same shorter longer; do
  define=-DSAME
  [ $headers = longer ] && define=-DLONGER
  "$CC" -std=c11 -Wall -Wextra -Wpedantic -Werror $define -I"$work/$headers" -o "$work/c" \
    "$SOURCE/tests/install/sized.c" -L"$lib" -lrill -Wl,-rpath,"$lib"
  "$CXX" -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror $define -I"$work/$headers" \
    -o "$work/cc" "$SOURCE/tests/install/sized.c" -L"$lib" -lrill -Wl,-rpath,"$lib"
  timeout 60 "$work/c" || fail "C, $headers structs"
  timeout 60 "$work/cc" || fail "C++, $headers structs"
done
[ "$(grep -c 'uint64_t later;' "$work"/longer/rill/*.h | awk -F: '{ n += $2 } END { print n }')" -ge 10 ] ||
  fail "the copy with longer structs is not what this test thinks"
