# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# corpus.sh - the corpus of a target is a text, corpus/TARGET: a line for each input, with its name
# ("-": none; a finding has one, which says what it showed) and its bytes in octal. Sourced by
# scripts.

# unpack FILE FOLDER: a file an input.
unpack() {
  mkdir -p "$2"
  number=0
  while read -r name bytes; do
    number=$((number + 1))
    [ "$name" != - ] || name=$number
    # shellcheck disable=SC2059 # that is the point
    printf "$bytes" >"$2/$name"
  done <"$1"
}

# pack_one NAME FILE: a line.
pack_one() {
  printf '%s %s\n' "$1" "$(od -An -v -to1 "$2" | tr -d '\n' | tr ' ' '\\')"
}
