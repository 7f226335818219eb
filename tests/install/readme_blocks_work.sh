#!/bin/sh
# SPDX-License-Identifier: MIT
# The code in README.md works as printed: the program is the one of src/examples (which
# examples_run.sh runs), the lines that build it do, and the lines for the shell run.
#
# readme_blocks_work.sh            all but the installation
# readme_blocks_work.sh install    the installation, from a copy of the sources
. "$(dirname "$0")/common.sh"
readme=$SOURCE/README.md

# The indented lines under a heading.
block() {
  awk -v heading="## $1" '/^## / { on = $0 == heading } on && sub(/^    /, "")' "$readme" >"$work/block"
  [ -s "$work/block" ] || fail "README has no commands under '$1'"
}
# The block after ```LANGUAGE.
fenced() {
  awk -v fence="\`\`\`$1" '$0 == "```" { on = 0 } on; $0 == fence { on = 1 }' "$readme"
}

if [ "${1-}" = install ]; then
  mkdir "$work/source"
  (cd "$SOURCE" && tar -cf - --exclude='./build*' --exclude=./.git .) | tar -xf - -C "$work/source"
  block Installing
  cd "$work/source"
  DESTDIR=$work/root sh -eux "$work/block" >"$work/log" 2>&1 || {
    cat "$work/log"
    fail "the installation of README fails"
  }
  [ -x "$work/root/usr/local/bin/rill" ]
  [ "$(find build -maxdepth 1 -name '*.deb' | wc -l)" = 3 ]
  exit 0
fi

grep -v '^/\* hello.c' "$SOURCE/src/examples/hello.c" >"$work/hello.c"
fenced c | cmp - "$work/hello.c"

cd "$work"
block "Building against it"
grep -c 'pkg-config' block >/dev/null
mkdir -p src/examples
cp hello.c src/examples
sed -i -e ':again' -e '/\\$/ { N; s/\\\n */ /; b again' -e '}' block # a command a line
while read -r line; do
  rm -rf hello "$RILL_DIR/rill.$RILL_NAMESPACE"
  LD_RUN_PATH=$lib sh -euc "$line" # as if the prefix were one where the system looks
  timeout 60 ./hello "built by: $line"
  same "built by: $line" "$(timeout 60 ./hello)"
done <block

mkdir project
mv hello.c project
{
  echo 'cmake_minimum_required(VERSION 3.22)'
  echo 'project(hello C)'
  echo 'add_executable(hello hello.c)'
  fenced cmake
} >project/CMakeLists.txt
"$CMAKE" -S project -B project/build -DCMAKE_PREFIX_PATH="$PREFIX" -DCMAKE_C_COMPILER="$CC" >/dev/null
"$CMAKE" --build project/build >/dev/null
rm -rf "$RILL_DIR/rill.$RILL_NAMESPACE"
project/build/hello "built by CMake"
same "built by CMake" "$(timeout 60 project/build/hello)"

[ -x "$PREFIX/bin/rill" ] || exit 0
[ -r /var/lib/dpkg/status ] || skip "no /var/lib/dpkg/status, which README publishes"
[ "$(df -Pk "$RILL_DIR" | awk 'NR == 2 { print $4 }')" -gt 100000 ] || skip "$RILL_DIR is too small"
block "From the shell"
sed '/^rill ls/i wait # for the group to have read it all' block >script
timeout 120 sh -eu script >out 2>err || {
  cat err
  fail "a line of 'From the shell' fails"
}
cmp copy /var/lib/dpkg/status
[ ! -e "$RILL_DIR/rill.$RILL_NAMESPACE/orders.control" ] || fail "the queue is left"
