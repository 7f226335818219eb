#!/bin/sh
# SPDX-License-Identifier: MIT
# plant.sh - plants defects in a copy of the tree, one at a time, and checks that a test fails for each;
# ends with "N passed, N failed".
#
# sh tests/plant.sh [--jobs N] [NAME]...   the defects of these names; without any, all (10 minutes)
# sh tests/plant.sh --list                 what there is
#
# A defect is a file in tests/plants: its first line says what is wrong, "test:" which tests of ctest
# must fail (a regular expression), "build:" what they need; and then a piece of the sources and its
# replacement: whole lines, or part of one. The piece is searched in src and shm, so it may move;
# exactly one place must have it. Each test is first run without any defect.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
jobs=$(nproc)
names=

field() { sed -n "s/^$1: //p" "$here/plants/$2" | head -1; }

while [ $# -gt 0 ]; do
  case $1 in
  --jobs) jobs=$2 && shift ;;
  --list)
    for file in "$here"/plants/*; do
      printf '%-28s %s\n' "$(basename "$file")" "$(head -1 "$file")"
    done
    exit 0
    ;;
  -h | --help)
    sed -n '3,12s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  -*)
    echo "plant.sh: there is no option '$1'; see plant.sh --help" >&2
    exit 2
    ;;
  *)
    [ -f "$here/plants/$1" ] || {
      echo "plant.sh: there is no defect '$1'; see plant.sh --list" >&2
      exit 2
    }
    names="$names $1"
    ;;
  esac
  shift
done
[ -n "$names" ] || for file in "$here"/plants/*; do names="$names $(basename "$file")"; done

work=$(mktemp -d "${TMPDIR:-/tmp}/rill-plant.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM
copy=$work/tree build=$work/build log=$work/log
mkdir "$copy"
(cd "$root" && tar cf - --exclude='./build*' --exclude=./.git .) | (cd "$copy" && tar xf -)

# part NAME old|new: that text of a defect.
part() { awk -v want="--- $2" '/^--- / { on = $0 == want; next } on' "$here/plants/$1"; }

# replace OLD NEW FILE...: says for each file how often it has OLD ("FILE COUNT"); with NEW, and one
# file, prints it with NEW in its place.
replace() {
  before=$1 after=$2
  shift 2
  awk -v old_file="$before" -v new_file="$after" '
    function text_of(file,   text, line) {
      while ((getline line < file) > 0) text = text line "\n"
      close(file)
      return text
    }
    function count(   rest, n, at) {
      for (rest = text; (at = index(rest, old)) > 0; n++) rest = substr(rest, at + length(old))
      return n + 0
    }
    function done_with(file) {
      if (new_file == "") { if (count()) print file, count() }
      else {
        at = index(text, old)
        printf "%s%s%s", substr(text, 1, at - 1), new, substr(text, at + length(old))
      }
      text = ""
    }
    function part_of(file,   text) { # without the end of its last line
      text = text_of(file)
      return substr(text, 1, length(text) - 1)
    }
    BEGIN { old = part_of(old_file); if (new_file != "") new = part_of(new_file) }
    FNR == 1 && last != "" { done_with(last) }
    { text = text $0 "\n"; last = FILENAME }
    END { done_with(last) }' "$@"
}

make() { cmake --build "$build" -j "$jobs" --target "$@" >"$log" 2>&1; }
run() { ctest --test-dir "$build" -R "$1" --no-tests=error --timeout 240 >"$log" 2>&1; }

passed=0 failed=0
say() { # say OK NAME WHAT
  if [ "$1" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  printf '%-10s %-28s %s\n' "$3" "$2" "$(field test "$2")"
}

# plant NAME: 0 if it was planted in $file, whose text is kept in $work/kept.
plant() {
  part "$1" old >"$work/old"
  part "$1" new >"$work/new"
  # shellcheck disable=SC2046 # a word a file
  replace "$work/old" "" $(find "$copy/src" "$copy/shm" -name '*.[ch]') >"$work/found"
  places=$(awk '{ n += $2 } END { print n + 0 }' "$work/found")
  if [ "$places" -ne 1 ]; then
    echo "$1: its text is in $places places, not one: what stands there now goes into tests/plants/$1"
    return 1
  fi
  file=$(awk '{ print $1 }' "$work/found")
  cp "$file" "$work/kept"
  replace "$work/old" "$work/new" "$work/kept" >"$file"
}

cmake -G Ninja -S "$copy" -B "$build" -DCMAKE_BUILD_TYPE=Release -DRILL_PERF=OFF >"$log" 2>&1 || {
  cat "$log"
  exit 1
}
targets=$(for name in $names; do field build "$name"; done | tr ' ' '\n' | sort -u)
echo "== without a defect: $(echo "$targets" | tr '\n' ' ')"
# shellcheck disable=SC2086 # words
make $targets || {
  tail -40 "$log"
  exit 1
}
for name in $names; do field test "$name"; done | sort -u >"$work/tests"
while read -r test; do
  run "$test" || echo "$test" >>"$work/broken"
done <"$work/tests"
touch "$work/broken"

echo "== with each of them"
for name in $names; do
  test=$(field test "$name")
  if grep -qxF "$test" "$work/broken"; then
    say 1 "$name" "no test" # it fails, or is not there, without any defect
    continue
  fi
  plant "$name" || {
    say 1 "$name" unplanted
    continue
  }
  # shellcheck disable=SC2046 # words
  if ! make $(field build "$name"); then
    grep -E 'error:' "$log" | head -3
    say 1 "$name" unbuilt
  elif run "$test"; then
    say 1 "$name" MISSED
  else
    say 0 "$name" caught
  fi
  cp "$work/kept" "$file"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
