#!/bin/sh
# SPDX-License-Identifier: MIT
# All that programs and running processes use of the last release, the newest tag v*, still exists:
# its exported functions (symbols.list), its public structs and constants (layout.list), and its
# format in shared memory (shm/layout.h). Additions are fine. A release that must break any of it
# gets another soname, and is not compared.
. "$(dirname "$0")/common.sh"
command -v git >/dev/null || skip "no git"
git() {
  command git -c safe.directory='*' "$@"
}
[ "$(git -C "$SOURCE" rev-parse --show-prefix 2>/dev/null || echo none)" = "" ] ||
  skip "$SOURCE is not a git checkout, so its releases are not known"
[ "$(getconf LONG_BIT)" = 64 ] || skip "the lists are of 64-bit machines"

# soname [TAG]: of a release, or of the tree.
soname() {
  git grep -h -o 'SOVERSION [0-9]*' ${1+"$1"} -- '*CMakeLists.txt' | sed 's/SOVERSION //'
}
format_number() {
  sed -n 's/^#define RILLI_FORMAT \([0-9]*\).*/\1/p' "$1/shm/layout.h"
}
# format_list TREE: the layout of the format.
# shellcheck disable=SC2046 # a list of words
format_list() (
  cd "$1" &&
    awk -v format=layout.h -f "$SOURCE/src/packaging/layout.awk" shm/layout.h >"$work/format.c" &&
    "$CC" -std=gnu11 $(find shm src -name '*.h' -printf '-iquote %h\n' | sort -u) \
      -o "$work/format" "$work/format.c" &&
    "$work/format"
)

# compare TREE: differences from its last release go to $work/said; fails if there are any.
compare() (
  cd "$1"
  exec >"$work/said"
  tag=$(git -c versionsort.suffix=- tag --list 'v[0-9]*' --merged HEAD --sort=-v:refname | head -n 1)
  if [ -z "$tag" ]; then
    echo "no release yet: nothing to compare with"
    return
  fi
  if [ "$(soname)" != "$(soname "$tag")" ]; then
    echo "soname $(soname) is not that of $tag, $(soname "$tag"): nothing to compare with"
    return
  fi
  rm -rf "$work/old"
  mkdir "$work/old"
  git archive -o "$work/old.tar" "$tag" tests/install shm src || return 1
  tar -xf "$work/old.tar" -C "$work/old" || return 1
  for list in symbols layout; do
    grep -v '^#' "$work/old/tests/install/$list.list" >"$work/$list.old"
    grep -v '^#' "tests/install/$list.list" >"$work/$list.new"
  done
  differ=0
  gone=$(grep -vxF -f "$work/symbols.new" "$work/symbols.old" || :)
  [ -z "$gone" ] || { echo "no longer exported: $gone" && differ=1; }
  awk -f "$SOURCE/tests/install/abi.awk" "$work/layout.old" "$work/layout.new" || differ=1
  if [ "$(format_number .)" != "$(format_number "$work/old")" ]; then
    echo "format $(format_number .) in shared memory, and $tag has $(format_number "$work/old")"
    differ=1
  else
    format_list "$work/old" >"$work/format.old" || return 1
    format_list . >"$work/format.new" || return 1
    awk -v strict=1 -f "$SOURCE/tests/install/abi.awk" "$work/format.old" "$work/format.new" || differ=1
  fi
  [ "$differ" = 0 ] || return 1
  echo "as $tag, or more"
)

compare "$SOURCE" || fail "not what was released: $(cat "$work/said")"
cat "$work/said"

# The comparison finds what it must: a small tree of the files that it reads, with its own release.
mkdir "$work/tree"
(
  cd "$SOURCE"
  # shellcheck disable=SC2046 # a list of words
  tar -cf - tests/install/*.list $(git ls-files 'shm/*.h' 'src/*.h') $(git grep -l SOVERSION -- '*CMakeLists.txt')
) | tar -xf - -C "$work/tree"
cd "$work/tree"
git init -q
git add .
git -c user.name=test -c user.email=test@localhost -c commit.gpgSign=false commit -q -m release
said() {
  grep -q -e "$1" "$work/said" || fail "'$1' is not said, but: $(cat "$work/said")"
}
compare . || fail "a tree without a release disagrees with it"
said 'no release yet'
git tag v0.0.9
git tag v0.0.10
compare . || fail "a release disagrees with itself: $(cat "$work/said")"
said '^as v0.0.10'

# changed FILE EDIT...: the file differs from that of the release.
changed() {
  git checkout -q .
  sed -i "$2" "$1"
  ! git diff --quiet || fail "'$2' changes nothing in $1"
}
disagrees() {
  ! compare . || fail "agrees: $(git diff)"
  said "$1"
}
list=tests/install/layout.list format=shm/layout.h
changed tests/install/symbols.list '/^rill_release /d'
disagrees 'no longer exported: rill_release'
changed $list 's/^RILL_OBSERVE 4/RILL_OBSERVE 8/'
disagrees 'RILL_OBSERVE is 8, was 4'
changed $list '/^RILL_OBSERVE /d'
disagrees 'RILL_OBSERVE is gone'
changed $list 's/^  capacity 8 8$/  capacity 16 8/'
disagrees 'struct rill_queue_attr: capacity is at 16 with 8 bytes, was at 8 with 8'
changed $list 's/^\(struct rill_message\) .*/\1 72/'
disagrees 'struct rill_message has 72 bytes'
changed $list 's/^\(struct rill_queue_attr\) .*/\1 8/'
disagrees 'struct rill_queue_attr has 8 bytes'
changed $format 's/^\(#define RILLI_FORMAT\) .*/\1 99u/'
disagrees 'format 99 in shared memory'
changed $format 's/\bcapacity;/capacities;/'
disagrees ': capacity is gone'
changed $format 's/^\(#define RILLI_MIN_CAPACITY\) .*/\1 32768u/'
disagrees 'RILLI_MIN_CAPACITY is 32768'

agrees() {
  compare . || fail "disagrees: $(cat "$work/said")"
}
changed tests/install/symbols.list '$ a rill_new RILL_0.2'
agrees
changed $list '$ a RILL_NEW 7\nstruct rill_new 8\n  size 0 8'
agrees
changed $list 's/^\(struct rill_queue_attr\) .*/\1 4096\n  new 4088 8/'
agrees
changed $list 's/^  reserved\(.*\)/  new\1/'
agrees
changed "$(git grep -l SOVERSION -- '*CMakeLists.txt')" 's/SOVERSION [0-9]*/SOVERSION 77/'
sed -i '/^rill_release /d' tests/install/symbols.list
agrees
said 'soname 77'
