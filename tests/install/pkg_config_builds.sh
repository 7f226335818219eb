#!/bin/sh
# SPDX-License-Identifier: MIT
# The flags of pkg-config build a program in C and in C++, with the shared and with the static
# library; also after the installation was moved.
. "$(dirname "$0")/common.sh"
cp "$SOURCE/tests/install/program.c" "$work/program.c"
cp "$work/program.c" "$work/program.cc"
cd "$work"

# build NAME COMPILER STANDARD SOURCE: $flags is a list of words.
build() {
  # shellcheck disable=SC2086
  "$2" "-std=$3" -Wall -Wextra -Werror -o "$1" "$4" $flags
}

for place in here moved; do
  if [ $place = moved ]; then
    cp -a "$PREFIX" "$work/moved"
    lib=$work/moved/$LIBDIR
    PKG_CONFIG_PATH=$lib/pkgconfig
  fi
  flags="$(pkg-config --cflags --libs rill) -Wl,-rpath,$lib"
  build c "$CC" c11 program.c
  build cc "$CXX" c++17 program.cc
  flags="$(pkg-config --cflags rill) $(pkg-config --variable=libdir rill)/librill.a
    $(pkg-config --libs-only-other --static rill) -lnuma"
  build c_static "$CC" c11 program.c
  build cc_static "$CXX" c++17 program.cc
  for program in c cc; do
    needs_shared $program
    works ./$program
    needs_no_shared ${program}_static
    works ./${program}_static
  done
done
same "$(rill version | sed 's/rill \([^ ]*\) .*/\1/')" "$(pkg-config --modversion rill)"
