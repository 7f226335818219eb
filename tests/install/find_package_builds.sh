#!/bin/sh
# SPDX-License-Identifier: MIT
# find_package(rill) gives rill::rill and rill::rill_static, to programs in C and in C++, and
# refuses a version that may have another interface.
. "$(dirname "$0")/common.sh"
cp "$SOURCE/tests/install/program.c" "$work/program.c"
cp "$work/program.c" "$work/program.cc"
version=$(pkg-config --modversion rill)
cat >"$work/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.22)
project(user LANGUAGES C CXX)
set(CMAKE_C_STANDARD 11)
set(CMAKE_CXX_STANDARD 17)
find_package(rill ${version%.*} REQUIRED)
foreach(language c cc)
  add_executable(\${language} program.\${language})
  target_link_libraries(\${language} PRIVATE rill::rill)
  add_executable(\${language}_static program.\${language})
  target_link_libraries(\${language}_static PRIVATE rill::rill_static)
endforeach()
foreach(other 0.0 0.99 7)
  find_package(rill \${other} QUIET)
  if(rill_FOUND)
    message(FATAL_ERROR "rill \${rill_VERSION} says that it is \${other}")
  endif()
endforeach()
END
"$CMAKE" -S "$work" -B "$work/build" -DCMAKE_PREFIX_PATH="$PREFIX" -DCMAKE_C_COMPILER="$CC" \
  -DCMAKE_CXX_COMPILER="$CXX" >"$work/log" 2>&1 || {
  cat "$work/log"
  fail "find_package(rill) does not work"
}
"$CMAKE" --build "$work/build" >"$work/log" 2>&1 || {
  cat "$work/log"
  fail "rill::rill does not link"
}
for program in c cc; do
  needs_shared "$work/build/$program"
  works "$work/build/$program"
  needs_no_shared "$work/build/${program}_static"
  works "$work/build/${program}_static"
done
