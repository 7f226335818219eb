#!/bin/sh
# SPDX-License-Identifier: MIT
# pack.sh - adds inputs to the corpus, and keeps as few as reach all the code that they and the corpus
# reach. An input with a name always stays.
#
# sh tests/fuzz/pack.sh BUILD TARGET FOLDER     a folder of inputs, as run.sh --keep makes it
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:?"usage: pack.sh BUILD TARGET FOLDER"} target=$2 folder=$3
. "$here/corpus.sh"
work=$(mktemp -d)
RILL_DIR=$(mktemp -d /dev/shm/rill-fuzz.XXXXXX)
export RILL_DIR
trap 'rm -rf "$work" "$RILL_DIR"' EXIT
trap 'exit 143' INT TERM

corpus=$here/corpus/$target
touch "$corpus"
unpack "$corpus" "$work/old"
mkdir "$work/new"
"$build/tests/fuzz/fuzz_$target" -merge=1 -use_counters=0 -max_len=400 -timeout=60 "$work/new" \
  "$work/old" "$folder" >"$work/log" 2>&1 || {
  tail -30 "$work/log"
  exit 1
}
grep -v '^- ' "$corpus" >"$work/corpus" || :
find "$work/new" -type f | sort | while read -r file; do
  pack_one - "$file"
done >>"$work/corpus"
mv "$work/corpus" "$corpus"
echo "$target: $(wc -l <"$corpus") inputs, $(wc -c <"$corpus") bytes"
